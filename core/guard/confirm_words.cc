// Values that a word gives their meaning; the core is the word, the value follows it.
#include <array>

#include "core/guard/checks.h"
#include "core/guard/confirm_text.h"

namespace sallyport::guard {
namespace {

// What may stand between a word and its value.
bool is_between(uint8_t c) {
  return is_space(c) ||
         std::string_view("\"'`:=,;()[]{}<>|#-_./").find(static_cast<char>(c)) != std::string_view::npos;
}

uint32_t two(Bytes field, size_t at) { return static_cast<uint32_t>(number_of(field.subspan(at, 2))); }
uint32_t four(Bytes field, size_t at) { return static_cast<uint32_t>(number_of(field.subspan(at, 4))); }

bool is_birthday(uint32_t year, uint32_t month, uint32_t day) {
  return year >= 1890 && year < 2100 && is_date(year, month, day);
}

// The size of the date at `at`: 1990-01-31, 31.01.1990, 01/31/1990, 31 Jan 1990, Jan 31, 1990, 19900131. 0
// for none.
size_t date_size(Bytes field, size_t at) {
  const auto digits = [&](size_t from, size_t most) { return run_size(field, from, most, is_digit); };
  const auto is_gap = [&](size_t i) {
    return i < field.size() && (field[i] == '-' || field[i] == '/' || field[i] == '.' || field[i] == ' ');
  };
  const size_t first = digits(at, 9);
  if (first == 8) {
    return is_birthday(four(field, at), two(field, at + 4), two(field, at + 6)) ? 8 : 0;
  }
  if (first == 4 && is_gap(at + 4)) {
    const size_t month = digits(at + 5, 3);
    if (month == 0 || month > 2 || !is_gap(at + 5 + month)) return 0;
    const size_t day_at = at + 6 + month;
    const size_t day = digits(day_at, 3);
    if (day == 0 || day > 2) return 0;
    const auto number = [&](size_t from, size_t size) {
      return static_cast<uint32_t>(number_of(field.subspan(from, size)));
    };
    return is_birthday(four(field, at), number(at + 5, month), number(day_at, day)) ? day_at + day - at : 0;
  }
  if (first == 0 || first > 2) return 0;
  const auto day = static_cast<uint32_t>(number_of(field.subspan(at, first)));
  size_t next = at + first;
  if (!is_gap(next)) return 0;
  while (is_gap(next)) ++next;
  const size_t second = digits(next, 3);
  if (second == 0) {  // 31 January 1990
    const size_t name = run_size(field, next, 10, is_alpha);
    next += name;
    while (next < field.size() && (is_gap(next) || field[next] == ',')) ++next;
    if (name < 3 || digits(next, 5) != 4 || !is_birthday(four(field, next), 1, day)) return 0;
    return next + 4 - at;
  }
  if (second > 2) return 0;
  const auto month = static_cast<uint32_t>(number_of(field.subspan(next, second)));
  next += second;
  if (!is_gap(next)) return 0;
  while (is_gap(next)) ++next;
  const size_t year_size = digits(next, 5);
  if (year_size != 2 && year_size != 4) return 0;
  const uint32_t year = year_size == 4 ? four(field, next) : 1900 + two(field, next);
  return is_birthday(year, month, day) || is_birthday(year, day, month) ? next + year_size - at : 0;
}

constexpr std::string_view months = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC";

// "Jan 31, 1990".
size_t named_date_size(Bytes field, size_t at) {
  const size_t name = run_size(field, at, 10, is_alpha);
  if (name < 3 || !any_part(months, [&](std::string_view month) { return matches_upper(field, at, month); }))
    return 0;
  size_t next = at + name;
  next += run_size(field, next, 2, [](uint8_t c) { return c == '.' || c == ' '; });
  const size_t day = run_size(field, next, 3, is_digit);
  if (day == 0 || day > 2) return 0;
  const auto number = static_cast<uint32_t>(number_of(field.subspan(next, day)));
  next += day;
  next += run_size(field, next, 2, [](uint8_t c) { return c == ',' || c == ' '; });
  if (run_size(field, next, 5, is_digit) != 4 || !is_birthday(four(field, next), 1, number)) return 0;
  return next + 4 - at;
}

// ISO 3166-1 alpha-2.
constexpr std::string_view countries =
    "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCUCV"
    "CWCXCY"
    "CZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQ"
    "IRISIT"
    "JEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNE"
    "NFNGNI"
    "NLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTG"
    "THTJTK"
    "TLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSXKYEYTZAZMZW";
bool is_country(Bytes code) {
  for (size_t i = 0; i < countries.size(); i += 2) {
    if (as_text(code) == countries.substr(i, 2)) return true;
  }
  return false;
}

}  // namespace

std::optional<Range> confirm_date_of_birth(Bytes field, uint32_t end) {
  constexpr size_t distance_max = 28;
  if (!ends_with_word(field, end, "BIRTH|DOB|GEBOREN|GEBURTS|NAISSANCE|NACIMIENTO|NASCITA|BORN ")) return {};
  for (size_t at = end; at < field.size() && at - end <= distance_max; ++at) {
    if (is_alnum(field[at - 1]) && at != end) continue;
    if (!is_alnum(field[at])) continue;
    const size_t size = is_digit(field[at]) ? date_size(field, at) : named_date_size(field, at);
    if (size != 0 && !is_digit(at + size < field.size() ? field[at + size] : 0)) return range(at, at + size);
    if (is_digit(field[at])) return {};  // a number that is no date
  }
  return {};
}

// A bank's code (ISO 9362): four letters, a country, two and perhaps three more.
std::optional<Range> confirm_bic(Bytes field, uint32_t end) {
  constexpr size_t distance_max = 16;
  for (size_t at = end; at < field.size() && at - end <= distance_max; ++at) {
    if (!is_upper(field[at]) || is_alnum(field[at - 1])) continue;
    const size_t size = run_size(field, at, 12, is_alnum);
    if (size != 8 && size != 11) continue;
    const Bytes code = field.subspan(at, size);
    if (!std::ranges::all_of(code, is_upper_digit) || !std::ranges::all_of(code.first(6), is_upper)) continue;
    if (!is_country(code.subspan(4, 2)) ||
        !has_context(field, range(at, at + size), "BIC|SWIFT|BICFI|SWIFTCODE|SWIFT_CODE|BIC_CODE|BICCODE")) {
      continue;
    }
    return range(at, at + size);
  }
  return {};
}

// The three or four digits beside a card's number; they follow the word at once.
std::optional<Range> confirm_card_code(Bytes field, uint32_t end) {
  if (!ends_with_word(field, end, "CVV|CVC|CARD_CODE|CARDCODE|SECURITY CODE")) return {};
  if (end < field.size() && is_alpha(field[end]) && !is_upper(field[end])) return {};
  size_t at = end + run_size(field, end, 1, is_digit);  // CVV2
  if (run_size(field, end, 2, is_digit) > 1) return {};
  at += run_size(field, at, 16, [](uint8_t c) { return is_alpha(c) || c == '_' || c == ' '; });
  at += run_size(field, at, 6, is_between);
  const size_t size = run_size(field, at, 5, is_digit);
  if ((size != 3 && size != 4) || at < end + 1 || is_alpha(at + size < field.size() ? field[at + size] : 0))
    return {};
  if (std::ranges::all_of(field.subspan(at, size), [](uint8_t c) { return c == '0'; })) return {};
  if (at + size + 1 < field.size() && field[at + size] == '.' && is_digit(field[at + size + 1])) return {};
  return range(at, at + size);
}

// Six to nine letters and digits after "passport", at least five of them digits.
std::optional<Range> confirm_passport_number(Bytes field, uint32_t end) {
  constexpr size_t distance_max = 24;
  constexpr ptrdiff_t digits_min = 5;
  if (!ends_with_word(field, end, "PASSPORT|PASSEPORT|REISEPASS|PASAPORTE")) return {};
  for (size_t at = end; at < field.size() && at - end <= distance_max; ++at) {
    if (!is_upper_digit(field[at]) || is_alnum(field[at - 1])) continue;
    const size_t size = run_size(field, at, 10, is_alnum);
    const Bytes number = field.subspan(at, size);
    if (size >= 7 && size <= 9 && std::ranges::all_of(number, is_upper_digit) &&
        std::ranges::count_if(number, is_digit) >= digits_min &&
        !std::ranges::all_of(number, [](uint8_t c) { return c == '0' || c == 'X'; }) &&
        !(size == 8 && is_birthday(four(number, 0), two(number, 4), two(number, 6))) &&
        !(at + size + 1 < field.size() && (field[at + size] == '-' || field[at + size] == '.') &&
          is_alnum(field[at + size + 1]))) {
      return range(at, at + size);
    }
    if (std::ranges::any_of(number, is_digit)) return {};
  }
  return {};
}

namespace {

bool is_mrz(uint8_t c) { return is_upper_digit(c) || c == '<'; }

// ICAO Doc 9303 part 3, 4.9: weights 7 3 1; letters are 10 and up, the filler is 0.
bool mrz_valid(Bytes text, uint8_t check) {
  constexpr uint32_t weights[] = {7, 3, 1};
  uint32_t sum = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const uint8_t c = text[i];
    sum += weights[i % 3] * static_cast<uint32_t>(c == '<' ? 0 : is_digit(c) ? c - '0' : c - 'A' + 10);
  }
  return sum % 10 == static_cast<uint32_t>((check == '<' ? '0' : check) - '0');
}

// How many bytes of a line end stand at `at`, written as it is or as an escape.
size_t line_end_size(Bytes field, size_t at) {
  for (const std::string_view end : {"\r\n", "\n", "\\r\\n", "\\n", " "}) {
    if (at + end.size() <= field.size() && as_text(field.subspan(at, end.size())) == end) return end.size();
  }
  return 0;
}

// Are the document's number, its holder's birth and its expiry with their check digits here? `at` is where
// the number begins.
bool mrz_numbers_valid(Bytes line, size_t at, Bytes dates) {
  return mrz_valid(line.subspan(at, 9), line[at + 9]) && mrz_valid(dates.first(6), dates[6]) &&
         mrz_valid(dates.subspan(8, 6), dates[14]);
}

}  // namespace

// Passports and cards, ICAO Doc 9303 parts 4 to 6: two lines of 44 or 36 characters, or three of 30. The core
// is the document's kind and a filler.
std::optional<Range> confirm_passport_mrz(Bytes field, uint32_t end) {
  constexpr size_t core_size = 2;
  if (end < core_size) return {};
  const size_t begin = end - core_size;
  if (begin > 0 && is_mrz(field[begin - 1])) return {};
  std::array<Bytes, 3> lines;
  size_t count = 0;
  size_t at = begin;
  for (; count < 3; ++count) {
    size_t size = run_size(field, at, 45, is_mrz);
    // Markup may begin right behind the last line.
    if (count > 0 && size == lines[0].size() + 1 && field[at + size - 1] == '<') --size;
    if (size != 30 && size != 36 && size != 44) break;
    if (count > 0 && size != lines[0].size()) break;
    lines[count] = field.subspan(at, size);
    at += size;
    const size_t wanted = size == 30 ? 3 : 2;
    if (count + 1 == wanted) {
      const bool good = size == 30 ? mrz_numbers_valid(lines[0], 5, lines[1])
                                   : mrz_numbers_valid(lines[1], 0, lines[1].subspan(13));
      return good ? std::optional(range(begin, at)) : std::nullopt;
    }
    at += line_end_size(field, at);
  }
  return {};
}

}  // namespace sallyport::guard
