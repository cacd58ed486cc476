#include "plugins/http/wire/head_scanner.h"

namespace sallyport::http {

namespace {

constexpr Fault bare_lf{400, "bare-lf", "a line ends with LF alone: end it with CRLF"};
constexpr Fault bare_cr{400, "bare-cr", "a CR stands without its LF"};
constexpr Fault nul{400, "nul", "a NUL byte stands in the head"};
constexpr Fault head_too_large{431, "head-too-large", "the head is too large"};

}  // namespace

std::expected<std::optional<size_t>, Fault> HeadScanner::find_end(std::string_view text) {
  while (looked_ < text.size()) {
    const char c = text[looked_];
    if (c == '\0') return std::unexpected(nul);
    if (c == '\n') return std::unexpected(bare_lf);
    if (looked_ >= size_max_) return std::unexpected(head_too_large);
    if (c != '\r') {
      ++looked_;
      continue;
    }
    if (looked_ + 1 == text.size()) break;
    if (text[looked_ + 1] != '\n') return std::unexpected(bare_cr);
    const bool is_empty = looked_ == line_begin_;
    looked_ += 2;
    line_begin_ = looked_;
    if (is_empty) return looked_;
    has_line_ = true;
  }
  return std::nullopt;
}

}  // namespace sallyport::http
