// The signatures that are accepted, and what checks them. Sources: RFC 7518 (RSA, RSASSA-PSS, ECDSA), RFC
// 8037 (EdDSA), RFC 8725 section 3.1. Nothing symmetric, and no "none". Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <openssl/types.h>

namespace sallyport::identity {

enum class Algorithm : uint8_t { rs256, rs384, rs512, ps256, es256, es384, eddsa };

// Exactly as RFC 7518 spells them.
[[nodiscard]] std::optional<Algorithm> algorithm_of(std::string_view name);

// Whether `key`'s kind (and curve) is the one that the algorithm is for.
[[nodiscard]] bool fits(Algorithm algorithm, const EVP_PKEY* key);

// `key` fits. The signature is in JOSE's form: of ECDSA r and s, each as long as the curve's order.
[[nodiscard]] bool verify(Algorithm algorithm, EVP_PKEY* key, std::string_view text,
                          std::string_view signature);

}  // namespace sallyport::identity
