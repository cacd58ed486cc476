#include "core/control/webhook_text.h"

#include <array>
#include <cstdint>
#include <cstdio>

namespace sallyport {

namespace {

struct Character {
  uint32_t code = 0;
  size_t size = 1;  // bytes
  bool is_good = false;
};

// RFC 3629: the shortest form only, no surrogates.
Character first_of(std::string_view text) {
  const auto at = [&text](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return {lead, 1, true};
  const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {lead, 1, false};
  uint32_t code = lead & (0xffU >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xc0U) != 0x80) return {lead, 1, false};
    code = code << 6 | (at(i) & 0x3fU);
  }
  static constexpr std::array<uint32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
  if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {lead, 1, false};
  return {code, size, true};
}

// What has no picture of its own, joins with its neighbours unseen, or turns the text around it.
bool is_unseen(uint32_t code) {
  struct Range {
    uint32_t first, last;
  };
  static constexpr Range ranges[] = {{0x80, 0x9f},     {0xad, 0xad},     {0x34f, 0x34f},     {0x61c, 0x61c},
                                     {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f},   {0x200b, 0x200f},
                                     {0x2028, 0x202e}, {0x2060, 0x206f}, {0x2800, 0x2800},   {0x3164, 0x3164},
                                     {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0},   {0xfff0, 0xfffb},
                                     {0xe000, 0xf8ff}, {0xfdd0, 0xfdef}, {0xe0000, 0x10ffff}};
  for (const Range& range : ranges) {
    if (code >= range.first && code <= range.last) return true;
  }
  return (code & 0xfffe) == 0xfffe;
}

std::string numbered(const char* form, uint32_t number) {
  char text[24];
  const int size = snprintf(text, sizeof text, form, number);
  return {text, static_cast<size_t>(size)};
}

// U+2400 to U+2421: one picture for each control character of ASCII.
std::string picture(uint32_t code) {
  const uint32_t of = code == 0x7f ? 0x21 : code;
  return {'\xe2', '\x90', static_cast<char>(0x80 + of)};
}

}  // namespace

std::string visible_text(std::string_view text, bool keeps_lines) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character one = first_of(text);
    if (!one.is_good) {
      out += numbered("\\x{%02X}", one.code);
    } else if (keeps_lines && (one.code == '\n' || one.code == '\t')) {
      out += static_cast<char>(one.code);
    } else if (one.code < 0x20 || one.code == 0x7f) {
      out += picture(one.code);
    } else if (is_unseen(one.code)) {
      out += numbered("\\u{%04X}", one.code);
    } else {
      out += text.substr(0, one.size);
    }
    text.remove_prefix(one.size);
  }
  return out;
}

CutText mrkdwn_text(std::string_view text, size_t size_max) {
  CutText out;
  size_t count = 0;
  while (!text.empty()) {
    const Character one = first_of(text);
    std::string piece(text.substr(0, one.size));
    size_t width = one.size == 4 ? 2 : 1;
    switch (text.front()) {
      case '&': piece = "&amp;"; break;
      case '<': piece = "&lt;"; break;
      case '>': piece = "&gt;"; break;
      // Three of them would end the block that a statement stands in.
      case '`': piece = "\xcb\x8b"; break;
      default: break;
    }
    if (piece.front() == '&') width = piece.size();
    if (count + width > size_max) {
      out.is_whole = false;
      return out;
    }
    count += width;
    out.text += piece;
    text.remove_prefix(one.size);
  }
  return out;
}

}  // namespace sallyport
