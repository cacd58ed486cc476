// The caller's proof: SCRAM on the client's leg, and what comes of any proof.
#include <algorithm>
#include <array>

#include "plugins/postgresql/login/login_state.h"
#include "plugins/postgresql/settings.h"

namespace sallyport::pg {

namespace {

constexpr size_t client_message_size_max = 4096;
constexpr size_t protocol_option_echo_max = 16;

}  // namespace

void Login::State::begin_login() {
  const sp_login wanted = {
      .size = sizeof(sp_login),
      .user = text_of(startup.user),
      // In physical replication the name is of no database: libpq says "replication".
      .database = text_of(startup.replication == Replication::Physical ? std::string_view()
                                                                       : std::string_view(startup.database)),
      .client = text_of(startup.parameter("application_name"))};
  if (!host_took(link.host->login(link.session, &wanted))) return;
  if (const std::string_view person = startup.parameter(on_behalf_setting); !person.empty()) {
    if (!host_took(link.host->name(link.session, text_of("on_behalf_of"), text_of(person)))) return;
  }
  std::array<uint8_t, 64> binding;
  const int size =
      tls ? link.host->channel_binding(link.session, SP_LEG_CLIENT, binding.data(), binding.size()) : 0;
  if (!host_took(size)) return;
  scram.emplace(std::string(as_text({binding.data(), static_cast<size_t>(size)})), startup.user);
}

void Login::State::negotiate_version(uint16_t minor) {
  const auto& options = startup.protocol_options;
  if (minor == 0 && options.empty()) return;
  Writer out;
  const size_t count = std::min(options.size(), protocol_option_echo_max);
  // The manual speaks of the minor version; server and libpq put the whole version here.
  out.begin(back::negotiate_version).u32(protocol_3_0).u32(static_cast<uint32_t>(count));
  for (size_t i = 0; i < count; ++i) out.text(options[i]);
  out.end();
  send(out);
}

void Login::State::ask_proof() {
  verifier.size = sizeof verifier;
  const int kind = link.host->verifier(link.session, &verifier);
  if (!host_took(kind)) return;
  if (kind == SP_VERIFIER_PASSWORD) return ask_token();
  if (kind == SP_VERIFIER_CHANNEL) {
    by_channel = true;
    at = At::Proving;
    return prove();
  }
  Writer out;
  out.begin(back::authentication).u32(10);
  if (scram->offers_plus()) out.text(scram_plus_name);
  out.text(scram_name).u8(0).end();
  at = At::SaslInitial;
  send(out);
}

size_t Login::State::read_sasl(Bytes bytes) {
  if (bytes[0] != front::password) {
    fatal("08P01", "expected a SASL response");
    return 0;
  }
  MessageReader reader(bytes, client_message_size_max);
  Message message;
  switch (reader.next(message)) {
    case Frame::need_more: return 0;
    case Frame::bad: fatal("08P01", "invalid length of SASL response"); return 0;
    case Frame::message: break;
  }
  if (at == At::SaslInitial) {
    sasl_initial(message.body);
  } else {
    sasl_final(message.body);
  }
  return outcome == LoginStep::Going ? drop(message.whole.size()) : 0;
}

void Login::State::sasl_initial(Bytes body) {
  Cursor cursor(body);
  const std::string_view mechanism = cursor.text();
  const uint32_t size = cursor.u32();
  const bool plus = mechanism == scram_plus_name;
  if (!cursor.ok() || (mechanism != scram_name && !(plus && scram->offers_plus()))) {
    return fatal("08P01", "client selected an invalid SASL authentication mechanism");
  }
  const std::string_view text = as_text(cursor.rest());
  if (size != text.size()) return fatal("08P01", "malformed SASL initial response");
  std::array<uint8_t, scram_random_size> random;
  if (!host_took(link.host->random(link.session, random.data(), random.size()))) return;
  const auto reply = scram->first(plus, text, verifier, random);
  wipe(&verifier, sizeof verifier);
  if (!reply) {
    const bool downgrade = reply.error() == ScramFault::Downgrade;
    return fatal(downgrade ? "28000" : "08P01", scram_fault_text(reply.error()));
  }
  Writer out;
  out.begin(back::authentication).u32(11).bytes(as_bytes(*reply)).end();
  at = At::SaslFinal;
  send(out);
}

void Login::State::sasl_final(Bytes body) {
  const auto proven = scram->finish(as_text(body));
  if (!proven) {
    const bool protocol = proven.error() == ScramFault::Malformed || proven.error() == ScramFault::Nonce;
    return fatal(protocol ? "08P01" : "28000", scram_fault_text(proven.error()));
  }
  proof_right = *proven;
  at = At::Proving;
  prove();
}

int Login::State::put_proof(sp_identity& identity) {
  if (by_token) {
    const auto* data = reinterpret_cast<const uint8_t*>(token.data());
    const sp_bytes bytes = {token_too_large ? nullptr : data, token.size()};
    return link.host->prove(link.session, SP_PROOF_PASSWORD, bytes, &identity);
  }
  if (by_channel) return link.host->prove(link.session, SP_PROOF_CHANNEL, {nullptr, 0}, &identity);
  const Digest& proof = scram->proof();
  const sp_bytes bytes = {proof.data(), proof_right ? proof.size() : 0};
  return link.host->prove(link.session, SP_PROOF_SCRAM, bytes, &identity);
}

void Login::State::forget_proof() {
  wipe(&verifier, sizeof verifier);
  wipe(token);
  scram.reset();
}

void Login::State::prove() {
  sp_identity identity{};
  identity.size = sizeof identity;
  identity.verdict = SP_DENY;
  if (!host_took(put_proof(identity))) return;
  if (identity.verdict == SP_WAIT) return;
  // SCRAM's proof is looked at once more, so that no mistake of a host can let a wrong one in.
  if (identity.verdict != SP_ALLOW || (!by_token && !by_channel && !proof_right)) {
    const std::string_view message = view_of(identity.message);
    return fatal("28P01", message.empty() ? "authentication failed" : message);
  }
  permissions = Permissions::of(identity);
  if (startup.replication != Replication::None && !permissions.replication) {
    return fatal("0A000", "replication connections are not allowed by the gateway",
                 "A login of the target may be permitted them: permit = [\"replication\"].");
  }
  if (!by_token && !by_channel) {
    Writer out;
    out.begin(back::authentication).u32(12).bytes(as_bytes(scram->server_final())).end();
    send(out);
  }
  forget_proof();
  enter(identity);
}

void Login::State::enter(const sp_identity& identity) {
  who = view_of(identity.who);
  login = view_of(identity.login);
  request = {.target = std::string(view_of(identity.target)),
             .database = std::string(view_of(identity.database)),
             .tls = identity.target_tls,
             .parameters = startup.parameters,
             .replication = startup.replication};
  if (outcome != LoginStep::Going) return;
  at = At::Target;
  follow_target(target.start(request));
}

}  // namespace sallyport::pg
