#include "core/control/form.h"

#include <openssl/evp.h>

#include "config/quantity.h"

namespace sallyport {

namespace {

constexpr size_t base64_size_max = 8192;

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? digit_of(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? digit_of(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  if (out.find('\0') != std::string::npos) return std::nullopt;
  return out;
}

}  // namespace

std::string Form::text(std::string_view key) const {
  const auto found = fields.find(key);
  return found == fields.end() ? "" : found->second;
}

std::vector<std::string> Form::words(std::string_view key) const {
  std::vector<std::string> words;
  const std::string all = text(key);
  for (size_t begin = 0; begin < all.size();) {
    const size_t end = std::min(all.find(' ', begin), all.size());
    if (end > begin) words.push_back(all.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

std::optional<Form> parse_form(std::string_view text) {
  Form form;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    const auto key = unescape(pair.substr(0, equals));
    const auto value =
        equals == pair.npos ? std::optional<std::string>("") : unescape(pair.substr(equals + 1));
    if (!key || !value || !form.fields.emplace(*key, *value).second) return std::nullopt;
  }
  return form;
}

std::optional<Form> parse_form(const HttpRequest& request) {
  const std::string type = config::lower_case(request.content_type.substr(0, request.content_type.find(';')));
  if (type != "application/x-www-form-urlencoded") return std::nullopt;
  return parse_form(std::string_view(request.body));
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0 || text.size() > base64_size_max) return std::nullopt;
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  if (text.find('=') < text.size() - padding) return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  out.resize(static_cast<size_t>(size) - padding);
  return out;
}

}  // namespace sallyport
