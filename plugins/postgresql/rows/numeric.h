// The binary form of numeric: int16 count of digits, weight of the first, sign, display scale, then digits of
// base 10,000. Source: numeric_send and numeric_recv in the server.
#pragma once

#include <string>
#include <string_view>

#include "plugins/postgresql/messages.h"

namespace sallyport::pg {

// Decimal digits before and behind the point; longer ones are not looked into.
inline constexpr size_t numeric_digit_count_max = 4096;

// Appends it as the server prints it. False: malformed, or too long.
[[nodiscard]] bool decode_numeric(Bytes wire, std::string& out);
// Appends the binary form of [-]digits[.digits]. False: another text, or too long.
[[nodiscard]] bool encode_numeric(std::string_view text, std::string& out);
// Of texts [-]digits[.digits]. False for others too.
[[nodiscard]] bool not_above(std::string_view low, std::string_view high);

}  // namespace sallyport::pg
