// Why a token proves nothing. For the record alone: callers learn only that their login was refused.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

namespace sallyport::identity {

enum class TokenFault : uint8_t {
  malformed,       // no compact JWS (RFC 7515, section 3.1), or no strict JSON in it
  too_large,       // more than limits::token_size_max bytes
  algorithm,       // not on the list, or not that of the key
  key_unknown,     // the issuer has no such key
  signature,       // does not fit
  issuer_unknown,  // no [[oidc]] has this `iss`
  audience,        // not meant for us
  party,           // `azp` is not on the list
  expired,
  not_yet_valid,
  issued_in_future,
  claims,          // a claim of the wrong kind, or none that names the caller
  groups_overage,  // the issuer left the groups out because there are too many
  unreachable,     // the issuer's keys cannot be had
};

// "token-malformed", ...
[[nodiscard]] std::string_view token_fault_text(TokenFault fault);

template <typename T>
using Checked = std::expected<T, TokenFault>;

}  // namespace sallyport::identity
