#include "plugins/postgresql/rows/valid.h"

#include <charconv>

namespace sallyport::pg {

namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }

size_t skip_digits(std::string_view text, size_t at) {
  while (at < text.size() && digit(text[at])) ++at;
  return at;
}

}  // namespace

bool read_integer(std::string_view text, int64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

bool valid_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text == "NaN" || text == "Infinity") return true;
  size_t at = skip_digits(text, 0);
  size_t count = at;
  if (at < text.size() && text[at] == '.') {
    const size_t from = at + 1;
    at = skip_digits(text, from);
    count += at - from;
  }
  if (count == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    size_t from = at + 1;
    if (from < text.size() && (text[from] == '+' || text[from] == '-')) ++from;
    at = skip_digits(text, from);
    if (at == from) return false;
  }
  return at == text.size();
}

bool valid_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    const bool hex = digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

}  // namespace sallyport::pg
