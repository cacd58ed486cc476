// base64url without padding (RFC 4648, section 5; RFC 7515, appendix C). Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::identity {

// Strict: its alphabet and nothing else, no padding, no stray bits, so that each value has one spelling.
[[nodiscard]] std::optional<std::string> base64url_decode(std::string_view text);
[[nodiscard]] std::string base64url_encode(std::string_view bytes);

}  // namespace sallyport::identity
