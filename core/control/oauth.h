// What the ways to a ticket at /oauth have in common: OAuth's errors, and what a caller may wish of a ticket.
// Sources: RFC 6749 section 5.2, RFC 8693, RFC 8628, RFC 8414. Pure; any thread.
#pragma once

#include <expected>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/control/form.h"
#include "core/control/http_door.h"
#include "core/identity/issuers.h"

namespace sallyport {

inline constexpr std::string_view exchange_grant = "urn:ietf:params:oauth:grant-type:token-exchange";
inline constexpr std::string_view device_grant = "urn:ietf:params:oauth:grant-type:device_code";

[[nodiscard]] std::string http_text(const nlohmann::json& value);
[[nodiscard]] HttpAnswer oauth_error(std::string_view error, const std::string& description,
                                     unsigned status = 400);
// `scope`, `expires_in` and `on_behalf_of`, as Control::grant takes them.
[[nodiscard]] std::expected<nlohmann::json, HttpAnswer> ticket_wish(const Form& form);
// For the record: why, and of whom where the issuer has signed it.
[[nodiscard]] std::string refusal_detail(const identity::RefusedToken& refused);
// RFC 8414 section 2, of the gateway as the server that gives tickets.
[[nodiscard]] nlohmann::json authorization_server(const std::string& url);

}  // namespace sallyport
