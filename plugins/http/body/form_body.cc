#include "plugins/http/body/form_body.h"

#include <algorithm>
#include <optional>

#include "plugins/http/body/text_body.h"

namespace sallyport::http {

namespace {

std::optional<unsigned> digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

}  // namespace

std::string form_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto high = text[i] == '%' && i + 2 < text.size() ? digit(text[i + 1]) : std::nullopt;
    const auto low = high ? digit(text[i + 2]) : std::nullopt;
    if (low) {
      out += static_cast<char>(*high << 4 | *low);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string form_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (isalnum(byte) != 0 || c == '*' || c == '-' || c == '.' || c == '_') {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

std::expected<void, BodyFault> FormBody::feed(std::string_view bytes, std::string&) {
  if (bytes.size() > value_size_max - text_.size()) return std::unexpected(too_large_to_mask);
  text_.append(bytes);
  return {};
}

std::expected<void, BodyFault> FormBody::pair(std::string_view text, std::string& out) {
  const size_t equals = std::min(text.find('='), text.size());
  const std::string plain_key = form_decoded(text.substr(0, equals));
  std::string key = plain_key;
  std::string value = form_decoded(text.substr(std::min(equals + 1, text.size())));
  if (!is_text(key) || !is_text(value)) return std::unexpected(not_text);
  if (!looker_.mask(key, SP_KIND_TEXT, body_path)) return std::unexpected(withheld_whole);
  std::string path(body_path);
  path.append(".").append(plain_key.substr(0, body_name_size_max));
  const std::string plain = value;
  if (!looker_.mask(value, SP_KIND_TEXT, path)) value.clear();
  if (key == plain_key && value == plain) {
    out.append(text);
  } else {
    out.append(form_encoded(key)).append("=").append(form_encoded(value));
  }
  return {};
}

std::expected<void, BodyFault> FormBody::finish(std::string& out) {
  std::string_view rest = text_;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('&'), rest.size());
    if (const auto done = pair(rest.substr(0, end), out); !done) return done;
    if (end < rest.size()) out += '&';
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  text_.clear();
  return {};
}

}  // namespace sallyport::http
