// The host as one session sees it. Two pointers that are lent for the session's whole life
// (plugins/plugin.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/plugin.h"

namespace sallyport::pg {

struct Link {
  const sp_host* host = nullptr;
  sp_session* session = nullptr;
};

// A run-time parameter: of a StartupMessage, or of a ParameterStatus.
struct Parameter {
  std::string name;
  std::string value;
};

// What BackendKeyData carries. Protocol 3.0 has 4 bytes of secret, 3.2 has 4 to 256.
struct BackendKey {
  uint32_t process_id = 0;
  std::string secret;
};

inline sp_text text_of(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view_of(sp_text text) { return {text.data, text.size}; }

}  // namespace sallyport::pg
