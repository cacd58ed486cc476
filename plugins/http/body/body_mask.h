// A body on its way to the caller, read and masked piece by piece. Sans-I/O; session's thread.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "plugins/http/body/looker.h"

namespace sallyport::http {

inline constexpr size_t value_size_max = 1024 * 1024;  // of what must be looked at whole
inline constexpr size_t segment_size_min = 64 * 1024;  // of JSON that is looked at together
inline constexpr size_t json_depth_max = 128;
inline constexpr size_t body_name_size_max = 512;  // of a place's path; what lies deeper shares it

struct BodyFault {
  std::string_view code;  // for the record
  std::string_view text;  // for the caller: constant memory
};

class BodyMask {
 public:
  virtual ~BodyMask() = default;
  // Appends to `out` what may go on. After a fault nothing more may.
  [[nodiscard]] virtual std::expected<void, BodyFault> feed(std::string_view bytes, std::string& out) = 0;
  [[nodiscard]] virtual std::expected<void, BodyFault> finish(std::string& out) = 0;
};

// How a body is read, by its Content-Type (RFC 9110, 8.3). `none`: it cannot be looked into.
enum class Media { json, json_lines, events, form, text, none };
[[nodiscard]] Media media_of(std::string_view content_type);

// Null for Media::none.
[[nodiscard]] std::unique_ptr<BodyMask> make_body_mask(Media media, Looker& looker);

}  // namespace sallyport::http
