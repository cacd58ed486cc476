#include "plugins/http/wire/framing.h"

#include <algorithm>

#include "plugins/http/wire/characters.h"
#include "plugins/http/wire/limits.h"

namespace sallyport::http {

namespace {

constexpr Fault both_lengths{400, "both-lengths", "both Content-Length and Transfer-Encoding"};
constexpr Fault coding_in_1_0{400, "coding-in-1.0", "Transfer-Encoding in an HTTP/1.0 message"};
constexpr Fault unknown_coding{501, "unknown-coding", "a Transfer-Encoding other than one chunked"};
constexpr Fault two_lengths{400, "two-lengths", "more than one Content-Length"};
constexpr Fault bad_length{400, "bad-length", "a Content-Length that is not 1 to 15 decimal digits"};

}  // namespace

std::expected<std::optional<Framed>, Fault> framed_by(const Fields& fields, unsigned minor_version) {
  const size_t codings = fields.count("transfer-encoding"), lengths = fields.count("content-length");
  if (codings > 0 && lengths > 0) return std::unexpected(both_lengths);
  if (codings > 0) {
    if (minor_version == 0) return std::unexpected(coding_in_1_0);
    if (codings > 1 || !same_word(*fields.find("transfer-encoding"), "chunked"))
      return std::unexpected(unknown_coding);
    return Framed{.framing = Framing::chunked};
  }
  if (lengths == 0) return std::nullopt;
  if (lengths > 1) return std::unexpected(two_lengths);
  const std::string_view text = *fields.find("content-length");
  if (text.empty() || text.size() > length_digit_count_max || !std::ranges::all_of(text, is_digit))
    return std::unexpected(bad_length);
  uint64_t length = 0;
  for (const char c : text) length = length * 10 + static_cast<uint64_t>(c - '0');
  return Framed{.framing = Framing::length, .length = length};
}

bool keeps_alive(const Fields& fields, unsigned minor_version) {
  if (fields.lists("connection", "close")) return false;
  return minor_version >= 1 || fields.lists("connection", "keep-alive");
}

}  // namespace sallyport::http
