// How a message's fields say that its body is framed (RFC 9112, 6). Whatever two readers might take
// differently is refused. Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include "plugins/http/wire/fault.h"
#include "plugins/http/wire/message.h"

namespace sallyport::http {

struct Framed {
  Framing framing = Framing::none;
  uint64_t length = 0;
};

// Nothing: the fields say nothing of it.
[[nodiscard]] std::expected<std::optional<Framed>, Fault> framed_by(const Fields& fields,
                                                                    unsigned minor_version);
// Whether the connection lives on behind the message (RFC 9112, 9.3).
[[nodiscard]] bool keeps_alive(const Fields& fields, unsigned minor_version);

}  // namespace sallyport::http
