#include <algorithm>
#include <array>

#include "core/guard/checks.h"
#include "core/guard/confirm_text.h"
#include "core/guard/national.h"

namespace sallyport::guard {
namespace {

uint32_t value(uint8_t digit) { return static_cast<uint32_t>(digit - '0'); }

uint32_t part(Bytes digits, size_t at, size_t size) {
  return static_cast<uint32_t>(number_of(digits.subspan(at, size)));
}

bool all_same(Bytes digits) {
  return std::ranges::all_of(digits, [&](uint8_t digit) { return digit == digits[0]; });
}

// The remainder r of a weighted sum as the check digit 11 - r, where 11 counts as 0; 10 is no digit.
bool mod11_check(uint32_t sum, uint8_t check) { return (11 - sum % 11) % 11 == value(check); }

// As mod11_check, with 10 as 0 too.
bool mod11_check_zero(uint32_t sum, uint8_t check) {
  return (sum % 11 < 2 ? 0 : 11 - sum % 11) == value(check);
}

}  // namespace

// IRS: 900-999, the fourth and fifth digits 50-65, 70-88, 90-92, 94-99 (IRM 3.21.263).
bool us_itin_valid(Bytes digits) {
  const uint32_t group = part(digits, 3, 2);
  return digits[0] == '9' && group >= 50 && !(group >= 66 && group <= 69) && group != 89 && group != 93;
}

// NHS Data Dictionary, NHS NUMBER: weights 10 to 2, mod 11.
bool uk_nhs_valid(Bytes digits) {
  constexpr int8_t weights[] = {10, 9, 8, 7, 6, 5, 4, 3, 2};
  return !all_same(digits) && mod11_check(weighted_sum(digits, weights), digits[9]);
}

// Bundeszentralamt für Steuern, section 139b AO: ISO 7064 mod 11,10; of the first ten digits one stands two
// or three times, the others at most once; the first is not 0.
bool de_tax_id_valid(Bytes digits) {
  std::array<uint8_t, 10> counts{};
  for (const uint8_t digit : digits.first(10)) ++counts[value(digit)];
  const auto repeated = std::ranges::count_if(counts, [](uint8_t count) { return count > 1; });
  return digits[0] != '0' && repeated == 1 && *std::ranges::max_element(counts) <= 3 &&
         mod11_10_valid(digits);
}

// INSEE: sex, year, month (20 and up where unknown), department, and 97 minus the rest of the first thirteen.
bool fr_nir_valid(Bytes digits) {
  const uint32_t month = part(digits, 3, 2);
  const bool month_valid =
      (month >= 1 && month <= 12) || month == 20 || (month >= 30 && month <= 42) || month >= 50;
  return (digits[0] == '1' || digits[0] == '2') && month_valid && part(digits, 5, 2) != 0 &&
         97 - number_of(digits.first(13)) % 97 == part(digits, 13, 2);
}

// Rijksdienst voor Identiteitsgegevens: the eleven test, the last weight negative.
bool nl_bsn_valid(Bytes digits) {
  constexpr int8_t weights[] = {9, 8, 7, 6, 5, 4, 3, 2};
  return number_of(digits) != 0 && !all_same(digits) &&
         weighted_sum(digits, weights) % 11 == value(digits[8]) % 11;
}

// Ustawa o ewidencji ludności: weights 1 3 7 9; the month holds the century.
bool pl_pesel_valid(Bytes digits) {
  constexpr int8_t weights[] = {1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1};
  constexpr uint32_t centuries[] = {1900, 2000, 2100, 2200, 1800};
  const uint32_t month = part(digits, 2, 2);
  const uint32_t year = centuries[month / 20] + part(digits, 0, 2);
  return is_date(year, month % 20, part(digits, 4, 2)) && weighted_sum(digits, weights) % 10 == 0;
}

// Skatteverket SKV 704: Luhn over the last ten; the day is 60 more in a coordination number.
bool se_personnummer_valid(Bytes digits) {
  const size_t at = digits.size() - 10;
  const uint32_t day = part(digits, at + 4, 2);
  const uint32_t month = part(digits, at + 2, 2);
  const uint32_t year = part(digits, 0, at + 2);
  const auto fits = [&](uint32_t d) {
    return at == 0 ? is_short_date(year, month, d) : year >= 1850 && year < 2100 && is_date(year, month, d);
  };
  return (fits(day) || (day > 60 && fits(day - 60))) && luhn_valid(digits.subspan(at));
}

// Skatteetaten: two check digits mod 11; D numbers add 40 to the day.
bool no_fodselsnummer_valid(Bytes digits) {
  constexpr int8_t first[] = {3, 7, 6, 1, 8, 9, 4, 5, 2};
  constexpr int8_t second[] = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
  const uint32_t day = part(digits, 0, 2);
  return is_short_date(part(digits, 4, 2), part(digits, 2, 2), day > 40 ? day - 40 : day) &&
         mod11_check(weighted_sum(digits, first), digits[9]) &&
         mod11_check(weighted_sum(digits, second), digits[10]);
}

// Royal decree of 3 April 1984: 97 minus the rest of the first nine, with a 2 in front for births from 2000.
bool be_national_number_valid(Bytes digits) {
  const uint64_t head = number_of(digits.first(9));
  const uint32_t check = part(digits, 9, 2);
  const auto born = [&](uint32_t century) {
    return is_date(century + part(digits, 0, 2), part(digits, 2, 2), part(digits, 4, 2));
  };
  return (born(1900) && 97 - head % 97 == check) || (born(2000) && 97 - (head + 2'000'000'000) % 97 == check);
}

// ZAS/CdC: country 756 and EAN-13.
bool ch_ahv_valid(Bytes digits) { return part(digits, 0, 3) == 756 && ean13_valid(digits); }

// Receita Federal: two check digits mod 11.
bool br_cpf_valid(Bytes digits) {
  constexpr int8_t first[] = {10, 9, 8, 7, 6, 5, 4, 3, 2};
  constexpr int8_t second[] = {11, 10, 9, 8, 7, 6, 5, 4, 3, 2};
  return !all_same(digits) && mod11_check_zero(weighted_sum(digits, first), digits[9]) &&
         mod11_check_zero(weighted_sum(digits, second), digits[10]);
}

bool br_cnpj_valid(Bytes digits) {
  constexpr int8_t first[] = {5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2};
  constexpr int8_t second[] = {6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2};
  return !all_same(digits) && mod11_check_zero(weighted_sum(digits, first), digits[12]) &&
         mod11_check_zero(weighted_sum(digits, second), digits[13]);
}

// UIDAI: Verhoeff; the first digit is 2 to 9.
bool in_aadhaar_valid(Bytes digits) {
  return digits[0] >= '2' && !all_same(digits) && verhoeff_valid(digits);
}

// Service Canada: Luhn; none begin with 0 or 8.
bool ca_sin_valid(Bytes digits) { return digits[0] != '0' && digits[0] != '8' && luhn_valid(digits); }

// Australian Taxation Office: mod 11.
bool au_tfn_valid(Bytes digits) {
  constexpr int8_t weights[] = {1, 4, 3, 7, 5, 8, 6, 9, 10};
  return !all_same(digits) && weighted_sum(digits, weights) % 11 == 0;
}

// Services Australia: the ninth digit checks the first eight, which begin with 2 to 6; the tenth counts
// cards.
bool au_medicare_valid(Bytes digits) {
  constexpr int8_t weights[] = {1, 3, 7, 9, 1, 3, 7, 9};
  return digits[0] >= '2' && digits[0] <= '6' && digits[9] != '0' &&
         weighted_sum(digits, weights) % 10 == value(digits[8]);
}

// Department of Home Affairs: date, sex, citizenship 0 to 2, a digit that is 8 or 9 since 1986, Luhn. What
// could be milliseconds since 1970 between 2017 and 2033 is taken for that.
bool za_id_valid(Bytes digits) {
  const uint64_t number = number_of(digits);
  if (number >= 1'500'000'000'000 && number < 2'000'000'000'000) return false;
  return is_short_date(part(digits, 0, 2), part(digits, 2, 2), part(digits, 4, 2)) && digits[10] <= '2' &&
         digits[11] >= '8' && luhn_valid(digits);
}

// GB 11643-1999: province, date, ISO 7064 mod 11-2.
bool cn_id_valid(Bytes text) {
  const uint32_t province = part(text, 0, 2);
  const uint32_t year = part(text, 6, 4);
  return province >= 11 && province <= 82 && year >= 1900 && year < 2100 &&
         is_date(year, part(text, 10, 2), part(text, 12, 2)) && mod11_2_valid(text);
}

// Ministry of the Interior and Safety: date, century in the seventh digit, mod 11; since October 2020 the
// last six are random.
bool kr_rrn_valid(Bytes digits) {
  constexpr int8_t weights[] = {2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5};
  constexpr uint32_t centuries[] = {1800, 1900, 1900, 2000, 2000, 1900, 1900, 2000, 2000, 1800};
  const uint32_t year = centuries[value(digits[6])] + part(digits, 0, 2);
  if (!is_date(year, part(digits, 2, 2), part(digits, 4, 2))) return false;
  return year >= 2020 || (11 - weighted_sum(digits, weights) % 11) % 10 == value(digits[12]);
}

// Ministerial ordinance no. 85 of 2014, article 5.
bool jp_my_number_valid(Bytes digits) {
  constexpr int8_t weights[] = {6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
  return !all_same(digits) && mod11_check_zero(weighted_sum(digits, weights), digits[11]);
}

// 3GPP TS 23.003 section 6.2.1 and annex B: Luhn.
bool imei_valid(Bytes digits) { return !all_same(digits) && luhn_valid(digits); }

uint8_t es_letter(uint32_t number) {
  constexpr std::string_view letters = "TRWAGMYFPDXBNJZSQVHLCKE";  // Real Decreto 1553/2005, article 11
  return static_cast<uint8_t>(letters[number % letters.size()]);
}

bool uk_nino_prefix_valid(uint8_t first, uint8_t second) {
  constexpr std::string_view never = "DFIQUV";
  const auto is_bad = [&](uint8_t c) { return never.find(static_cast<char>(c)) != std::string_view::npos; };
  if (!is_upper(first) || !is_upper(second) || is_bad(first) || is_bad(second) || second == 'O') return false;
  const char prefix[] = {static_cast<char>(first), static_cast<char>(second)};
  return !any_part("BG|GB|NK|KN|TN|NT|ZZ",
                   [&](std::string_view bad) { return bad == std::string_view(prefix, 2); });
}

}  // namespace sallyport::guard
