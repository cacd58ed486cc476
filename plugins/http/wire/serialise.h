// Messages as they are sent: from what was judged alone, never from the bytes that came. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/http/wire/message.h"

namespace sallyport::http {

// With the empty line. Nothing where a part holds what would end a line or begin another: nothing is sent
// then. The request goes in origin or asterisk form, as HTTP/1.1.
[[nodiscard]] std::optional<std::string> serialised(const RequestHead& head);
[[nodiscard]] std::optional<std::string> serialised(const ResponseHead& head);

inline constexpr std::string_view chunk_end = "\r\n";
[[nodiscard]] std::string chunk_begin(size_t size);
[[nodiscard]] std::optional<std::string> last_chunk(const Fields& trailers);

}  // namespace sallyport::http
