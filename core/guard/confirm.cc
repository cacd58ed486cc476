
#include <algorithm>
#include <array>
#include <cstring>

#include "core/guard/confirm_text.h"
namespace sallyport::guard {

std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

bool matches_upper(Bytes field, size_t at, std::string_view text) {
  if (at > field.size() || field.size() - at < text.size()) return false;
  return std::equal(text.begin(), text.end(), field.begin() + static_cast<ptrdiff_t>(at),
                    [](char a, uint8_t b) { return static_cast<uint8_t>(a) == to_upper(b); });
}

bool contains_upper(Bytes bytes, std::string_view text) {
  for (size_t at = 0; at + text.size() <= bytes.size(); ++at) {
    if (matches_upper(bytes, at, text)) return true;
  }
  return false;
}

bool is_masked(Bytes bytes) {
  if (bytes.size() >= 2 && bytes.front() == '[' && bytes.back() == ']') {
    const std::string_view label = as_text(bytes.subspan(1, bytes.size() - 2));
    if (label == "masked" || (!label.starts_with('@') && Catalogue::find(label))) return true;
  }
  const auto is_shape = [](uint8_t c) { return c == 'x' || c == 'X' || c == '0'; };
  if (std::ranges::all_of(bytes, [&](uint8_t c) { return is_shape(c) || c == '*'; })) return true;
  return std::ranges::any_of(bytes, is_shape) &&
         std::ranges::all_of(bytes, [&](uint8_t c) { return is_shape(c) || (c < 0x80 && !is_alnum(c)); });
}

bool has_context(Bytes field, Range value, std::string_view words) {
  const size_t begin = value.begin > context_before ? value.begin - context_before : 0;
  const size_t stop = std::min(field.size(), value.end + context_after);
  const auto stands_at = [&](size_t at, std::string_view word) {
    if (!matches_upper(field, at, word)) return false;
    const size_t end = at + word.size();
    if (at > 0 && is_alpha(field[at - 1]) && !(is_lower(field[at - 1]) && is_upper(field[at]))) return false;
    return end == field.size() || !is_alpha(field[end]) || (is_lower(field[end - 1]) && is_upper(field[end]));
  };
  return any_part(words, [&](std::string_view word) {
    for (size_t at = begin; at + word.size() <= value.begin; ++at) {
      if (stands_at(at, word)) return true;
    }
    for (size_t at = value.end; at + word.size() <= stop; ++at) {
      if (stands_at(at, word)) return true;
    }
    return false;
  });
}

namespace {

struct IbanCountry {
  char code[3];
  uint8_t size;
};

// The IBAN registry (ISO 13616, release 99), and countries in partial use.
constexpr IbanCountry iban_countries[] = {
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AO", 25}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16},
    {"BF", 28}, {"BG", 22}, {"BH", 22}, {"BI", 27}, {"BJ", 28}, {"BR", 29}, {"BY", 28}, {"CF", 27},
    {"CG", 27}, {"CH", 21}, {"CI", 28}, {"CM", 27}, {"CR", 22}, {"CV", 25}, {"CY", 28}, {"CZ", 24},
    {"DE", 22}, {"DJ", 27}, {"DK", 18}, {"DO", 28}, {"DZ", 26}, {"EE", 20}, {"EG", 29}, {"ES", 24},
    {"FI", 18}, {"FK", 18}, {"FO", 18}, {"FR", 27}, {"GA", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23},
    {"GL", 18}, {"GQ", 27}, {"GR", 27}, {"GT", 28}, {"GW", 25}, {"HN", 28}, {"HR", 21}, {"HU", 28},
    {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IR", 26}, {"IS", 26}, {"IT", 27}, {"JO", 30}, {"KM", 27},
    {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20}, {"LV", 21},
    {"LY", 25}, {"MA", 28}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MG", 27}, {"MK", 19}, {"ML", 28},
    {"MN", 20}, {"MR", 27}, {"MT", 31}, {"MU", 30}, {"MZ", 25}, {"NE", 28}, {"NI", 28}, {"NL", 18},
    {"NO", 15}, {"OM", 23}, {"PK", 24}, {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24},
    {"RS", 22}, {"RU", 33}, {"SA", 24}, {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24},
    {"SM", 27}, {"SN", 28}, {"SO", 23}, {"ST", 25}, {"SV", 28}, {"TD", 27}, {"TG", 28}, {"TL", 23},
    {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}, {"YE", 30},
};

constexpr auto iban_sizes = [] {
  std::array<uint8_t, 26 * 26> table{};
  for (const IbanCountry& country : iban_countries) {
    table[static_cast<size_t>((country.code[0] - 'A') * 26 + (country.code[1] - 'A'))] = country.size;
  }
  return table;
}();

}  // namespace

uint32_t iban_size(uint8_t first, uint8_t second) {
  if (!is_upper(first) || !is_upper(second)) return 0;
  return iban_sizes[static_cast<size_t>((first - 'A') * 26 + (second - 'A'))];
}

}  // namespace sallyport::guard
