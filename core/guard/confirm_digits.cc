#include "core/guard/confirm_digits.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

#include "core/guard/checks.h"
#include "core/guard/confirm_text.h"
#include "core/guard/digit_groups.h"
#include "core/guard/digits.h"

namespace sallyport::guard {
namespace {

constexpr uint32_t card_size_min = 13;
constexpr uint32_t card_size_max = 19;
constexpr uint32_t date_tail_size_max = 8;  // of a time after a date; no number of its own is that short

struct CardDigits {
  std::array<uint8_t, card_size_max> bytes{};
  uint32_t count = 0;
  [[nodiscard]] Bytes all() const { return {bytes.data(), count}; }
};

// Cards of 13 digits have all but gone, while each tenth article number that begins with a 4 looks like one.
bool is_article_number(const CardDigits& digits, const Groups& groups) {
  return groups.size(0) == 13 && digits.count == 13 && ean13_valid(digits.all());
}

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
        luhn_valid(digits.all()) && !is_article_number(digits, groups)) {
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
        !contains_upper(before, "SOCIAL_SEC") &&
        !has_context(field, groups.at[0], "SSN|SOCIAL SECURITY|SOCIAL_SECURITY")) {
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

// The hit that starts with the group at `begin`, the longest first.
std::optional<DigitHit> judge_start(Bytes field, uint32_t begin, uint32_t end, DetectorSet detectors) {
  const Groups groups = groups_from(field, begin, end);
  constexpr uint32_t lone_size_min = 7;  // of a Spanish NIE
  if (groups.count == 1 && groups.size(0) < lone_size_min) return std::nullopt;
  std::optional<DigitHit> best;
  const auto offer = [&best](std::optional<Range> range, DetectorId detector) {
    if (range && (!best || range->size() >= best->range.size())) best = DigitHit{*range, detector};
  };
  if (detectors.has(DetectorId::IpAddress)) offer(judge_ip_address(groups), DetectorId::IpAddress);
  if (detectors.has(DetectorId::Phone)) offer(judge_phone(groups), DetectorId::Phone);
  if (detectors.has(DetectorId::UsSsn)) offer(ssn(groups), DetectorId::UsSsn);
  if (const auto national = judge_national(groups, detectors)) offer(national->range, national->detector);
  if (detectors.has(DetectorId::CreditCard)) offer(card(groups), DetectorId::CreditCard);
  if (best && inside_hex(field, best->range)) return std::nullopt;
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

bool worth_judging(Bytes field, Range run, uint64_t digits) {
  constexpr uint64_t date = 0b11'0110'1111;  // dddd-dd-dd, the first byte in bit 0
  constexpr uint32_t date_size = 10;
  constexpr uint32_t word_size_min = 3;  // of what gives a number a meaning
  const auto count = static_cast<uint32_t>(std::popcount(digits));
  if (digits == 0) return false;
  constexpr size_t uuid_size = 36;
  if (field.size() == uuid_size && field[8] == '-' && field[23] == '-' && is_uuid_at(field, 0)) return false;
  const Bytes bytes = field.subspan(run.begin, run.size());
  const uint64_t first = digits >> std::countr_zero(digits);
  if (std::has_single_bit(first + 1)) {  // one group
    if (count >= card_size_min) return true;
    if (count >= 9 && field.size() >= run.size() + word_size_min) return true;
    const bool letter_after = run.end < field.size() && is_alpha(field[run.end]);
    return (count == 7 || count == 8) && letter_after
               ? true
               : count >= 8 && std::ranges::find(bytes, '+') != bytes.end();
  }
  if (count < 9) {
    if (count >= 8 && std::ranges::find(bytes, '+') != bytes.end()) return true;
    if (count < 4) return false;
    const uint8_t gap = bytes[static_cast<size_t>(std::countr_zero(digits) + std::countr_one(first))];
    const int groups = std::popcount(digits & ~(digits << 1));
    if (gap == '.') return groups >= 4;  // an address
    // A British NINO in its printed form.
    return gap == ' ' && count == 6 && groups == 3 && run.begin > 0 && is_alpha(field[run.begin - 1]) &&
           run.end < field.size() && is_alpha(field[run.end]);
  }
  const bool is_date = (digits & ((1 << date_size) - 1)) == date && bytes[4] == '-' && bytes[7] == '-' &&
                       run.size() < date_size + date_tail_size_max &&
                       (run.size() == date_size || bytes[date_size] == ' ');
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
