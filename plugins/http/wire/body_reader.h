// The body of one message: finds its payload among what frames it (RFC 9112, 6 and 7).
#pragma once

#include <cstdint>
#include <expected>
#include <span>

#include "plugins/http/wire/head_scanner.h"
#include "plugins/http/wire/message.h"
#include "plugins/http/wire/step.h"

namespace sallyport::http {

class BodyReader {
 public:
  BodyReader() = default;
  BodyReader(Framing framing, uint64_t length);

  // `body` steps, then `end`; `more`, or `bad`.
  [[nodiscard]] Step step(std::span<const uint8_t> unconsumed);
  [[nodiscard]] const Fields& trailers() const { return trailers_; }
  [[nodiscard]] const Fault& fault() const { return fault_; }

 private:
  enum class Place { data, chunk_size, after_chunk, trailers };

  [[nodiscard]] Step data_step(std::span<const uint8_t> unconsumed);
  [[nodiscard]] Step chunk_size_step(std::string_view text);
  [[nodiscard]] Step after_chunk_step(std::string_view text);
  [[nodiscard]] Step trailers_step(std::string_view text);
  [[nodiscard]] Step bad(const Fault& fault);

  Framing framing_ = Framing::none;
  Place place_ = Place::data;
  uint64_t left_ = 0;  // of the length, or of the chunk
  HeadScanner scanner_{0};
  Fields trailers_;
  Fault fault_;
};

}  // namespace sallyport::http
