// Content codings (RFC 9110, 8.4.1; RFC 1950 to 1952, RFC 7932, RFC 8878) undone as bytes come. What a small
// body may grow into is bounded. Sans-I/O; session's thread.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "plugins/http/body/body_mask.h"

namespace sallyport::http {

inline constexpr uint64_t decoded_free_size = 1024 * 1024;  // so much may come of anything
inline constexpr uint64_t decoded_ratio_max = 200;          // and beyond it so many times the coded size

enum class Coding { identity, gzip, deflate, br, zstd };
// Nothing: one that is not known, or several.
[[nodiscard]] std::optional<Coding> coding_of(std::string_view content_encoding);

class Decoder {
 public:
  using Sink = std::function<std::expected<void, BodyFault>(std::string_view)>;
  virtual ~Decoder() = default;
  // Hands what comes of `bytes` on, in pieces of at most 64 KiB.
  [[nodiscard]] virtual std::expected<void, BodyFault> feed(std::string_view bytes, const Sink& sink) = 0;
  // An error where the end is missing.
  [[nodiscard]] virtual std::expected<void, BodyFault> finish() = 0;
};
// Null where there is no memory for it. `coding` is not identity.
[[nodiscard]] std::unique_ptr<Decoder> make_decoder(Coding coding);

}  // namespace sallyport::http
