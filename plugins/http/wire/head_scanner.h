// Looks for the empty line that ends a head or trailers, and for line ends that not everybody reads alike. It
// remembers how far it has looked: cutting the input finer costs nothing.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string_view>

#include "plugins/http/wire/fault.h"

namespace sallyport::http {

class HeadScanner {
 public:
  explicit HeadScanner(size_t size_max) : size_max_(size_max) {}
  // `text`: what it was shown before, and more. Where the empty line's CRLF ends; nothing: not yet.
  [[nodiscard]] std::expected<std::optional<size_t>, Fault> find_end(std::string_view text);
  // Whether the first line has come to its end.
  [[nodiscard]] bool has_line() const { return has_line_; }

 private:
  size_t size_max_;
  size_t looked_ = 0, line_begin_ = 0;
  bool has_line_ = false;
};

}  // namespace sallyport::http
