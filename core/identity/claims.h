// What the claims of a token whose signature is good say: whether it is meant for us and holds now, and who
// bears it. Sources: RFC 7519 section 4.1, OpenID Connect Core 1.0 section 3.1.3.7, RFC 8693 section 4.1
// (act), RFC 9068. Pure; any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "config/config.h"
#include "core/identity/identity.h"
#include "core/identity/token_fault.h"

namespace sallyport::identity {

// The claims are those of `issuer`: an exact `iss`; Google's may lack the scheme, and SPIFFE's are told by
// the trust domain in `sub`.
[[nodiscard]] bool is_of(const config::Oidc& issuer, const nlohmann::json& claims);

// `now_ns`: wall clock. The times in a token may differ from it by limits::token_skew_s.
[[nodiscard]] Checked<Identity> check_claims(const config::Oidc& issuer, const nlohmann::json& claims,
                                             int64_t now_ns);

// One of the config's issuers stands by what `identity` says, as it did when its token was checked.
[[nodiscard]] bool is_vouched_for(const Identity& identity, const std::vector<config::Oidc>& issuers);

// A claim as it may stand on a record; empty where it is no plain text.
[[nodiscard]] std::string printable_claim(const nlohmann::json& claims, std::string_view path);

// The value at a path of keys with dots between them; a key may hold dots itself. Null: there is none.
[[nodiscard]] const nlohmann::json* find_claim(const nlohmann::json& claims, std::string_view path);

}  // namespace sallyport::identity
