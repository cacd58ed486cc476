// A request's head: the request line, its target and what its fields say of framing (RFC 9112, 3 and 6).
// Pure.
#pragma once

#include <expected>
#include <string_view>

#include "plugins/http/wire/fault.h"
#include "plugins/http/wire/message.h"

namespace sallyport::http {

inline constexpr Fault target_too_long{414, "target-too-long", "the request's target is longer than 8 KiB"};

// `text`: the request line and the fields, each line ended by CRLF, and the empty line.
[[nodiscard]] std::expected<RequestHead, Fault> parse_request_head(std::string_view text);

}  // namespace sallyport::http
