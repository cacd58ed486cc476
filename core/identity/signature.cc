#include "core/identity/signature.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::identity {
namespace {

using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
using EcSignature = std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)>;

constexpr std::array names = {
    std::pair{std::string_view("RS256"), Algorithm::rs256},
    std::pair{std::string_view("RS384"), Algorithm::rs384},
    std::pair{std::string_view("RS512"), Algorithm::rs512},
    std::pair{std::string_view("PS256"), Algorithm::ps256},
    std::pair{std::string_view("ES256"), Algorithm::es256},
    std::pair{std::string_view("ES384"), Algorithm::es384},
    std::pair{std::string_view("EdDSA"), Algorithm::eddsa},
};

const EVP_MD* digest_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::rs256:
    case Algorithm::ps256:
    case Algorithm::es256: return EVP_sha256();
    case Algorithm::rs384:
    case Algorithm::es384: return EVP_sha384();
    case Algorithm::rs512: return EVP_sha512();
    case Algorithm::eddsa: return nullptr;  // has one of its own
  }
  return nullptr;
}

bool is_curve(const EVP_PKEY* key, std::string_view name) {
  std::array<char, 64> group{};
  size_t size = 0;
  return EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
         std::string_view(group.data(), size) == name;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// OpenSSL wants DER. r and s of zero are refused by it.
std::vector<unsigned char> der_of(std::string_view signature, size_t half) {
  if (signature.size() != 2 * half) return {};
  BIGNUM* r = BN_bin2bn(bytes_of(signature), static_cast<int>(half), nullptr);
  BIGNUM* s = BN_bin2bn(bytes_of(signature) + half, static_cast<int>(half), nullptr);
  const EcSignature made(ECDSA_SIG_new(), &ECDSA_SIG_free);
  if (!made || !r || !s || ECDSA_SIG_set0(made.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(made.get(), &der);
  std::vector<unsigned char> out(der, der + std::max(size, 0));
  OPENSSL_free(der);
  return out;
}

}  // namespace

std::optional<Algorithm> algorithm_of(std::string_view name) {
  const auto found = std::ranges::find(names, name, [](const auto& one) { return one.first; });
  return found == names.end() ? std::nullopt : std::optional(found->second);
}

bool fits(Algorithm algorithm, const EVP_PKEY* key) {
  switch (algorithm) {
    case Algorithm::rs256:
    case Algorithm::rs384:
    case Algorithm::rs512:
    case Algorithm::ps256: return EVP_PKEY_is_a(key, "RSA") == 1;
    case Algorithm::es256: return EVP_PKEY_is_a(key, "EC") == 1 && is_curve(key, "prime256v1");
    case Algorithm::es384: return EVP_PKEY_is_a(key, "EC") == 1 && is_curve(key, "secp384r1");
    case Algorithm::eddsa: return EVP_PKEY_is_a(key, "ED25519") == 1;
  }
  return false;
}

bool verify(Algorithm algorithm, EVP_PKEY* key, std::string_view text, std::string_view signature) {
  std::vector<unsigned char> der;
  if (algorithm == Algorithm::es256 || algorithm == Algorithm::es384) {
    der = der_of(signature, algorithm == Algorithm::es256 ? 32 : 48);
    if (der.empty()) return false;
    signature = {reinterpret_cast<const char*>(der.data()), der.size()};
  }
  const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  EVP_PKEY_CTX* options = nullptr;  // the context's own
  bool good =
      context && EVP_DigestVerifyInit(context.get(), &options, digest_of(algorithm), nullptr, key) == 1;
  if (good && algorithm == Algorithm::ps256) {
    good = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1;
  }
  good = good && EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text),
                                  text.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace sallyport::identity
