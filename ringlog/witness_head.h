// Heads that a witness keeps: found among its lines, and looked for in the log. Any thread; reads only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ringlog/segment.h"

namespace sallyport::ringlog {

// Every head in `text`, in order, whatever stands around them on their lines: a witness file, lines of
// syslog, JSON objects. A line that begins a head and does not end it is an error (EBADMSG), but for the last
// one, which a crash may have cut short.
[[nodiscard]] Result<std::vector<Head>> find_heads(std::string_view text);

// Whether the log still holds the link that `head` names, by its hash, where it says. Looks at one segment;
// that everything before leads there is `verify`'s to prove. The error says what is there instead.
[[nodiscard]] Result<void> check_head(Files& files, const std::string& directory, const Head& head);

}  // namespace sallyport::ringlog
