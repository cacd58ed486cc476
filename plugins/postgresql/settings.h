// Run-time parameters that a session may change: which are harmless, and which would change how bytes or SQL
// are read, so that the gateway and the server would no longer read the same statement.
#pragma once

#include <string>
#include <string_view>

namespace sallyport::pg {

// Why the caller asks for what follows: for approvers and the record. SET passes it on, to a placeholder that
// the server gives no meaning; at the login the gateway keeps it.
inline constexpr std::string_view reason_setting = "sallyport.reason";

// For whom the caller asks: of the login alone, kept by the gateway.
inline constexpr std::string_view on_behalf_setting = "sallyport.on_behalf_of";

// Changes neither what a statement means nor what it may do: application_name, DateStyle, statement_timeout
// and the like. `name` in any case.
[[nodiscard]] bool harmless_setting(std::string_view name);

// Whether SET name = value has to be refused: client_encoding other than UTF8, standard_conforming_strings
// other than on. An empty value (RESET, DEFAULT) goes back to what the login set.
[[nodiscard]] bool forbidden_setting(std::string_view name, std::string_view value);

// Part of what makes a statement the same statement: search_path, role, session_authorization, ...
[[nodiscard]] bool binding_setting(std::string_view name);

// A reported parameter that can hold any text, so a value that a mask covers.
[[nodiscard]] bool free_text_setting(std::string_view name, std::string_view value);

}  // namespace sallyport::pg
