// Groups of digits and the gaps between them, as people write numbers.
#pragma once

#include <array>
#include <string_view>

#include "core/guard/confirm.h"

namespace sallyport::guard {

inline constexpr size_t group_count_max = 8;
inline constexpr uint32_t gap_size_max = 3;

// Consecutive groups of digits, with at most gap_size_max gap bytes (space - . / ( )) between one and the
// next.
struct Groups {
  Bytes field;
  std::array<Range, group_count_max> at{};
  size_t count = 0;
  bool more = false;  // there is another group after these

  [[nodiscard]] uint32_t size(size_t index) const { return at[index].size(); }
  [[nodiscard]] uint8_t digit(size_t index, size_t offset) const { return field[at[index].begin + offset]; }
  // Between group `index` and the one after it.
  [[nodiscard]] std::string_view gap(size_t index) const {
    return as_text(field.subspan(at[index].end, at[index + 1].begin - at[index].end));
  }
  [[nodiscard]] uint32_t number(size_t index) const;
  [[nodiscard]] bool same_gaps(size_t from, size_t to) const;
};

[[nodiscard]] Groups groups_from(Bytes field, uint32_t begin, uint32_t end);

// Does a digit stand before `begin` (or after `end`), joined by one of `joints`?
[[nodiscard]] bool joined_left(Bytes field, uint32_t begin, std::string_view joints);
[[nodiscard]] bool joined_right(Bytes field, uint32_t end, std::string_view joints);

[[nodiscard]] bool is_uuid_at(Bytes field, size_t begin);
// Is [begin, end) a part of a UUID, or of a hexadecimal string of 24 characters and more with some
// letters?
[[nodiscard]] bool inside_hex(Bytes field, Range range);

// Each judges the number that starts with the first group.
[[nodiscard]] std::optional<Range> judge_phone(const Groups& groups);
[[nodiscard]] std::optional<Range> judge_ip_address(const Groups& groups);
// National numbers (national.cc): the longest that `detectors` know.
struct DigitHit;
[[nodiscard]] std::optional<DigitHit> judge_national(const Groups& groups, DetectorSet detectors);

}  // namespace sallyport::guard
