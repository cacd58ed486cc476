// A session's name on the command line: CORE.COUNTER, as in 0.17, of the newest instance that has it, or
// INSTANCE/CORE.COUNTER with the instance in hexadecimal for an older one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/error.h"

namespace sallyport::ringlog {

struct SessionName {
  std::optional<uint64_t> instance;
  uint64_t session = 0;  // as on records
};

[[nodiscard]] Result<SessionName> parse_session_name(const std::string& text);
[[nodiscard]] std::string session_text(uint64_t session);
[[nodiscard]] std::string session_text(uint64_t instance, uint64_t session);

}  // namespace sallyport::ringlog
