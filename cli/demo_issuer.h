// A stand-in for an identity provider, for the demo alone: a key, and tokens signed with it (RFC 7519, EdDSA
// of RFC 8037), published as a JWK set in a file. Written from the RFCs.
//
// What it does not do: no discovery, no endpoint at all, no flow, no client, no refresh, no revocation, no
// rotation; it signs whatever claims it is given, and nobody should trust it.
#pragma once

#include <openssl/types.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "config/error.h"

namespace sallyport::cli {

class DemoIssuer {
 public:
  // The key lies in `directory`/NAME.key, made where it is missing; the set beside it, NAME.jwks.
  static Result<DemoIssuer> open(const std::filesystem::path& directory, const std::string& name,
                                 const std::string& issuer);

  // Good for `life_s`; `claims` are added to iss, iat, nbf, exp.
  [[nodiscard]] Result<std::string> token(nlohmann::json claims, int64_t life_s) const;
  [[nodiscard]] const std::string& issuer() const { return issuer_; }

 private:
  using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
  DemoIssuer(std::string name, std::string issuer, Key key)
      : name_(std::move(name)), issuer_(std::move(issuer)), key_(std::move(key)) {}
  std::string name_, issuer_;
  Key key_;
};

}  // namespace sallyport::cli
