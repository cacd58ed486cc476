// Makes keys and tokens for tests: what an issuer does, and what somebody does who pretends to be one.
#pragma once

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "config/check.h"
#include "core/identity/base64url.h"

namespace sallyport::identity::test {

using nlohmann::json;
using Pkey = std::shared_ptr<EVP_PKEY>;

inline Pkey rsa_key(size_t bits = 2048) {
  return {EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits), &EVP_PKEY_free};
}
inline Pkey ec_key(const char* curve) {
  return {EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve), &EVP_PKEY_free};
}
inline Pkey ed25519_key() { return {EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), &EVP_PKEY_free}; }

inline std::string number_text(EVP_PKEY* key, const char* name, size_t size = 0) {
  BIGNUM* number = nullptr;
  CHECK(EVP_PKEY_get_bn_param(key, name, &number) == 1);
  std::string bytes(size != 0 ? size : static_cast<size_t>(BN_num_bytes(number)), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  BN_free(number);
  return base64url_encode(bytes);
}

// The public half, with `kid`.
inline json jwk_of(const Pkey& key, const std::string& id) {
  if (EVP_PKEY_is_a(key.get(), "RSA")) {
    return {{"kty", "RSA"},
            {"kid", id},
            {"use", "sig"},
            {"n", number_text(key.get(), OSSL_PKEY_PARAM_RSA_N)},
            {"e", number_text(key.get(), OSSL_PKEY_PARAM_RSA_E)}};
  }
  if (EVP_PKEY_is_a(key.get(), "ED25519")) {
    std::string raw(32, '\0');
    size_t size = raw.size();
    CHECK(EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(raw.data()), &size) == 1);
    return {{"kty", "OKP"}, {"crv", "Ed25519"}, {"kid", id}, {"x", base64url_encode(raw)}};
  }
  const bool is_256 = EVP_PKEY_get_bits(key.get()) == 256;
  const size_t size = is_256 ? 32 : 48;
  return {{"kty", "EC"},
          {"crv", is_256 ? "P-256" : "P-384"},
          {"kid", id},
          {"x", number_text(key.get(), OSSL_PKEY_PARAM_EC_PUB_X, size)},
          {"y", number_text(key.get(), OSSL_PKEY_PARAM_EC_PUB_Y, size)}};
}

inline std::string raw_of(const std::string& der, size_t half) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* read = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
  CHECK(read);
  std::string raw(2 * half, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(read), out, static_cast<int>(half));
  BN_bn2binpad(ECDSA_SIG_get0_s(read), out + half, static_cast<int>(half));
  ECDSA_SIG_free(read);
  return raw;
}

// `digest`: "SHA256", ...; empty for EdDSA.
inline std::string signature_of(const Pkey& key, const std::string& text, const std::string& digest,
                                bool pss = false) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* options = nullptr;
  CHECK(EVP_DigestSignInit_ex(context, &options, digest.empty() ? nullptr : digest.c_str(), nullptr, nullptr,
                              key.get(), nullptr) == 1);
  if (pss) {
    CHECK(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1);
    CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1);
  }
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  size_t size = 0;
  CHECK(EVP_DigestSign(context, nullptr, &size, data, text.size()) == 1);
  std::string out(size, '\0');
  CHECK(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &size, data, text.size()) == 1);
  out.resize(size);
  EVP_MD_CTX_free(context);
  if (EVP_PKEY_is_a(key.get(), "EC")) return raw_of(out, EVP_PKEY_get_bits(key.get()) == 256 ? 32 : 48);
  return out;
}

// As `algorithm` says; the header and the claims are written as they are given.
inline std::string sign(const Pkey& key, const std::string& algorithm, const std::string& header,
                        const std::string& claims) {
  const std::string text = base64url_encode(header) + "." + base64url_encode(claims);
  const std::string digest = algorithm == "EdDSA" ? "" : "SHA" + algorithm.substr(2);
  return text + "." + base64url_encode(signature_of(key, text, digest, algorithm.starts_with("PS")));
}

inline std::string token(const Pkey& key, const std::string& algorithm, const std::string& id,
                         const json& claims) {
  return sign(key, algorithm, json{{"alg", algorithm}, {"kid", id}, {"typ", "JWT"}}.dump(), claims.dump());
}

inline std::string key_set_text(std::initializer_list<json> keys) {
  return json{{"keys", json(keys)}}.dump();
}

}  // namespace sallyport::identity::test
