// Numbers that hold letters; the core is two letters and two digits somewhere in them.
#include <array>

#include "core/guard/checks.h"
#include "core/guard/confirm_text.h"
#include "core/guard/national.h"

namespace sallyport::guard {
namespace {

// Does the text at `begin` have this shape (A: upper-case letter, 9: digit, X: either), with no letter or
// digit on either side?
bool has_shape(Bytes field, size_t begin, std::string_view shape) {
  if (field.size() < begin + shape.size() || is_alnum_before(field, begin) ||
      is_alnum_at(field, begin + shape.size())) {
    return false;
  }
  for (size_t i = 0; i < shape.size(); ++i) {
    const uint8_t c = field[begin + i];
    if (shape[i] == 'A' ? !is_upper(c) : shape[i] == '9' ? !is_digit(c) : !is_upper_digit(c)) return false;
  }
  return true;
}

// Omocodia: of two people with the same code one gets letters for digits.
int codice_digit(uint8_t c) {
  if (is_digit(c)) return c - '0';
  const size_t at = std::string_view("LMNPQRSTUV").find(static_cast<char>(c));
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

// Decreto ministeriale 12 marzo 1974: letters and digits at odd places (the first is odd) have values of
// their own.
uint8_t codice_check(Bytes head) {
  constexpr uint8_t odd[] = {1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
                             20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
  uint32_t sum = 0;
  for (size_t i = 0; i < head.size(); ++i) {
    const auto value = static_cast<uint32_t>(is_digit(head[i]) ? head[i] - '0' : head[i] - 'A');
    sum += i % 2 == 0 ? odd[value] : value;
  }
  return static_cast<uint8_t>('A' + sum % 26);
}

}  // namespace

std::optional<Range> confirm_uk_nino(Bytes field, uint32_t end) {
  constexpr uint32_t size = 9;
  if (end < 4) return {};
  const size_t begin = end - 4;
  if (!has_shape(field, begin, "AA999999A") || field[begin + size - 1] > 'D') return {};
  if (!uk_nino_prefix_valid(field[begin], field[begin + 1])) return {};
  if (std::ranges::all_of(field.subspan(begin + 2, 6), [](uint8_t c) { return c == '0'; })) return {};
  return range(begin, begin + size);
}

std::optional<Range> confirm_it_codice_fiscale(Bytes field, uint32_t end) {
  constexpr size_t size = 16;
  constexpr size_t core_at = 4;
  if (end < core_at + 4) return {};
  const size_t begin = end - 4 - core_at;
  if (!has_shape(field, begin, "AAAAAAXXAXXAXXXA")) return {};
  const Bytes code = field.subspan(begin, size);
  for (const size_t i : {6, 7, 9, 10, 12, 13, 14}) {
    if (codice_digit(code[i]) < 0) return {};
  }
  const size_t month = std::string_view("ABCDEHLMPRST").find(static_cast<char>(code[8]));
  const int day = codice_digit(code[9]) * 10 + codice_digit(code[10]);
  if (month == std::string_view::npos || day < 1 || day > 71 || (day > 31 && day < 41)) return {};
  if (codice_check(code.first(size - 1)) != code[size - 1]) return {};
  return range(begin, begin + size);
}

// SEGOB, Instructivo normativo para la asignación de la CURP: weights 18 to 2 over values where Ñ has a place
// after N.
std::optional<Range> confirm_mx_curp(Bytes field, uint32_t end) {
  constexpr size_t size = 18;
  constexpr size_t core_at = 2;
  if (end < core_at + 4) return {};
  const size_t begin = end - 4 - core_at;
  if (!has_shape(field, begin, "AAAA999999AAAAAAX9")) return {};
  const Bytes code = field.subspan(begin, size);
  const auto two = [&](size_t at) { return static_cast<uint32_t>(number_of(code.subspan(at, 2))); };
  if (!is_short_date(two(4), two(6), two(8)) || (code[10] != 'H' && code[10] != 'M' && code[10] != 'X'))
    return {};
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < size; ++i) {
    const uint8_t c = code[i];
    const auto value = static_cast<uint32_t>(is_digit(c) ? c - '0' : c - 'A' + 10 + (c > 'N' ? 1 : 0));
    sum += value * static_cast<uint32_t>(size - i);
  }
  if ((10 - sum % 10) % 10 != static_cast<uint32_t>(code[size - 1] - '0')) return {};
  return range(begin, begin + size);
}

// Income Tax Department: three letters, the kind of holder, a letter of the name, four digits, a check letter
// whose rule is not published.
std::optional<Range> confirm_in_pan(Bytes field, uint32_t end) {
  constexpr size_t size = 10;
  constexpr size_t core_at = 3;
  constexpr size_t holder_at = 3;
  if (end < core_at + 4) return {};
  const size_t begin = end - 4 - core_at;
  if (!has_shape(field, begin, "AAAAA9999A")) return {};
  const auto holder = static_cast<char>(field[begin + holder_at]);
  if (std::string_view("ABCFGHJLPT").find(holder) == std::string_view::npos) return {};
  if (as_text(field.subspan(begin + 5, 4)) == "0000") return {};
  return range(begin, begin + size);
}

}  // namespace sallyport::guard
