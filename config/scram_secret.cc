#include "config/scram_secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <charconv>
#include <vector>

namespace sallyport::config {
namespace {

constexpr std::string_view scheme = "SCRAM-SHA-256$";
constexpr size_t password_size_max = 1024;

std::string base64(std::span<const uint8_t> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<uint8_t*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

// Strict: canonical padding and nothing else, exactly out.size() bytes.
bool unbase64(std::string_view text, std::span<uint8_t> out) {
  if (text.size() != (out.size() + 2) / 3 * 4) return false;
  std::vector<uint8_t> bytes(text.size() / 4 * 3);
  const int size = EVP_DecodeBlock(bytes.data(), reinterpret_cast<const uint8_t*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0 || static_cast<size_t>(size) < out.size()) return false;
  std::copy_n(bytes.begin(), out.size(), out.begin());
  return base64(out) == text;  // also refuses stray bits, spaces and wrong padding
}

bool hmac(std::span<const uint8_t> key, std::string_view message, std::span<uint8_t, 32> out) {
  unsigned size = 0;
  return HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
              reinterpret_cast<const uint8_t*>(message.data()), message.size(), out.data(), &size) != nullptr;
}

}  // namespace

std::string ScramSecret::text() const {
  return std::string(scheme) + std::to_string(iterations) + ":" + base64(salt) + "$" + base64(stored_key) +
         ":" + base64(server_key);
}

Result<ScramSecret> parse_scram_secret(std::string_view text) {
  // The text itself never stands in a message: it is nearly as good as the password.
  const auto malformed = [](const char* what) {
    return fail(std::string(what) + ": make one with `sallyport user hash`");
  };
  if (!text.starts_with(scheme)) return malformed("is no SCRAM-SHA-256 verifier");
  text.remove_prefix(scheme.size());
  const size_t salt = text.find(':');
  const size_t keys = text.find('$');
  const size_t server = text.rfind(':');
  if (salt == text.npos || keys == text.npos || salt > keys || server < keys) {
    return malformed("is no whole SCRAM-SHA-256 verifier");
  }
  ScramSecret secret;
  const auto [end, error] = std::from_chars(text.data(), text.data() + salt, secret.iterations);
  if (error != std::errc() || end != text.data() + salt || secret.iterations < scram_iteration_count ||
      secret.iterations > scram_iteration_count_max) {
    return malformed("wants 4096 to 1000000 iterations");
  }
  if (!unbase64(text.substr(salt + 1, keys - salt - 1), secret.salt)) {
    return malformed("wants a salt of 16 bytes in base64");
  }
  if (!unbase64(text.substr(keys + 1, server - keys - 1), secret.stored_key) ||
      !unbase64(text.substr(server + 1), secret.server_key)) {
    return malformed("wants two keys of 32 bytes in base64");
  }
  return secret;
}

Result<ScramSecret> make_scram_secret(std::string_view password, std::span<const uint8_t, 16> salt,
                                      uint32_t iterations) {
  if (password.empty()) return fail("the password is empty");
  if (password.size() > password_size_max) return fail("the password is longer than 1024 bytes");
  const auto is_control = [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; };
  if (std::ranges::any_of(password, is_control)) return fail("the password holds a control character");
  if (iterations < scram_iteration_count || iterations > scram_iteration_count_max) {
    return fail("4096 to 1000000 iterations, please");
  }

  ScramSecret secret;
  secret.iterations = iterations;
  std::ranges::copy(salt, secret.salt.begin());
  std::array<uint8_t, 32> salted{};
  std::array<uint8_t, 32> client_key{};
  const bool done = PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), salt.data(),
                                      static_cast<int>(salt.size()), static_cast<int>(iterations),
                                      EVP_sha256(), static_cast<int>(salted.size()), salted.data()) == 1 &&
                    hmac(salted, "Client Key", client_key) && hmac(salted, "Server Key", secret.server_key) &&
                    SHA256(client_key.data(), client_key.size(), secret.stored_key.data()) != nullptr;
  OPENSSL_cleanse(salted.data(), salted.size());
  OPENSSL_cleanse(client_key.data(), client_key.size());
  if (!done) return fail("the cryptography library failed to derive the verifier");
  return secret;
}

Result<ScramSecret> make_scram_secret(std::string_view password) {
  std::array<uint8_t, 16> salt{};
  if (RAND_bytes(salt.data(), static_cast<int>(salt.size())) != 1)
    return fail("no random bytes for the salt");
  return make_scram_secret(password, salt);
}

bool scram_secret_matches(const ScramSecret& secret, std::string_view password) {
  const Result<ScramSecret> made = make_scram_secret(password, secret.salt, secret.iterations);
  return made &&
         CRYPTO_memcmp(made->stored_key.data(), secret.stored_key.data(), secret.stored_key.size()) == 0;
}

}  // namespace sallyport::config
