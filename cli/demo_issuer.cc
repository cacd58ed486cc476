#include "cli/demo_issuer.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>

#include "cli/private_file.h"
#include "config/clock.h"
#include "config/file.h"
#include "core/identity/base64url.h"

namespace sallyport::cli {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr size_t key_size = 32, signature_size = 64;  // of Ed25519 (RFC 8032)
constexpr int64_t s = 1'000'000'000;

template <size_t size>
std::string encoded(const std::array<unsigned char, size>& bytes) {
  return identity::base64url_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Result<std::string> seed_of(const fs::path& file) {
  std::error_code error;
  if (fs::exists(file, error)) return config::read_private_file(file, key_size);
  EVP_PKEY* made = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  std::array<unsigned char, key_size> bytes{};
  size_t size = bytes.size();
  const bool good = made && EVP_PKEY_get_raw_private_key(made, bytes.data(), &size) == 1;
  EVP_PKEY_free(made);
  if (!good) return fail("cannot make a key: libcrypto refuses");
  const std::string seed(bytes.begin(), bytes.end());
  if (Result<void> kept = write_private(file.string(), seed); !kept) return std::unexpected(kept.error());
  return seed;
}

}  // namespace

Result<DemoIssuer> DemoIssuer::open(const fs::path& directory, const std::string& name,
                                    const std::string& issuer) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return fail("make the folder " + directory.string() + ": " + error.message());
  const Result<std::string> seed = seed_of(directory / (name + ".key"));
  if (!seed) return std::unexpected(seed.error());
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                       reinterpret_cast<const unsigned char*>(seed->data()), seed->size()),
          EVP_PKEY_free);
  std::array<unsigned char, key_size> bytes{};
  size_t size = bytes.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), bytes.data(), &size) != 1)
    return fail((directory / (name + ".key")).string() + " holds no key: remove it");
  const json set = {{"keys", json::array({{{"kty", "OKP"},
                                           {"crv", "Ed25519"},
                                           {"alg", "EdDSA"},
                                           {"use", "sig"},
                                           {"kid", name},
                                           {"x", encoded(bytes)}}})}};
  const Result<void> published = write_private((directory / (name + ".jwks")).string(), set.dump() + "\n");
  if (!published) return std::unexpected(published.error());
  return DemoIssuer(name, issuer, std::move(key));
}

Result<std::string> DemoIssuer::token(json claims, int64_t life_s) const {
  const int64_t now_s = wall_ns() / s;
  claims.update({{"iss", issuer_}, {"iat", now_s}, {"nbf", now_s}, {"exp", now_s + life_s}});
  const json header = {{"alg", "EdDSA"}, {"typ", "JWT"}, {"kid", name_}};
  const std::string text =
      identity::base64url_encode(header.dump()) + "." + identity::base64url_encode(claims.dump());
  std::array<unsigned char, signature_size> signature{};
  size_t size = signature.size();
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const bool good = context && EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key_.get()) == 1 &&
                    EVP_DigestSign(context, signature.data(), &size,
                                   reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
  EVP_MD_CTX_free(context);
  if (!good) return fail("cannot sign a token: libcrypto refuses");
  return text + "." + encoded(signature);
}

}  // namespace sallyport::cli
