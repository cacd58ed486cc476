// Form bodies and query strings (WHATWG URL, "application/x-www-form-urlencoded parsing"), and base64 as
// Basic credentials have it (RFC 4648 section 4, RFC 7617). Strict: what has two readings has none. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/control/http_door.h"

namespace sallyport {

struct Form {
  std::map<std::string, std::string, std::less<>> fields;
  [[nodiscard]] std::string text(std::string_view key) const;
  // Separated by spaces (RFC 6749 section 3.3).
  [[nodiscard]] std::vector<std::string> words(std::string_view key) const;
};

// Nothing: a key twice, or bytes that stand for nothing.
[[nodiscard]] std::optional<Form> parse_form(std::string_view text);
// Of a POST whose type says that it is one.
[[nodiscard]] std::optional<Form> parse_form(const HttpRequest& request);
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

}  // namespace sallyport
