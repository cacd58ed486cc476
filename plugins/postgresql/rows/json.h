// Is a text one JSON value (RFC 8259)? Iterative, one bit of state a level, at most json_depth_max levels.
#pragma once

#include <cstddef>
#include <string_view>

namespace sallyport::pg {

inline constexpr size_t json_depth_max = 512;

[[nodiscard]] bool valid_json(std::string_view text);

}  // namespace sallyport::pg
