#include "core/guard/confirm_digits.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

#include "core/guard/confirm.h"
#include "core/guard/digits.h"

namespace sallyport::guard {
namespace {

constexpr size_t group_count_max = 8;
constexpr uint32_t gap_size_max = 3;
constexpr uint32_t card_size_min = 13;
constexpr uint32_t card_size_max = 19;

bool is_gap(uint8_t c) { return c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')'; }

// Consecutive groups of digits, with at most gap_size_max gap bytes between one and the next.
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
  [[nodiscard]] uint32_t number(size_t index) const {
    uint32_t value = 0;
    for (uint32_t i = at[index].begin; i < at[index].end; ++i) value = value * 10 + (field[i] - '0');
    return value;
  }
  [[nodiscard]] bool same_gaps(size_t from, size_t to) const {
    for (size_t i = from + 1; i < to; ++i) {
      if (gap(i) != gap(from)) return false;
    }
    return true;
  }
};

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

// Does a digit stand before `begin` (or after `end`), joined by one of `joints`?
bool joined_left(Bytes field, uint32_t begin, std::string_view joints) {
  return begin >= 2 && joints.find(static_cast<char>(field[begin - 1])) != std::string_view::npos &&
         is_digit(field[begin - 2]);
}
bool joined_right(Bytes field, uint32_t end, std::string_view joints) {
  return end + 1 < field.size() && joints.find(static_cast<char>(field[end])) != std::string_view::npos &&
         is_digit(field[end + 1]);
}

struct CardDigits {
  std::array<uint8_t, card_size_max> bytes{};
  uint32_t count = 0;
  [[nodiscard]] Bytes all() const { return {bytes.data(), count}; }
};

std::optional<Range> card(const Groups& groups) {
  const Bytes field = groups.field;
  const uint32_t begin = groups.at[0].begin;
  if (groups.size(0) < 4 || groups.size(0) > card_size_max) return std::nullopt;
  const bool fraction = begin > 0 && field[begin - 1] == '.' && begin > 1 && is_digit(field[begin - 2]);
  CardDigits digits;
  std::optional<Range> found;
  for (size_t i = 0; i < groups.count; ++i) {
    if (digits.count + groups.size(i) > card_size_max) break;
    if (i > 0 && groups.gap(i - 1).find_first_not_of(" -./") != std::string_view::npos) break;
    if (i > 1 && groups.gap(i - 1) != groups.gap(0)) break;
    for (uint32_t k = 0; k < groups.size(i); ++k) digits.bytes[digits.count++] = groups.digit(i, k);
    if (digits.count >= card_size_min && !(i == 0 && fraction) && card_issuer_known(digits.all()) &&
        luhn_valid(digits.all())) {
      found = Range{begin, groups.at[i].end};
    }
    if (groups.size(i) < 3) break;  // only the last group may be that short
  }
  return found;
}

bool ssn_valid(uint32_t area, uint32_t group, uint32_t serial) {
  return area != 0 && area != 666 && area < 900 && group != 0 && serial != 0;
}

std::optional<Range> ssn(const Groups& groups) {
  const Bytes field = groups.field;
  const uint32_t begin = groups.at[0].begin;
  if (groups.size(0) == 9) {
    const uint32_t number = groups.number(0);
    if (!ssn_valid(number / 1'000'000, number / 10'000 % 100, number % 10'000)) return std::nullopt;
    if (joined_left(field, begin, "-./") || joined_right(field, groups.at[0].end, "-./")) return std::nullopt;
    constexpr uint32_t context_size = 32;
    const Bytes before =
        field.subspan(begin > context_size ? begin - context_size : 0, std::min(begin, context_size));
    if (!contains_upper(before, "SSN") && !contains_upper(before, "SOCIAL SEC") &&
        !contains_upper(before, "SOCIAL_SEC")) {
      return std::nullopt;
    }
    return groups.at[0];
  }
  if (groups.count < 3 || groups.size(0) != 3 || groups.size(1) != 2 || groups.size(2) != 4)
    return std::nullopt;
  const std::string_view gap = groups.gap(0);
  if (gap != groups.gap(1) || gap.find_first_not_of(" -.") != std::string_view::npos) return std::nullopt;
  if (!ssn_valid(groups.number(0), groups.number(1), groups.number(2))) return std::nullopt;
  const uint32_t end = groups.at[2].end;
  const std::string_view joints = gap == " " ? "-. +" : "-.+";
  if (joined_left(field, begin, joints) || joined_right(field, end, joints)) return std::nullopt;
  if (gap == " " &&
      ((begin > 0 && is_alpha(field[begin - 1])) || (end < field.size() && is_alpha(field[end])))) {
    return std::nullopt;
  }
  return Range{begin, end};
}

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

std::optional<Range> phone(const Groups& groups) {
  if (const auto range = phone_international(groups)) return range;
  if (const auto range = phone_north_american(groups)) return range;
  return phone_national(groups);
}

// The hit that starts with the group at `begin`, the longest first.
std::optional<DigitHit> judge_start(Bytes field, uint32_t begin, uint32_t end, DetectorSet detectors) {
  const Groups groups = groups_from(field, begin, end);
  // A lone group is a card, a number after a plus, or nine digits after "ssn".
  const bool lone = groups.count == 1;
  if (lone && groups.size(0) < 8) return std::nullopt;
  std::optional<DigitHit> best;
  const auto offer = [&best](std::optional<Range> range, DetectorId detector) {
    if (range && (!best || range->size() >= best->range.size())) best = DigitHit{*range, detector};
  };
  if (detectors.has(DetectorId::Phone)) offer(phone(groups), DetectorId::Phone);
  if (detectors.has(DetectorId::UsSsn)) offer(ssn(groups), DetectorId::UsSsn);
  if (detectors.has(DetectorId::CreditCard)) offer(card(groups), DetectorId::CreditCard);
  return best;
}

}  // namespace

bool card_issuer_known(std::span<const uint8_t> digits) {
  if (digits.size() < card_size_min || digits.size() > card_size_max) return false;
  uint32_t six = 0;
  for (size_t i = 0; i < 6; ++i) six = six * 10 + (digits[i] - '0');
  const size_t size = digits.size();
  const auto within = [six](uint32_t from, uint32_t to) { return six >= from && six <= to; };
  if (within(400'000, 499'999)) return size == 13 || size == 16 || size == 19;  // Visa
  if (within(510'000, 559'999) || within(222'100, 272'099)) return size == 16;  // Mastercard
  if (within(340'000, 349'999) || within(370'000, 379'999)) return size == 15;  // Amex
  if (within(300'000, 305'999) || within(309'500, 309'599) || within(360'000, 369'999))
    return size >= 14;                                                          // Diners
  if (within(380'000, 399'999)) return size >= 14;                              // Diners
  if (within(352'800, 358'999) || within(620'000, 629'999)) return size >= 16;  // JCB, UnionPay
  if (within(600'000, 609'999) || within(644'000, 659'999)) return size >= 16;  // Discover, RuPay
  if (within(220'000, 220'499) || within(979'200, 979'299)) return size >= 16;  // Mir, Troy
  if (within(508'000, 508'999) || within(810'000, 829'999)) return size == 16;  // RuPay
  if (within(506'000, 506'199)) return size >= 16;                              // Verve
  return within(501'800, 501'899) || within(502'000, 502'099) || within(503'800, 503'899) ||
         within(589'300, 589'399) || within(630'400, 630'499) || within(675'900, 675'999) ||
         within(676'100, 676'399);  // Maestro
}

bool worth_judging(Bytes run, uint64_t digits) {
  constexpr uint64_t date = 0b11'0110'1111;  // dddd-dd-dd, the first byte in bit 0
  constexpr size_t date_size = 10;
  const int count = std::popcount(digits);
  if (count < 8) return false;
  const bool together = std::has_single_bit((digits >> std::countr_zero(digits)) + 1);
  if (count < 9 || (together && count != 9 && count < static_cast<int>(card_size_min))) {
    return count >= 8 && std::ranges::find(run, '+') != run.end();
  }
  const bool is_date = (digits & ((1 << date_size) - 1)) == date && run[4] == '-' && run[7] == '-' &&
                       run.size() < date_size + digit_run_size_min &&
                       (run.size() == date_size || run[date_size] == ' ');
  return !is_date;
}

void judge_digit_run(Bytes field, Range run, DetectorSet detectors, std::vector<DigitHit>& hits) {
  // A hit bounds what stands beside it: the rest is judged as if the field began or ended there, for so it
  // will look once the hit is masked. After a hit the groups before it are tried once more.
  uint32_t floor = 0;
  const auto next_start = [&field](uint32_t at, uint32_t end) {
    while (at < end && !is_digit(field[at])) ++at;
    return at;
  };
  const auto after_group = [&field](uint32_t at, uint32_t end) {
    while (at < end && is_digit(field[at])) ++at;
    return at;
  };
  const auto judge = [&](uint32_t at, uint32_t stop, uint32_t ceiling) {
    const Bytes part = field.subspan(floor, ceiling - floor);
    auto hit = judge_start(part, at - floor, std::min(stop, ceiling) - floor, detectors);
    if (hit) {
      hit->range.begin += floor;
      hit->range.end += floor;
    }
    return hit;
  };
  const auto size = static_cast<uint32_t>(field.size());
  for (uint32_t at = next_start(run.begin, run.end); at < run.end; at = next_start(at, run.end)) {
    const auto hit = judge(at, run.end, size);
    if (!hit) {
      at = after_group(at, run.end);
      continue;
    }
    hits.push_back(*hit);
    constexpr uint32_t look_back = 32;
    const uint32_t ceiling = hit->range.begin;
    uint32_t back = std::max({floor, run.begin, ceiling > look_back ? ceiling - look_back : 0});
    if (back > 0 && back > floor && is_digit(field[back - 1])) back = after_group(back, ceiling);
    for (back = next_start(back, ceiling); back < ceiling; back = next_start(back, ceiling)) {
      const auto earlier = judge(back, ceiling, ceiling);
      if (earlier) hits.push_back(*earlier);
      back = earlier ? earlier->range.end : after_group(back, ceiling);
      if (earlier) floor = earlier->range.end;
    }
    floor = at = hit->range.end;
  }
}

}  // namespace sallyport::guard
