#include "plugins/http/body/text_body.h"

#include <cstdint>
#include <utility>

#include "plugins/http/body/json_body.h"

namespace sallyport::http {

namespace {

// Bytes of the character that begins here; 0: none does (RFC 3629, section 4).
size_t character_size(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = at(0);
  if (first < 0x80) return first == 0 ? 0 : 1;
  const size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  const bool is_short = (first == 0xE0 && at(1) < 0xA0) || (first == 0xF0 && at(1) < 0x90);
  const bool is_other = (first == 0xED && at(1) > 0x9F) || (first == 0xF4 && at(1) > 0x8F);
  return is_short || is_other ? 0 : size;
}

}  // namespace

bool is_text(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t size = character_size(bytes);
    if (size == 0) return false;
    bytes.remove_prefix(size);
  }
  return true;
}

bool mask_text(Looker& looker, std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  const bool may_be_json = first != text.npos && std::string_view("{[\"").contains(text[first]);
  JsonBody reader(looker, false);
  std::string shown;
  if (may_be_json && reader.feed(text, shown) && reader.finish(shown)) {
    text = std::move(shown);
    return true;
  }
  return text.empty() || looker.mask(text, SP_KIND_TEXT, body_path);
}

std::expected<void, BodyFault> TextBody::feed(std::string_view bytes, std::string&) {
  if (bytes.size() > value_size_max - text_.size()) return std::unexpected(too_large_to_mask);
  text_.append(bytes);
  return {};
}

std::expected<void, BodyFault> TextBody::finish(std::string& out) {
  if (!is_text(text_)) return std::unexpected(not_text);
  if (!mask_text(looker_, text_)) return std::unexpected(withheld_whole);
  out.append(text_);
  text_.clear();
  return {};
}

}  // namespace sallyport::http
