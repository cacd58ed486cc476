// The heads of HTTP/1.1 messages (RFC 9110, RFC 9112), as the parsers found them.
#pragma once

#include <cstdint>
#include <string>

#include "plugins/http/wire/fields.h"

namespace sallyport::http {

// How a body ends (RFC 9112, 6.3).
enum class Framing { none, length, chunked, until_close };
// RFC 9112, 3.2. `authority` is CONNECT's, which is refused.
enum class TargetForm { origin, absolute, asterisk };

struct RequestHead {
  std::string method;
  TargetForm form = TargetForm::origin;
  std::string authority;  // HOST[:PORT], of Host; empty: an HTTP/1.0 request without one
  std::string path;       // normalised (path.h); "*" in asterisk form
  std::string query;      // as it was sent, without its mark
  bool has_query = false;
  unsigned minor_version = 1;
  Fields fields;
  Framing framing = Framing::none;
  uint64_t length = 0;  // bytes, where `framing` is `length`
  bool expects_continue = false;
  bool keep_alive = true;
};

struct ResponseHead {
  unsigned minor_version = 1;
  unsigned status = 0;
  std::string reason;
  Fields fields;
  Framing framing = Framing::none;
  uint64_t length = 0;  // bytes, where `framing` is `length`
  bool keep_alive = true;

  [[nodiscard]] bool is_interim() const { return status < 200; }
};

}  // namespace sallyport::http
