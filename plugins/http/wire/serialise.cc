#include "plugins/http/wire/serialise.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "plugins/http/wire/characters.h"

namespace sallyport::http {

namespace {

bool is_word(std::string_view text) {
  return !text.empty() && std::ranges::none_of(text, [](char c) { return is_control(c) || c == ' '; });
}

bool is_line(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return is_control(c) && c != '\t'; });
}

bool add_fields(const Fields& fields, std::string& out) {
  for (const Field& field : fields) {
    if (!is_token(field.name) || !is_line(field.value)) return false;
    out.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  out.append("\r\n");
  return true;
}

}  // namespace

std::optional<std::string> serialised(const RequestHead& head) {
  const bool has_query = head.has_query && head.form != TargetForm::asterisk;
  if (!is_token(head.method) || !is_word(head.path)) return std::nullopt;
  if (has_query && !head.query.empty() && !is_word(head.query)) return std::nullopt;
  std::string out = head.method + " " + head.path;
  if (has_query) out.append("?").append(head.query);
  out.append(" HTTP/1.1\r\n");
  if (!add_fields(head.fields, out)) return std::nullopt;
  return out;
}

std::optional<std::string> serialised(const ResponseHead& head) {
  if (head.status < 100 || head.status > 599 || !is_line(head.reason)) return std::nullopt;
  std::string out = "HTTP/1.1 " + std::to_string(head.status) + " " + head.reason + "\r\n";
  if (!add_fields(head.fields, out)) return std::nullopt;
  return out;
}

std::string chunk_begin(size_t size) {
  std::array<char, 2 * sizeof size> digits{};
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
  return std::string(digits.data(), static_cast<size_t>(end - digits.data())) + "\r\n";
}

std::optional<std::string> last_chunk(const Fields& trailers) {
  std::string out = "0\r\n";
  if (!add_fields(trailers, out)) return std::nullopt;
  return out;
}

}  // namespace sallyport::http
