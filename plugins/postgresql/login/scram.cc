#include "plugins/postgresql/login/scram.h"

#include <algorithm>
#include <charconv>

namespace sallyport::pg {

namespace {

constexpr std::string_view plus_header = "p=tls-server-end-point,,";

std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Takes "NAME=value" off the front of `rest`, and the comma behind it. The value may not be empty unless
// `may_be_empty`, and holds no comma by construction.
bool take(std::string_view& rest, char name, std::string_view& value, bool may_be_empty = false) {
  if (rest.size() < 2 || rest[0] != name || rest[1] != '=') return false;
  const size_t end = std::min(rest.find(','), rest.size());
  value = rest.substr(2, end - 2);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return may_be_empty || !value.empty();
}

// Optional extensions, ignored as RFC 5802 asks; each must be well formed: attr-val = ALPHA "=" value.
bool extensions_ok(std::string_view rest) {
  while (!rest.empty()) {
    const char name = rest[0];
    std::string_view value;
    const bool letter = (name >= 'a' && name <= 'z') || (name >= 'A' && name <= 'Z');
    if (!letter || !take(rest, name, value)) return false;
  }
  return true;
}

// printable = %x21-2B / %x2D-7E
bool printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x21 && c <= 0x7e && c != ','; });
}

bool clean(std::string_view message) {
  return !message.empty() && message.size() <= scram_message_size_max &&
         message.find('\0') == std::string_view::npos && message.back() != ',';
}

}  // namespace

std::string_view scram_fault_text(ScramFault fault) {
  switch (fault) {
    case ScramFault::Malformed: return "malformed SCRAM message";
    case ScramFault::Unsupported:
      return "SCRAM extension, authorization identity or channel binding type is not supported";
    case ScramFault::Downgrade: return "SCRAM channel binding was offered but the client believes it was not";
    case ScramFault::Binding: return "SCRAM channel binding check failed";
    case ScramFault::Nonce: return "SCRAM nonce does not match";
    case ScramFault::Weak: return "SCRAM iteration count is below the minimum";
    case ScramFault::Costly: return "SCRAM iteration count is above the maximum";
    case ScramFault::Refused: return "SCRAM exchange was refused";
    case ScramFault::Signature: return "SCRAM server signature is wrong";
  }
  return "SCRAM failed";
}

ScramAnswer scram_answer(std::span<const uint8_t> salted_password, std::string_view auth_message) {
  Digest client_key = hmac_sha256(salted_password, "Client Key");
  Digest server_key = hmac_sha256(salted_password, "Server Key");
  ScramAnswer out = {hmac_sha256(sha256(client_key), auth_message), hmac_sha256(server_key, auth_message)};
  for (size_t i = 0; i < client_key.size(); ++i) out.proof[i] ^= client_key[i];
  wipe(client_key.data(), client_key.size());
  wipe(server_key.data(), server_key.size());
  return out;
}

bool scram_check(const sp_scram_verifier& verifier, std::string_view auth_message, const Digest& proof) {
  Digest client_key = hmac_sha256(verifier.stored_key, auth_message);
  for (size_t i = 0; i < client_key.size(); ++i) client_key[i] ^= proof[i];
  const bool right = equal(sha256(client_key), verifier.stored_key);
  wipe(client_key.data(), client_key.size());
  return right;
}

ScramServer::~ScramServer() { wipe(&verifier_, sizeof verifier_); }

// Reads the gs2-header, answers the rest (client-first-message-bare).
Scram<std::string_view> ScramServer::read_header(bool plus, std::string_view message) {
  plus_ = plus;
  std::string_view rest = message;
  switch (rest.empty() ? '\0' : rest[0]) {
    case 'n':
    case 'y':
      if (plus) return std::unexpected(ScramFault::Malformed);
      // RFC 5802, section 6: with "y" somebody has taken PLUS out of our list.
      if (rest[0] == 'y' && offers_plus()) return std::unexpected(ScramFault::Downgrade);
      if (!rest.substr(1).starts_with(',')) return std::unexpected(ScramFault::Malformed);
      rest.remove_prefix(2);
      break;
    case 'p': {
      std::string_view type;
      if (!plus || !take(rest, 'p', type)) return std::unexpected(ScramFault::Malformed);
      if (type != "tls-server-end-point") return std::unexpected(ScramFault::Unsupported);
      break;
    }
    default: return std::unexpected(ScramFault::Malformed);
  }
  if (rest.starts_with("a=")) return std::unexpected(ScramFault::Unsupported);
  if (!rest.starts_with(',')) return std::unexpected(ScramFault::Malformed);
  rest.remove_prefix(1);
  header_ = message.substr(0, message.size() - rest.size());
  return rest;
}

// The name counts for nothing, the StartupMessage's does. asyncpg and others send that one again and do not
// write its comma, which stands between WHO and TARGET, as RFC 5802 wants it ("=2C").
bool ScramServer::take_user(std::string_view& rest) const {
  const std::string unescaped = "n=" + user_ + ",r=";
  if (rest.starts_with(unescaped)) {
    rest.remove_prefix(unescaped.size() - 2);
    return true;
  }
  std::string_view user;
  return take(rest, 'n', user, true);
}

Scram<std::string> ScramServer::first(bool plus, std::string_view client_first,
                                      const sp_scram_verifier& verifier, std::span<const uint8_t> random) {
  if (!clean(client_first) || (plus && !offers_plus())) return std::unexpected(ScramFault::Malformed);
  const auto bare = read_header(plus, client_first);
  if (!bare) return std::unexpected(bare.error());
  std::string_view rest = *bare;
  if (rest.starts_with("m=")) return std::unexpected(ScramFault::Unsupported);
  std::string_view nonce;
  if (!take_user(rest) || !take(rest, 'r', nonce) || !extensions_ok(rest)) {
    return std::unexpected(ScramFault::Malformed);
  }
  if (nonce.size() > scram_nonce_size_max || !printable(nonce)) return std::unexpected(ScramFault::Malformed);
  client_first_bare_ = *bare;
  nonce_ = std::string(nonce) + base64(random);
  verifier_ = verifier;
  server_first_ =
      "r=" + nonce_ + ",s=" + base64(verifier_.salt) + ",i=" + std::to_string(verifier_.iterations);
  return server_first_;
}

Scram<bool> ScramServer::finish(std::string_view client_final) {
  if (!clean(client_final)) return std::unexpected(ScramFault::Malformed);
  std::string_view rest = client_final;
  std::string_view binding;
  std::string_view nonce;
  if (!take(rest, 'c', binding) || !take(rest, 'r', nonce)) return std::unexpected(ScramFault::Malformed);
  const size_t proof_at = client_final.rfind(",p=");
  const size_t extensions_at = client_final.size() - rest.size();
  if (proof_at == std::string_view::npos || proof_at + 1 < extensions_at) {
    return std::unexpected(ScramFault::Malformed);
  }
  if (proof_at + 1 > extensions_at &&
      !extensions_ok(client_final.substr(extensions_at, proof_at - extensions_at))) {
    return std::unexpected(ScramFault::Malformed);
  }
  if (binding != base64(bytes_of(header_ + (plus_ ? binding_ : std::string())))) {
    return std::unexpected(ScramFault::Binding);
  }
  if (!equal(bytes_of(nonce), bytes_of(nonce_))) return std::unexpected(ScramFault::Nonce);
  const auto proof = base64_decode(client_final.substr(proof_at + 3));
  if (!proof || proof->size() != proof_.size()) return std::unexpected(ScramFault::Malformed);
  std::copy(proof->begin(), proof->end(), proof_.begin());

  const std::string auth_message =
      client_first_bare_ + "," + server_first_ + "," + std::string(client_final.substr(0, proof_at));
  const bool right = scram_check(verifier_, auth_message, proof_);
  server_final_ = "v=" + base64(hmac_sha256(verifier_.server_key, auth_message));
  return right;
}

ScramClient::~ScramClient() { wipe(server_signature_.data(), server_signature_.size()); }

std::string ScramClient::header() const {
  switch (kind_) {
    case Binding::None: return "n,,";
    case Binding::Unoffered: return "y,,";
    case Binding::Plus: return std::string(plus_header);
  }
  return "n,,";
}

std::string ScramClient::first(std::span<const uint8_t> random) {
  own_nonce_ = base64(random);
  first_bare_ = "n=,r=" + own_nonce_;
  return header() + first_bare_;
}

Scram<ScramClient::Challenge> ScramClient::challenge(std::string_view server_first) {
  if (!clean(server_first)) return std::unexpected(ScramFault::Malformed);
  std::string_view rest = server_first;
  if (rest.starts_with("m=")) return std::unexpected(ScramFault::Unsupported);
  if (rest.starts_with("e=")) return std::unexpected(ScramFault::Refused);
  std::string_view nonce;
  std::string_view salt_text;
  std::string_view count;
  if (!take(rest, 'r', nonce) || !take(rest, 's', salt_text) || !take(rest, 'i', count) ||
      !extensions_ok(rest)) {
    return std::unexpected(ScramFault::Malformed);
  }
  if (!nonce.starts_with(own_nonce_) || nonce.size() == own_nonce_.size()) {
    return std::unexpected(ScramFault::Nonce);
  }
  if (nonce.size() - own_nonce_.size() > scram_nonce_size_max || !printable(nonce)) {
    return std::unexpected(ScramFault::Malformed);
  }
  const auto salt = base64_decode(salt_text);
  if (!salt || salt->empty() || salt->size() > scram_salt_size_max) {
    return std::unexpected(ScramFault::Malformed);
  }
  uint32_t iterations = 0;
  const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), iterations);
  if (error == std::errc::result_out_of_range) return std::unexpected(ScramFault::Costly);
  if (error != std::errc() || end != count.data() + count.size())
    return std::unexpected(ScramFault::Malformed);
  // A target that asks for little work could guess the password from our proof; one that asks for much could
  // keep the gateway busy.
  if (iterations < scram_iterations_min) return std::unexpected(ScramFault::Weak);
  if (iterations > scram_iterations_max) return std::unexpected(ScramFault::Costly);
  nonce_ = nonce;
  server_first_ = server_first;
  return Challenge{*salt, iterations};
}

std::string ScramClient::final(std::span<const uint8_t> salted_password) {
  const std::string bound = header() + (kind_ == Binding::Plus ? binding_ : std::string());
  const std::string without_proof = "c=" + base64(bytes_of(bound)) + ",r=" + nonce_;
  const std::string auth_message = first_bare_ + "," + server_first_ + "," + without_proof;
  const auto [proof, signature] = scram_answer(salted_password, auth_message);
  server_signature_ = signature;
  return without_proof + ",p=" + base64(proof);
}

Scram<void> ScramClient::verify(std::string_view server_final) {
  if (!clean(server_final)) return std::unexpected(ScramFault::Malformed);
  std::string_view rest = server_final;
  if (rest.starts_with("e=")) return std::unexpected(ScramFault::Refused);
  std::string_view text;
  if (!take(rest, 'v', text) || !extensions_ok(rest)) return std::unexpected(ScramFault::Malformed);
  const auto signature = base64_decode(text);
  if (!signature || !equal(bytes_of(*signature), server_signature_)) {
    return std::unexpected(ScramFault::Signature);
  }
  return {};
}

}  // namespace sallyport::pg
