#include "plugins/postgresql/rows/numeric.h"

#include <algorithm>
#include <vector>

namespace sallyport::pg {

namespace {

constexpr int digits_per_group = 4;
constexpr uint16_t sign_negative = 0x4000, not_a_number = 0xC000, plus_infinity = 0xD000,
                   minus_infinity = 0xF000;

void append_u16(std::string& out, size_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value);
}

void append_group(std::string& out, uint16_t group) {
  const std::string digits = std::to_string(group);
  out.append(digits_per_group - digits.size(), '0').append(digits);
}

bool all_digits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool decode_numeric(Bytes wire, std::string& out) {
  Cursor cursor(wire);
  const uint16_t count = cursor.u16();
  const int weight = cursor.i16();
  const uint16_t sign = cursor.u16();
  const size_t scale = cursor.u16();
  if (!cursor.ok() || cursor.rest().size() != size_t{count} * 2) return false;
  if (sign == not_a_number || sign == plus_infinity || sign == minus_infinity) {
    out += sign == not_a_number ? "NaN" : sign == plus_infinity ? "Infinity" : "-Infinity";
    return true;
  }
  if (sign != 0 && sign != sign_negative) return false;
  const int groups_max = static_cast<int>(numeric_digit_count_max) / digits_per_group;
  if (weight >= groups_max || weight < -groups_max || scale > numeric_digit_count_max) return false;
  std::vector<uint16_t> groups(count);
  for (uint16_t& group : groups) {
    group = cursor.u16();
    if (group > 9999) return false;
  }
  const auto group_at = [&](int index) {
    return index >= 0 && index < static_cast<int>(groups.size()) ? groups[static_cast<size_t>(index)]
                                                                 : uint16_t{0};
  };
  std::string whole;
  for (int i = 0; i <= weight; ++i) append_group(whole, group_at(i));
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  std::string fraction;
  for (int i = weight + 1; fraction.size() < scale; ++i) append_group(fraction, group_at(i));
  fraction.resize(scale);
  if (sign == sign_negative) out += '-';
  out += whole.empty() ? "0" : whole;
  if (scale > 0) out += "." + fraction;
  return true;
}

bool encode_numeric(std::string_view text, std::string& out) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const size_t point = std::min(text.find('.'), text.size());
  std::string whole(text.substr(0, point));
  std::string fraction(point < text.size() ? text.substr(point + 1) : std::string_view());
  if (whole.empty() || whole.size() + fraction.size() > numeric_digit_count_max) return false;
  if (!all_digits(whole) || !all_digits(fraction)) return false;
  const size_t scale = fraction.size();
  whole.insert(0, (digits_per_group - whole.size() % digits_per_group) % digits_per_group, '0');
  fraction.append((digits_per_group - fraction.size() % digits_per_group) % digits_per_group, '0');
  const std::string digits = whole + fraction;
  std::vector<uint16_t> groups;
  for (size_t i = 0; i < digits.size(); i += digits_per_group) {
    groups.push_back(static_cast<uint16_t>(std::stoi(digits.substr(i, digits_per_group))));
  }
  int weight = static_cast<int>(whole.size()) / digits_per_group - 1;
  while (!groups.empty() && groups.back() == 0) groups.pop_back();
  while (!groups.empty() && groups.front() == 0) {
    groups.erase(groups.begin());
    --weight;
  }
  append_u16(out, groups.size());
  append_u16(out, static_cast<size_t>(groups.empty() ? 0 : weight) & 0xFFFF);
  append_u16(out, negative && !groups.empty() ? sign_negative : 0);
  append_u16(out, scale);
  for (const uint16_t group : groups) append_u16(out, group);
  return true;
}

bool not_above(std::string_view low, std::string_view high) {
  struct Number {
    bool negative;
    std::string_view whole, fraction;
  };
  const auto read = [](std::string_view text, Number& out) {
    out.negative = text.starts_with('-');
    if (out.negative) text.remove_prefix(1);
    const size_t point = std::min(text.find('.'), text.size());
    out.whole = text.substr(0, point);
    out.fraction = text.substr(std::min(point + 1, text.size()));
    if (out.whole.empty() || !all_digits(out.whole) || !all_digits(out.fraction)) return false;
    out.whole.remove_prefix(std::min(out.whole.find_first_not_of('0'), out.whole.size()));
    out.fraction = out.fraction.substr(0, out.fraction.find_last_not_of('0') + 1);
    if (out.whole.empty() && out.fraction.empty()) out.negative = false;
    return true;
  };
  // Of the amounts, without signs. Digits compare as texts once the whole parts are equally long.
  const auto compare = [](const Number& a, const Number& b) {
    if (a.whole.size() != b.whole.size()) return a.whole.size() < b.whole.size() ? -1 : 1;
    const int whole = a.whole.compare(b.whole);
    return whole != 0 ? whole : a.fraction.compare(b.fraction);
  };
  Number a{}, b{};
  if (!read(low, a) || !read(high, b)) return false;
  if (a.negative != b.negative) return a.negative;
  return a.negative ? compare(b, a) <= 0 : compare(a, b) <= 0;
}

}  // namespace sallyport::pg
