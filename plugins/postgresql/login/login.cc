#include "plugins/postgresql/login/login.h"

#include <algorithm>
#include <array>
#include <optional>

#include "plugins/postgresql/login/scram.h"
#include "plugins/postgresql/login/startup.h"
#include "plugins/postgresql/messages.h"

namespace sallyport::pg {

namespace {

constexpr uint8_t tls_handshake_record = 0x16;
constexpr size_t client_message_size_max = 4096;
constexpr size_t protocol_option_echo_max = 16;

}  // namespace

struct Login::State {
  enum class At : uint8_t {
    FirstBytes,
    Handshake,
    SaslInitial,
    SaslFinal,
    Proving,
    Target,
    Ready,
    Cancel,
    Over
  };

  State(Link l, const sp_open& info)
      : link(l),
        tls_offered(info.client_tls_offered != 0),
        tls_required(info.client_tls_required != 0),
        target(l, SP_LEG_TARGET) {}

  Link link;
  bool tls_offered;
  bool tls_required;
  TargetLogin target;
  At at = At::FirstBytes;
  LoginStep outcome = LoginStep::Going;
  bool tls = false;
  bool tls_refused = false;
  bool gss_refused = false;
  bool held = false;
  BackendKey cancel;
  Startup startup;
  std::optional<ScramServer> scram;
  bool proof_right = false;
  TargetRequest request;
  std::string who;
  std::string login;

  bool host_took(int result);
  void send(const Writer& out);
  size_t drop(size_t size);
  void end(std::string_view reason);
  void fatal(std::string_view sqlstate, std::string_view message, std::string_view hint = {});

  size_t read(Bytes bytes);
  size_t read_first(Bytes bytes);
  void start_client_tls(bool direct);
  void read_code(const Message& message, uint32_t code, size_t behind);
  void ssl_request(size_t behind);
  void gss_request();
  void cancel_request(Cursor& body);
  void version(uint32_t code, Bytes body);
  void begin_login();
  void offer_mechanisms(uint16_t minor);
  size_t read_sasl(Bytes bytes);
  void sasl_initial(Bytes body);
  void sasl_final(Bytes body);
  void prove();
  void follow_target(TargetStep step);
};

Login::Login(Link link, const sp_open& info) : state_(std::make_unique<State>(link, info)) {}
Login::~Login() = default;

Login::Outcome Login::feed(const sp_input& input) {
  State& s = *state_;
  if (s.outcome != LoginStep::Going) return {s.outcome, 0};
  if ((input.events & SP_EVENT_SHUTDOWN) != 0) s.fatal("57P01", view_of(input.reason));
  if ((input.events & SP_EVENT_ANSWER) != 0 && s.at == State::At::Proving) s.prove();
  size_t used = 0;
  if (s.outcome == LoginStep::Going && s.at == State::At::Target) {
    const auto [step, dropped] = s.target.feed(input);
    used = dropped;
    s.follow_target(step);
  }
  if (s.outcome == LoginStep::Going && input.leg == SP_LEG_CLIENT) {
    if ((input.events & SP_EVENT_FAILED) != 0) s.end("TLS with the client failed");
    if ((input.events & SP_EVENT_TLS) != 0 && s.at == State::At::Handshake) {
      s.tls = true;
      s.at = State::At::FirstBytes;
    }
    used = s.read({input.data, input.data_size});
    if ((input.events & SP_EVENT_END) != 0 && s.outcome == LoginStep::Going)
      s.end("client left during login");
  }
  if (input.leg == SP_LEG_CLIENT) s.held = used < input.data_size;
  return {s.outcome, used};
}

bool Login::State::host_took(int result) {
  if (result >= 0) return true;
  at = At::Over;
  outcome = LoginStep::Fault;
  return false;
}

void Login::State::send(const Writer& out) {
  host_took(link.host->emit(link.session, SP_LEG_CLIENT, out.view().data(), out.view().size()));
}

size_t Login::State::drop(size_t size) {
  return host_took(link.host->drop(link.session, SP_LEG_CLIENT, size)) ? size : 0;
}

void Login::State::end(std::string_view reason) {
  if (outcome != LoginStep::Going) return;
  at = At::Over;
  outcome = LoginStep::Ended;
  host_took(link.host->finish(link.session, SP_LEG_CLIENT, text_of(reason)));
}

void Login::State::fatal(std::string_view sqlstate, std::string_view message, std::string_view hint) {
  if (outcome != LoginStep::Going) return;
  Writer out;
  write_error(out, {.severity = "FATAL", .sqlstate = sqlstate, .message = message, .hint = hint});
  send(out);
  end(message);
}

// The client's bytes. What comes early, while the target's login is under way, stays where it is.
size_t Login::State::read(Bytes bytes) {
  size_t used = 0;
  while (outcome == LoginStep::Going && used < bytes.size()) {
    const Bytes rest = bytes.subspan(used);
    size_t taken = 0;
    switch (at) {
      case At::FirstBytes: taken = read_first(rest); break;
      case At::SaslInitial:
      case At::SaslFinal: taken = read_sasl(rest); break;
      case At::Handshake:
      case At::Proving:
      case At::Target:
      case At::Ready:
      case At::Cancel:
      case At::Over: return used;
    }
    if (taken == 0) return used;
    used += taken;
  }
  return used;
}

size_t Login::State::read_first(Bytes bytes) {
  if (bytes[0] == tls_handshake_record && !tls && !tls_refused && !gss_refused) {
    if (tls_offered) {
      start_client_tls(true);
    } else {
      end("direct TLS is not offered");
    }
    return 0;
  }
  MessageReader reader(bytes);
  Message message;
  switch (reader.next_startup(message)) {
    case Frame::need_more: return 0;
    case Frame::bad: fatal("08P01", "invalid length of startup packet"); return 0;
    case Frame::message: break;
  }
  Cursor cursor(message.body);
  const uint32_t code = cursor.u32();
  // Consumed before it is acted on: TLS must find nothing of it.
  const size_t size = drop(message.whole.size());
  if (size > 0) read_code(message, code, bytes.size() - size);
  return size;
}

void Login::State::read_code(const Message& message, uint32_t code, size_t behind) {
  Cursor body(message.body.subspan(4));
  switch (code) {
    case code_ssl:
      if (!body.at_end()) return fatal("08P01", "invalid length of SSLRequest");
      return ssl_request(behind);
    case code_gss:
      if (!body.at_end()) return fatal("08P01", "invalid length of GSSENCRequest");
      return gss_request();
    case code_cancel: return cancel_request(body);
    default: return version(code, message.body.subspan(4));
  }
}

void Login::State::ssl_request(size_t behind) {
  if (tls || tls_refused) return fatal("08P01", "SSLRequest came twice");
  Writer out;
  if (!tls_offered) {
    tls_refused = true;
    return send(out.u8('N'));
  }
  // Plaintext behind the request must not count after the upgrade (CVE-2021-23214).
  if (behind > 0) return fatal("08P01", "received unencrypted data after SSL request");
  send(out.u8('S'));
  if (outcome == LoginStep::Going) start_client_tls(false);
}

void Login::State::start_client_tls(bool direct) {
  at = At::Handshake;
  host_took(link.host->tls(link.session, SP_LEG_CLIENT, direct ? 1 : 0));
}

void Login::State::gss_request() {
  if (tls || gss_refused) return fatal("08P01", "GSSENCRequest is out of place");
  gss_refused = true;
  Writer out;
  send(out.u8('N'));
}

// Taken without TLS too: libpq before 17 sends its cancels in plaintext whatever the connection's mode.
void Login::State::cancel_request(Cursor& body) {
  const uint32_t process_id = body.u32();
  const Bytes secret = body.bytes(4);
  if (!body.at_end()) return end("malformed CancelRequest");
  cancel = {process_id, std::string(as_text(secret))};
  at = At::Cancel;
  outcome = LoginStep::Cancel;
}

void Login::State::version(uint32_t code, Bytes body) {
  const uint32_t major = code >> 16;
  if (major != 3) {
    const std::string text = "unsupported frontend protocol " + std::to_string(major) + "." +
                             std::to_string(code & 0xffff) + ": the gateway supports 3.0";
    if (major > 3) return fatal("0A000", text);
    // Before version 3 an error was a bare string.
    Writer out;
    send(out.u8('E').text("FATAL:  " + text + "\n"));
    return end(text);
  }
  if (tls_required && !tls) {
    return fatal("28000", "the gateway takes connections with TLS only", "Use sslmode=require or better.");
  }
  auto read = parse_startup(body);
  if (!read) return fatal(read.error().sqlstate, read.error().message, read.error().hint);
  startup = std::move(*read);
  begin_login();
  if (outcome == LoginStep::Going) offer_mechanisms(static_cast<uint16_t>(code & 0xffff));
}

void Login::State::begin_login() {
  const sp_login wanted = {.size = sizeof(sp_login),
                           .user = text_of(startup.user),
                           .database = text_of(startup.database),
                           .client = text_of(startup.parameter("application_name"))};
  if (!host_took(link.host->login(link.session, &wanted))) return;
  std::array<uint8_t, 64> binding;
  const int size =
      tls ? link.host->channel_binding(link.session, SP_LEG_CLIENT, binding.data(), binding.size()) : 0;
  if (!host_took(size)) return;
  scram.emplace(std::string(as_text({binding.data(), static_cast<size_t>(size)})));
}

void Login::State::offer_mechanisms(uint16_t minor) {
  Writer out;
  const auto& options = startup.protocol_options;
  if (minor > 0 || !options.empty()) {
    const size_t count = std::min(options.size(), protocol_option_echo_max);
    // The manual speaks of the minor version; server and libpq put the whole version here.
    out.begin(back::negotiate_version).u32(protocol_3_0).u32(static_cast<uint32_t>(count));
    for (size_t i = 0; i < count; ++i) out.text(options[i]);
    out.end();
  }
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
  sp_scram_verifier verifier{};
  verifier.size = sizeof verifier;
  std::array<uint8_t, scram_random_size> random;
  if (!host_took(link.host->verifier(link.session, &verifier)) ||
      !host_took(link.host->random(link.session, random.data(), random.size()))) {
    return;
  }
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

void Login::State::prove() {
  const Digest& proof = scram->proof();
  const sp_bytes bytes = {proof.data(), proof_right ? proof.size() : 0};
  sp_identity identity{};
  identity.size = sizeof identity;
  identity.verdict = SP_DENY;
  if (!host_took(link.host->prove(link.session, SP_PROOF_SCRAM, bytes, &identity))) return;
  if (identity.verdict == SP_WAIT) return;
  // The proof is looked at once more, so that no mistake of a host can let a wrong one in.
  if (identity.verdict != SP_ALLOW || !proof_right) {
    const std::string_view message = view_of(identity.message);
    return fatal("28P01", message.empty() ? "authentication failed" : message);
  }
  Writer out;
  out.begin(back::authentication).u32(12).bytes(as_bytes(scram->server_final())).end();
  send(out);
  scram.reset();
  who = view_of(identity.who);
  login = view_of(identity.login);
  request = {.target = std::string(view_of(identity.target)),
             .database = std::string(view_of(identity.database)),
             .tls = identity.target_tls,
             .parameters = startup.parameters};
  if (outcome != LoginStep::Going) return;
  at = At::Target;
  follow_target(target.start(request));
}

void Login::State::follow_target(TargetStep step) {
  switch (step) {
    case TargetStep::Going: return;
    case TargetStep::Failed: return fatal(target.failure().sqlstate, target.failure().message);
    case TargetStep::Ready:
      at = At::Ready;
      outcome = LoginStep::Ready;
      return;
  }
}

int Login::welcome(const BackendKey& key) {
  Writer out;
  out.begin(back::authentication).u32(0).end();
  for (const Parameter& one : target_parameters()) {
    out.begin(back::parameter_status).text(one.name).text(one.value).end();
  }
  out.begin(back::key_data).u32(key.process_id).bytes(as_bytes(key.secret)).end();
  write_ready(out, 'I');
  const Link& link = state_->link;
  return link.host->emit(link.session, SP_LEG_CLIENT, out.view().data(), out.view().size());
}

const BackendKey& Login::cancel_key() const { return state_->cancel; }
bool Login::client_bytes_held() const { return state_->held; }
const std::string& Login::who() const { return state_->who; }
const std::string& Login::target() const { return state_->request.target; }
const std::string& Login::login() const { return state_->login; }
const std::string& Login::database() const { return state_->request.database; }
uint32_t Login::target_tls() const { return state_->request.tls; }
const BackendKey& Login::target_key() const { return state_->target.key(); }
const std::vector<Parameter>& Login::target_parameters() const { return state_->target.parameters(); }
const std::vector<Parameter>& Login::client_parameters() const { return state_->request.parameters; }

TargetRequest Login::side_request() const {
  return {.target = state_->request.target,
          .database = state_->request.database,
          .tls = state_->request.tls,
          .parameters = {{"application_name", "sallyport"},
                         {"search_path", "pg_catalog"},
                         {"statement_timeout", "10000"},
                         {"default_transaction_read_only", "on"}}};
}

}  // namespace sallyport::pg
