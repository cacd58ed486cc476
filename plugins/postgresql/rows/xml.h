// Is a masked text still XML content? Of XML 1.0 what the server's xml takes; a doubt (a DOCTYPE, an entity
// of its own) is a no. Iterative, at most xml_depth_max levels.
#pragma once

#include <cstddef>
#include <string_view>

namespace sallyport::pg {

inline constexpr size_t xml_depth_max = 256;  // libxml2's own

[[nodiscard]] bool valid_xml(std::string_view text);

}  // namespace sallyport::pg
