#include "core/guard/digit_groups.h"

#include <algorithm>

#include "core/guard/confirm_text.h"

namespace sallyport::guard {
namespace {

bool is_gap(uint8_t c) { return c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')'; }

}  // namespace

// RFC 9562 section 4: 8-4-4-4-12.
bool is_uuid_at(Bytes field, size_t begin) {
  constexpr size_t uuid_size = 36;
  if (field.size() < begin + uuid_size || is_alnum_before(field, begin) ||
      is_alnum_at(field, begin + uuid_size)) {
    return false;
  }
  for (size_t i = 0; i < uuid_size; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? field[begin + i] != '-' : !is_hex(field[begin + i])) return false;
  }
  return true;
}

uint32_t Groups::number(size_t index) const {
  uint32_t value = 0;
  for (uint32_t i = at[index].begin; i < at[index].end; ++i) value = value * 10 + (field[i] - '0');
  return value;
}

bool Groups::same_gaps(size_t from, size_t to) const {
  for (size_t i = from + 1; i < to; ++i) {
    if (gap(i) != gap(from)) return false;
  }
  return true;
}

Groups groups_from(Bytes field, uint32_t begin, uint32_t end) {
  Groups groups{.field = field};
  uint32_t at = begin;
  for (;;) {
    Range group{at, at};
    while (group.end < end && is_digit(field[group.end])) ++group.end;
    if (groups.count == group_count_max) {
      groups.more = true;
      return groups;
    }
    groups.at[groups.count++] = group;
    at = group.end;
    while (at < end && at - group.end <= gap_size_max && is_gap(field[at])) ++at;
    if (at == group.end || at - group.end > gap_size_max || at >= end || !is_digit(field[at])) return groups;
  }
}

bool joined_left(Bytes field, uint32_t begin, std::string_view joints) {
  return begin >= 2 && joints.find(static_cast<char>(field[begin - 1])) != std::string_view::npos &&
         is_digit(field[begin - 2]);
}

bool joined_right(Bytes field, uint32_t end, std::string_view joints) {
  return end + 1 < field.size() && joints.find(static_cast<char>(field[end])) != std::string_view::npos &&
         is_digit(field[end + 1]);
}

bool inside_hex(Bytes field, Range value) {
  constexpr size_t hex_size_min = 24;  // MongoDB's object id; MD5 has 32, SHA-1 40
  constexpr ptrdiff_t letters_min = 4;
  constexpr size_t walk_max = 256;
  const auto joins = [&](size_t at) { return is_hex(field[at]) || field[at] == '-'; };
  if (!(value.begin > 0 && joins(value.begin - 1)) && !(value.end < field.size() && joins(value.end)))
    return false;
  for (const size_t offset : {0, 9, 14, 19, 24}) {
    if (value.begin >= offset && is_uuid_at(field, value.begin - offset)) return true;
  }
  // The group may begin inside a UUID's.
  const size_t left = run_size_before(field, value.begin, walk_max, is_hex);
  const size_t right = run_size(field, value.end, walk_max, is_hex);
  for (const size_t offset : {0, 9, 14, 19, 24}) {
    if (left != 0 && value.begin - left >= offset && is_uuid_at(field, value.begin - left - offset))
      return true;
  }
  const Bytes token = field.subspan(value.begin - left, left + value.size() + right);
  if (token.size() < hex_size_min || !std::ranges::all_of(token, is_hex)) return false;
  const bool upper = std::ranges::any_of(token, is_upper);
  const bool lower = std::ranges::any_of(token, is_lower);
  return upper != lower && std::ranges::count_if(token, is_alpha) >= letters_min;
}

}  // namespace sallyport::guard
