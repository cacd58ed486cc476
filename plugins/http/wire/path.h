// A path in the one form that is judged and sent. Pure.
//
// Escapes of unreserved characters are decoded, others written in capitals, dot segments resolved (RFC
// 3986, 6.2.2). What servers are known to read in different ways is refused: empty segments, `;`, an escaped
// `/` or `\`, control bytes, a climb above the root.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "plugins/http/wire/fault.h"

namespace sallyport::http {

// `raw` begins with '/' and has no query.
[[nodiscard]] std::expected<std::string, Fault> normalised_path(std::string_view raw);

}  // namespace sallyport::http
