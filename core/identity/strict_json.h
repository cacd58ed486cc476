// JSON in which no two readers can see different things: a key that stands twice in an object, at any depth,
// is an error, as are bytes that are no UTF-8, a byte order mark, numbers beyond a double and nesting deeper
// than limits::token_json_depth_max. Source: RFC 8259, section 4; RFC 7515, section 4. Pure; any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace sallyport::identity {

// One object and nothing behind it but white space.
[[nodiscard]] std::optional<nlohmann::json> parse_strict_object(std::string_view text);

}  // namespace sallyport::identity
