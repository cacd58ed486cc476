// The public keys of an issuer. Source: RFC 7517 (JWK Set), RFC 7518 section 6, RFC 8037 section 2. Immutable
// once read; any thread.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/error.h"
#include "core/identity/jwt.h"
#include "core/identity/signature.h"

namespace sallyport::identity {

class KeySet {
 public:
  // Keys that cannot be used here (symmetric, of other curves, for encryption, RSA below 2048 bits) are left
  // out. An error where the text is no set, or no key is left of it.
  static Result<KeySet> parse(std::string_view text);

  // Whether the token could be checked: some key has its `kid` (or it names none) and fits its algorithm.
  [[nodiscard]] bool knows(const Jwt& jwt) const;
  // Nothing but the signature is looked at.
  [[nodiscard]] Checked<void> verify(const Jwt& jwt) const;
  [[nodiscard]] size_t size() const { return keys_.size(); }

 private:
  struct Key {
    std::string id;
    std::string algorithm;  // the only one that it is for; empty: any that fits
    std::shared_ptr<EVP_PKEY> key;
  };
  [[nodiscard]] std::vector<const Key*> candidates(const Jwt& jwt, Algorithm algorithm) const;
  static void take(const nlohmann::json& jwk, std::vector<Key>& keys);
  std::vector<Key> keys_;
};

}  // namespace sallyport::identity
