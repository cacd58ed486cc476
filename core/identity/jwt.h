// A signed token as it was sent, taken apart: nothing in it is believed yet. Sources: RFC 7515 (JWS compact
// serialization), RFC 7519 (JWT), RFC 8725 (best current practices), RFC 9068 ("at+jwt"). Pure; any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/identity/token_fault.h"

namespace sallyport::identity {

struct Jwt {
  std::string algorithm;  // `alg`
  std::string key_id;     // `kid`; empty: none was named
  nlohmann::json claims;
  std::string_view signed_part;  // of the token's text: header and claims with the dot between
  std::string signature;
};

// The result refers to `token`. Refused besides what is no token: header parameters that must be understood
// (`crit`), encrypted tokens, and types other than JWT, JOSE and at+jwt, so that what was signed for another
// purpose does not log in. Keys that a header brings along or points to (jwk, jku, x5c, x5u) are not looked
// at.
[[nodiscard]] Checked<Jwt> parse_jwt(std::string_view token);

}  // namespace sallyport::identity
