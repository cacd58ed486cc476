// bytea in text, and hexadecimal digits. Source: byteain and byteaout in the server.
#pragma once

#include <string>
#include <string_view>

#include "plugins/postgresql/messages.h"

namespace sallyport::pg {

void append_hex(std::string& out, Bytes bytes);
// False: no pairs of hexadecimal digits.
[[nodiscard]] bool append_unhexed(std::string_view hex, std::string& out);

// Both of bytea's output forms: \x and hexadecimal digits; or text with doubled backslashes and \ooo.
[[nodiscard]] bool decode_bytea(std::string_view text, std::string& out);

}  // namespace sallyport::pg
