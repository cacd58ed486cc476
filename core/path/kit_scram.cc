#include "core/path/kit_scram.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <tuple>

#include "config/check.h"

namespace sallyport {
namespace {

constexpr size_t signature_text_size = 44;  // 32 bytes in base64
constexpr uint32_t iteration_count_max = 1'000'000;

// What both sides sign, but for the end of client-first-bare: no delimiter that SCRAM knows stands behind the
// client's nonce, so all ends that it can have are tried against the real signature.
struct Messages {
  std::string_view client_first;  // from n= to the end of what was sent
  size_t bare_size_min = 0;
  size_t bare_size_max = 0;
  std::string_view server_first;
  std::string_view client_final;  // without the proof
  std::string salt;
  uint32_t iterations = 0;
};

std::string decode(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return "";
  std::string out(text.size(), '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return "";
  out.resize(static_cast<size_t>(size) - static_cast<size_t>(std::count(text.end() - 2, text.end(), '=')));
  return out;
}

std::string encode(const KitDigest& digest) {
  std::array<unsigned char, signature_text_size + 1> out{};
  EVP_EncodeBlock(out.data(), digest.data(), digest.size());
  return reinterpret_cast<const char*>(out.data());
}

// r=NONCE,s=SALT,i=COUNT, of which the nonce is known.
bool find_server_first(std::string_view received, std::string_view nonce, Messages& out) {
  const size_t begin = received.rfind("r=" + std::string(nonce) + ",s=");
  if (begin == std::string_view::npos) return false;
  const size_t salt = begin + 2 + nonce.size() + 3;
  const size_t count = received.find(",i=", salt);
  if (count == std::string_view::npos) return false;
  out.salt = decode(received.substr(salt, count - salt));
  const std::string_view digits = received.substr(count + 3);
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), out.iterations);
  out.server_first = received.substr(begin, static_cast<size_t>(end - received.data()) - begin);
  return code == std::errc() && !out.salt.empty() && out.iterations != 0 &&
         out.iterations <= iteration_count_max;
}

std::optional<Messages> find_messages(const KitScramLogin& login) {
  Messages out;
  const size_t proof = login.sent.rfind(",p=");
  if (proof == std::string_view::npos) return std::nullopt;
  const size_t final = login.sent.substr(0, proof).rfind("c=");
  if (final == std::string_view::npos) return std::nullopt;
  out.client_final = login.sent.substr(final, proof - final);
  const size_t r = out.client_final.find(",r=");
  if (r == std::string_view::npos) return std::nullopt;
  const std::string_view nonce = out.client_final.substr(r + 3);
  if (!find_server_first(login.received, nonce, out)) return std::nullopt;
  const size_t first = login.sent.substr(0, final).rfind(",,n=");
  if (first == std::string_view::npos) return std::nullopt;
  out.client_first = login.sent.substr(first + 2);
  const size_t own = out.client_first.find(",r=");
  if (own == std::string_view::npos) return std::nullopt;
  const std::string_view part = out.client_first.substr(own + 3, nonce.size());
  out.bare_size_min = own + 3;
  out.bare_size_max =
      own + 3 +
      static_cast<size_t>(std::mismatch(part.begin(), part.end(), nonce.begin()).first - part.begin());
  return out;
}

std::string sign(const Messages& messages, size_t bare_size, const std::string& password) {
  const std::string text = std::string(messages.client_first.substr(0, bare_size)) + "," +
                           std::string(messages.server_first) + "," + std::string(messages.client_final);
  const KitDigest salted = kit_salted_password(password, messages.salt, messages.iterations);
  return encode(kit_hmac(kit_hmac(salted, "Server Key"), text));
}

}  // namespace

KitDigest kit_salted_password(const std::string& password, std::string_view salt, uint32_t iterations) {
  thread_local std::map<std::tuple<std::string, std::string, uint32_t>, KitDigest> known;
  const auto [at, fresh] = known.try_emplace({password, std::string(salt), iterations});
  if (fresh) {
    CHECK(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                            reinterpret_cast<const unsigned char*>(salt.data()),
                            static_cast<int>(salt.size()), static_cast<int>(iterations), EVP_sha256(), 32,
                            at->second.data()) == 1);
  }
  return at->second;
}

KitDigest kit_hmac(const KitDigest& key, std::string_view text) {
  KitDigest out;
  CHECK(HMAC(EVP_sha256(), key.data(), key.size(), reinterpret_cast<const unsigned char*>(text.data()),
             text.size(), out.data(), nullptr));
  return out;
}

bool kit_sign_anew(const KitScramLogin& login, std::string& part) {
  const std::optional<Messages> messages = find_messages(login);
  if (!messages) return false;
  for (size_t bare = messages->bare_size_max; bare > messages->bare_size_min; --bare) {
    const size_t at = part.find("v=" + sign(*messages, bare, login.real));
    if (at == std::string::npos) continue;
    part.replace(at + 2, signature_text_size, sign(*messages, bare, login.stand_in));
    return true;
  }
  return false;
}

}  // namespace sallyport
