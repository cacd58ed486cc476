#include "core/identity/key_set.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <span>

#include "config/limits.h"
#include "core/identity/base64url.h"
#include "core/identity/strict_json.h"

namespace sallyport::identity {
namespace {

using nlohmann::json;
using PublicKey = std::shared_ptr<EVP_PKEY>;
using Parameters = std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)>;

constexpr int rsa_bits_min = 2048, rsa_bits_max = 8192;

std::string text_in(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string bytes_in(const json& object, const char* key) {
  return base64url_decode(text_in(object, key)).value_or("");
}

PublicKey key_of(const char* type, OSSL_PARAM* parameters) {
  EVP_PKEY* made = nullptr;
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr);
  const bool good = context && EVP_PKEY_fromdata_init(context) == 1 &&
                    EVP_PKEY_fromdata(context, &made, EVP_PKEY_PUBLIC_KEY, parameters) == 1;
  EVP_PKEY_CTX_free(context);
  PublicKey key(made, &EVP_PKEY_free);
  if (!good) return nullptr;
  // A point that is not on its curve, or no point at all.
  EVP_PKEY_CTX* check = EVP_PKEY_CTX_new_from_pkey(nullptr, made, nullptr);
  const bool sound = check && EVP_PKEY_public_check(check) == 1;
  EVP_PKEY_CTX_free(check);
  return sound ? key : nullptr;
}

PublicKey rsa_key(const json& jwk) {
  const std::string n = bytes_in(jwk, "n"), e = bytes_in(jwk, "e");
  if (n.empty() || n.size() > rsa_bits_max / 8 || e.empty() || e.size() > 8) return nullptr;
  BIGNUM* modulus =
      BN_bin2bn(reinterpret_cast<const unsigned char*>(n.data()), static_cast<int>(n.size()), nullptr);
  BIGNUM* exponent =
      BN_bin2bn(reinterpret_cast<const unsigned char*>(e.data()), static_cast<int>(e.size()), nullptr);
  OSSL_PARAM_BLD* builder = OSSL_PARAM_BLD_new();
  PublicKey key;
  const bool usable = modulus && exponent && builder && BN_num_bits(modulus) >= rsa_bits_min &&
                      BN_is_odd(modulus) && BN_is_odd(exponent) && BN_num_bits(exponent) >= 2;
  if (usable && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
      OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) == 1) {
    const Parameters parameters(OSSL_PARAM_BLD_to_param(builder), &OSSL_PARAM_free);
    key = key_of("RSA", parameters.get());
  }
  OSSL_PARAM_BLD_free(builder);
  BN_free(modulus);
  BN_free(exponent);
  return key;
}

PublicKey ec_key(const json& jwk) {
  const bool is_256 = text_in(jwk, "crv") == "P-256", is_384 = text_in(jwk, "crv") == "P-384";
  const std::string x = bytes_in(jwk, "x"), y = bytes_in(jwk, "y");
  const size_t size = is_256 ? 32 : 48;
  if ((!is_256 && !is_384) || x.size() != size || y.size() != size) return nullptr;
  std::string point = "\x04" + x + y;  // SEC 1, section 2.3.3: uncompressed
  std::string group = is_256 ? "prime256v1" : "secp384r1";
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end()};
  return key_of("EC", parameters);
}

PublicKey ed25519_key(const json& jwk) {
  std::string x = bytes_in(jwk, "x");
  if (text_in(jwk, "crv") != "Ed25519" || x.size() != 32) return nullptr;
  OSSL_PARAM parameters[] = {OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, x.data(), x.size()),
                             OSSL_PARAM_construct_end()};
  return key_of("ED25519", parameters);
}

// RFC 7517, sections 4.2 and 4.3; "jwt-svid": SPIFFE Trust Domain and Bundle, section 4.2.
bool is_for_verifying(const json& jwk) {
  const std::string use = jwk.contains("use") ? text_in(jwk, "use") : "sig";
  if (use != "sig" && use != "jwt-svid") return false;
  const auto operations = jwk.find("key_ops");
  return operations == jwk.end() || std::ranges::find(*operations, json("verify")) != operations->end();
}

}  // namespace

void KeySet::take(const json& jwk, std::vector<Key>& keys) {
  if (!jwk.is_object() || !is_for_verifying(jwk)) return;
  const std::string type = text_in(jwk, "kty");
  PublicKey key = type == "RSA"   ? rsa_key(jwk)
                  : type == "EC"  ? ec_key(jwk)
                  : type == "OKP" ? ed25519_key(jwk)
                                  : nullptr;
  if (key)
    keys.push_back({.id = text_in(jwk, "kid"), .algorithm = text_in(jwk, "alg"), .key = std::move(key)});
}

Result<KeySet> KeySet::parse(std::string_view text) {
  if (text.size() > limits::key_set_size_max) return fail("its keys are more than 256 KiB of text");
  const std::optional<json> set = parse_strict_object(text);
  if (!set || !set->contains("keys") || !(*set)["keys"].is_array())
    return fail("its keys are no JWK Set (RFC 7517): { \"keys\": [ ... ] }");
  if ((*set)["keys"].size() > limits::key_count_max) return fail("it has more than 64 keys");
  KeySet made;
  for (const json& jwk : (*set)["keys"]) take(jwk, made.keys_);
  ERR_clear_error();
  if (made.keys_.empty()) return fail("none of its keys is one for RS256, PS256, ES256, ES384 or EdDSA");
  return made;
}

std::vector<const KeySet::Key*> KeySet::candidates(const Jwt& jwt, Algorithm algorithm) const {
  std::vector<const Key*> found;
  for (const Key& key : keys_) {
    const bool named = jwt.key_id.empty() || key.id == jwt.key_id;
    if (named && (key.algorithm.empty() || key.algorithm == jwt.algorithm) && fits(algorithm, key.key.get()))
      found.push_back(&key);
  }
  return found;
}

bool KeySet::knows(const Jwt& jwt) const {
  const std::optional<Algorithm> algorithm = algorithm_of(jwt.algorithm);
  return algorithm && !candidates(jwt, *algorithm).empty();
}

Checked<void> KeySet::verify(const Jwt& jwt) const {
  const std::optional<Algorithm> algorithm = algorithm_of(jwt.algorithm);
  if (!algorithm) return std::unexpected(TokenFault::algorithm);
  const std::vector<const Key*> keys = candidates(jwt, *algorithm);
  if (keys.empty()) {
    const bool named = !jwt.key_id.empty() && std::ranges::find(keys_, jwt.key_id, &Key::id) != keys_.end();
    return std::unexpected(named ? TokenFault::algorithm : TokenFault::key_unknown);
  }
  // Without a name there may be several; one token may not cost more than these.
  for (const Key* key : std::span(keys).first(std::min(keys.size(), limits::key_try_count_max))) {
    if (identity::verify(*algorithm, key->key.get(), jwt.signed_part, jwt.signature)) return {};
  }
  return std::unexpected(TokenFault::signature);
}

}  // namespace sallyport::identity
