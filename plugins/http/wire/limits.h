// Every bound of the HTTP/1.1 parsers, with its unit last.
#pragma once

#include <cstddef>

namespace sallyport::http {

inline constexpr size_t head_size_max = 64 * 1024;  // start-line and fields
inline constexpr size_t target_size_max = 8 * 1024;
inline constexpr size_t method_size_max = 32;
inline constexpr size_t field_size_max = 16 * 1024;  // name and value
inline constexpr size_t field_count_max = 128;
inline constexpr size_t trailers_size_max = 16 * 1024;
inline constexpr size_t chunk_digit_count_max = 8;
inline constexpr size_t chunk_extension_size_max = 128;
inline constexpr size_t length_digit_count_max = 15;

}  // namespace sallyport::http
