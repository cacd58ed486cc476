// Bytes as readable text for transcripts and reports: "GET a\r\n", "\x00\xff".
#pragma once

#include <string>
#include <string_view>

#include "config/error.h"

namespace sallyport {

// In double quotes; \r \n \t \0 \" \\ and \xNN where a byte is not printable ASCII. Never fails.
[[nodiscard]] std::string kit_quote(std::string_view bytes);

// The inverse: `text` begins with a double quote; `*used` is the size of what was read, both quotes included.
// Errors: no opening or closing quote, an unknown escape.
[[nodiscard]] Result<std::string> kit_unquote(std::string_view text, size_t* used);

// At most `size_max` bytes quoted, then "... (N bytes)".
[[nodiscard]] std::string kit_excerpt(std::string_view bytes, size_t size_max = 64);

}  // namespace sallyport
