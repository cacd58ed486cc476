// How the gateway proves itself to a target: SCRAM-SHA-256 and -PLUS, MD5 if the target insists, a cleartext
// password over TLS only.
#include <algorithm>
#include <array>

#include "plugins/postgresql/login/target_state.h"

namespace sallyport::pg {

namespace {

// Codes of AuthenticationRequest.
enum : uint32_t {
  auth_ok = 0,
  auth_cleartext = 3,
  auth_md5 = 5,
  auth_sasl = 10,
  auth_sasl_continue = 11,
  auth_sasl_final = 12
};

}  // namespace

// False: the host refused, and this has failed.
bool TargetLogin::State::credential(sp_credential& wanted, sp_verdict& verdict) {
  const int result = link.host->credential(link.session, &wanted);
  if (!host_took(result)) return false;
  verdict = static_cast<sp_verdict>(result);
  return true;
}

void TargetLogin::State::authentication(Bytes body) {
  Cursor cursor(body);
  const uint32_t code = cursor.u32();
  if (!cursor.ok()) return fail_protocol();
  const std::string_view rest = as_text(cursor.rest());
  if (at == At::Auth) return first_request(code, cursor);
  if (at == At::ScramFirst && code == auth_sasl_continue) return continue_scram(rest);
  if (at == At::ScramFinal && code == auth_sasl_final) {
    // The target proves that it knows the secret too; without that it is not the target.
    if (const auto verified = scram->verify(rest); !verified)
      return fail_login(scram_fault_text(verified.error()));
    scram.reset();
    at = At::Ok;
    return;
  }
  if (at == At::Ok && code == auth_ok && cursor.at_end()) {
    at = At::Parameters;
    return;
  }
  fail_protocol();
}

void TargetLogin::State::first_request(uint32_t code, Cursor& body) {
  switch (code) {
    case auth_ok:
      if (!body.at_end()) return fail_protocol();
      at = At::Parameters;
      return;
    case auth_cleartext:
      if (!body.at_end()) return fail_protocol();
      if (!tls) return fail_login("it asks for a cleartext password without TLS");
      return send_password(code, {});
    case auth_md5: {
      const Bytes salt = body.bytes(4);
      if (!body.at_end()) return fail_protocol();
      return send_password(code, salt);
    }
    case auth_sasl: return begin_scram(body);
    default: return fail_login("it asks for an authentication method that the gateway does not have");
  }
}

void TargetLogin::State::send_password(uint32_t code, Bytes salt) {
  sp_credential wanted{};
  wanted.size = sizeof wanted;
  wanted.kind = SP_CREDENTIAL_PASSWORD;
  sp_verdict verdict = SP_DENY;
  if (!credential(wanted, verdict)) return;
  if (verdict != SP_ALLOW || wanted.secret.size == 0) return fail_login("it has no password to give");
  const std::string_view password = as_text({wanted.secret.data, wanted.secret.size});
  std::string text = code == auth_md5 ? md5_password(user, password, salt) : std::string(password);
  if (text.empty()) return fail_login("MD5 is not available in the gateway");
  at = At::Ok;
  send_secret(text);
}

// PasswordMessage. Built by hand so that no copy of the secret stays behind in a buffer that grew.
void TargetLogin::State::send_secret(std::string& text) {
  const size_t length = 4 + text.size() + 1;
  std::vector<uint8_t> out(1 + length);
  out[0] = front::password;
  for (size_t i = 0; i < 4; ++i) out[1 + i] = static_cast<uint8_t>(length >> (24 - 8 * i));
  std::copy(text.begin(), text.end(), out.begin() + header_size);
  host_took(link.host->emit(link.session, leg, out.data(), out.size()));
  wipe(out.data(), out.size());
  wipe(text);
}

void TargetLogin::State::begin_scram(Cursor& body) {
  bool plain = false;
  bool plus = false;
  for (;;) {
    const std::string_view name = body.text();
    if (!body.ok() || name.empty()) break;
    plain |= name == scram_name;
    plus |= name == scram_plus_name;
  }
  if (!body.at_end()) return fail_protocol();
  std::array<uint8_t, 64> binding;
  int size = 0;
  if (tls) {
    size = link.host->channel_binding(link.session, leg, binding.data(), binding.size());
    if (!host_took(size)) return;
  }
  const bool can_bind = size > 0;
  if (!plain && !(plus && can_bind)) return fail_login("it offers no SCRAM-SHA-256");
  using enum ScramClient::Binding;
  const auto kind = !can_bind ? None : plus ? Plus : Unoffered;
  scram =
      std::make_unique<ScramClient>(kind, std::string(as_text({binding.data(), static_cast<size_t>(size)})));
  std::array<uint8_t, scram_random_size> random;
  if (!host_took(link.host->random(link.session, random.data(), random.size()))) return;
  const std::string first = scram->first(random);
  Writer out;
  out.begin(front::password).text(kind == Plus ? scram_plus_name : scram_name);
  out.u32(static_cast<uint32_t>(first.size())).bytes(as_bytes(first)).end();
  at = At::ScramFirst;
  send(out);
}

void TargetLogin::State::continue_scram(std::string_view text) {
  auto read = scram->challenge(text);
  if (!read) return fail_login(scram_fault_text(read.error()));
  challenge = std::move(*read);
  at = At::Credential;
  answer_challenge();
}

void TargetLogin::State::answer_challenge() {
  sp_credential wanted{};
  wanted.size = sizeof wanted;
  wanted.kind = SP_CREDENTIAL_SCRAM_SHA_256;
  wanted.salt = {as_bytes(challenge.salt).data(), challenge.salt.size()};
  wanted.iterations = challenge.iterations;
  sp_verdict verdict = SP_DENY;
  if (!credential(wanted, verdict) || verdict == SP_WAIT) return;
  if (verdict != SP_ALLOW || wanted.secret.size != sizeof(Digest))
    return fail_login("it has no password to prove");
  const std::string proof = scram->final({wanted.secret.data, wanted.secret.size});
  Writer out;
  at = At::ScramFinal;
  send(out.begin(front::password).bytes(as_bytes(proof)).end());
}

}  // namespace sallyport::pg
