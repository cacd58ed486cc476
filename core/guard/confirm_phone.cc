// Telephone numbers; the rules stand in confirm_digits.h.
#include "core/guard/digit_groups.h"

namespace sallyport::guard {
namespace {

// +49 (30) 123456-78, and 0049 30 …
std::optional<Range> phone_international(const Groups& groups) {
  const Bytes field = groups.field;
  const uint32_t first = groups.at[0].begin;
  uint32_t begin = first;
  if (begin > 0 && field[begin - 1] == '(') --begin;
  const bool plus = begin > 0 && field[begin - 1] == '+';
  const uint32_t prefix = plus ? 0 : 2;
  if (plus) --begin;
  if (!plus && (groups.size(0) < 3 || groups.digit(0, 0) != '0' || groups.digit(0, 1) != '0'))
    return std::nullopt;
  if (groups.size(0) <= prefix || groups.digit(0, prefix) == '0') return std::nullopt;
  if (plus ? begin > 0 && is_alnum(field[begin - 1]) : joined_left(field, first, "-./ ")) return std::nullopt;

  const uint8_t zone = groups.digit(0, prefix);
  const bool fixed = zone == '1' || zone == '7';
  const uint32_t size_min = (fixed ? 11 : 8) + prefix;
  const uint32_t size_max = (fixed ? 11 : 15) + prefix;
  uint32_t digits = 0;
  std::optional<Range> found;
  for (size_t i = 0; i < groups.count; ++i) {
    digits += groups.size(i);
    // (0) between the country and the area is the national prefix, dialled or not.
    if (groups.size(i) == 1 && groups.digit(i, 0) == '0' && i > 0) --digits;
    if (digits > size_max) break;
    if (digits >= size_min && (plus || i > 0)) found = Range{begin, groups.at[i].end};
  }
  return found;
}

// (415) 555-2671, 415-555-2671, 1.415.555.2671: the North American plan's 3-3-4 (NANPA: N is 2-9, no N11
// exchange).
std::optional<Range> phone_north_american(const Groups& groups) {
  const Bytes field = groups.field;
  const size_t area = groups.size(0) == 1 && groups.digit(0, 0) == '1' ? 1 : 0;
  if (groups.count < area + 3) return std::nullopt;
  if (groups.size(area) != 3 || groups.size(area + 1) != 3 || groups.size(area + 2) != 4) return std::nullopt;
  for (size_t i = area; i < area + 2; ++i) {
    if (groups.digit(i, 0) < '2' || (groups.digit(i, 1) == '1' && groups.digit(i, 2) == '1'))
      return std::nullopt;
  }
  if (groups.gap(area + 1).size() > 1 ||
      groups.gap(area + 1).find_first_of("/()") != std::string_view::npos) {
    return std::nullopt;
  }
  uint32_t begin = groups.at[0].begin;
  const uint32_t end = groups.at[area + 2].end;
  if (begin > 0 && field[begin - 1] == '(') --begin;
  if (joined_left(field, begin, "-./") || joined_right(field, end, "-./")) return std::nullopt;
  return Range{begin, end};
}

// 020 7946 0958, (030) 123456, 06 12 34 56 78: a national number with its trunk zero.
std::optional<Range> phone_national(const Groups& groups) {
  const Bytes field = groups.field;
  if (groups.size(0) < 2 || groups.size(0) > 5 || groups.digit(0, 0) != '0' || groups.digit(0, 1) == '0') {
    return std::nullopt;
  }
  if (groups.count < 2 || groups.count > 5 || groups.more) return std::nullopt;
  uint32_t digits = 0;
  for (size_t i = 0; i < groups.count; ++i) {
    if (groups.size(i) < 2) return std::nullopt;
    digits += groups.size(i);
  }
  if (digits < 9 || digits > 12 || !groups.same_gaps(1, groups.count - 1)) return std::nullopt;
  if (groups.count > 2 && groups.gap(1).size() > 1) return std::nullopt;
  // A decimal number; a date with something after it.
  if (groups.count == 2 && groups.gap(0) == ".") return std::nullopt;
  if (groups.count > 2 && groups.size(0) == 2 && groups.size(1) == 2 && groups.size(2) == 4)
    return std::nullopt;
  uint32_t begin = groups.at[0].begin;
  if (begin > 0 && field[begin - 1] == '(') --begin;
  const uint32_t end = groups.at[groups.count - 1].end;
  if (joined_left(field, begin, "-./ +") || joined_right(field, end, "-./ ")) return std::nullopt;
  return Range{begin, end};
}

}  // namespace

std::optional<Range> judge_phone(const Groups& groups) {
  if (const auto range = phone_international(groups)) return range;
  if (const auto range = phone_north_american(groups)) return range;
  return phone_national(groups);
}

}  // namespace sallyport::guard
