// A response's head (RFC 9112, 4 and 6.3). Pure.
#pragma once

#include <expected>
#include <string_view>

#include "plugins/http/wire/fault.h"
#include "plugins/http/wire/message.h"

namespace sallyport::http {

// `text`: the status line and the fields, each line ended by CRLF, and the empty line. `method`: of the
// request that it answers; HEAD's has no body.
[[nodiscard]] std::expected<ResponseHead, Fault> parse_response_head(std::string_view text,
                                                                     std::string_view method);

}  // namespace sallyport::http
