// What the confirm functions share: runs of characters, and words near a value.
#pragma once

#include <algorithm>

#include "core/guard/confirm.h"

namespace sallyport::guard {

using CharTest = bool (*)(uint8_t);

constexpr bool is_upper_digit(uint8_t c) { return is_upper(c) || is_digit(c); }
constexpr bool is_word(uint8_t c) { return is_alnum(c) || c == '_'; }
constexpr bool is_base64(uint8_t c) { return is_alnum(c) || c == '/' || c == '+'; }
constexpr bool is_lower_hex(uint8_t c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
constexpr bool is_hex(uint8_t c) { return is_lower_hex(c) || (c >= 'A' && c <= 'F'); }

// How many bytes from `at` on satisfy `is`, up to `limit`.
template <typename Is>
size_t run_size(Bytes field, size_t at, size_t limit, Is is) {
  size_t size = 0;
  while (size < limit && at + size < field.size() && is(field[at + size])) ++size;
  return size;
}
// How many bytes before `at` do.
template <typename Is>
size_t run_size_before(Bytes field, size_t at, size_t limit, Is is) {
  size_t size = 0;
  while (size < limit && size < at && is(field[at - size - 1])) ++size;
  return size;
}

inline Range range(size_t begin, size_t end) {
  return {static_cast<uint32_t>(begin), static_cast<uint32_t>(end)};
}

inline bool ends_at(Bytes field, size_t end, std::string_view text) {
  return end >= text.size() && as_text(field.subspan(end - text.size(), text.size())) == text;
}

// Calls `use` with each of "a|b|c" until one returns true, and says whether one did.
template <typename Use>
bool any_part(std::string_view list, Use use) {
  for (size_t at = 0; at <= list.size();) {
    const size_t stop = std::min(list.find('|', at), list.size());
    if (use(list.substr(at, stop - at))) return true;
    at = stop + 1;
  }
  return false;
}

// Does the field's text up to `end` end with one of "A|B" (upper case), in any case? A core may have begun in
// the field before, so that each word is looked for again.
inline bool ends_with_word(Bytes field, size_t end, std::string_view words) {
  return any_part(words, [&](std::string_view word) {
    return end >= word.size() && matches_upper(field, end - word.size(), word);
  });
}

inline bool is_alnum_at(Bytes field, size_t at) { return at < field.size() && is_alnum(field[at]); }
inline bool is_alnum_before(Bytes field, size_t at) { return at > 0 && is_alnum(field[at - 1]); }

// Digits and letters both: what random tokens have and names have not.
inline bool is_mixed(Bytes bytes) {
  return std::ranges::any_of(bytes, is_digit) && std::ranges::any_of(bytes, is_alpha);
}

// Does one of the words ("A|B C", in upper case) stand near [begin, end), in any case, as a word: no letter
// on either side, but for humps (bsnNumber)? Near is context_before bytes before or context_after after it.
inline constexpr size_t context_before = 40;
inline constexpr size_t context_after = 32;
[[nodiscard]] bool has_context(Bytes field, Range value, std::string_view words);

}  // namespace sallyport::guard
