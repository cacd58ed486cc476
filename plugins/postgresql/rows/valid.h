// Whether a masked text is still one of its type, strictly: a doubt makes the value NULL. Syntax alone.
#pragma once

#include <cstdint>
#include <string_view>

namespace sallyport::pg {

// [-]digits that fit 64 bits.
[[nodiscard]] bool read_integer(std::string_view text, int64_t& value);
// [-] digits [. digits] [e [+-] digits], or the special values.
[[nodiscard]] bool valid_number(std::string_view text);
// 8-4-4-4-12 hexadecimal digits.
[[nodiscard]] bool valid_uuid(std::string_view text);

}  // namespace sallyport::pg
