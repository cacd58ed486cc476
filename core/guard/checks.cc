#include "core/guard/checks.h"

#include <array>

#include "core/guard/confirm.h"

namespace sallyport::guard {
namespace {

uint32_t add_mod97(uint32_t remainder, uint8_t c) {
  return is_digit(c) ? (remainder * 10 + (c - '0')) % 97 : (remainder * 100 + (to_upper(c) - 'A' + 10)) % 97;
}

// The dihedral group D5 and the permutation that Verhoeff chose.
constexpr uint8_t verhoeff_product[10][10] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5},
                                              {2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
                                              {4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
                                              {6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
                                              {8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0}};
constexpr uint8_t verhoeff_permutation[8][10] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4}, {5, 8, 0, 3, 7, 9, 6, 1, 4, 2},
    {8, 9, 1, 6, 0, 4, 3, 5, 2, 7}, {9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
    {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8}};

constexpr auto crc_table = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
    table[i] = crc;
  }
  return table;
}();

}  // namespace

bool luhn_valid(Bytes bytes) {
  uint32_t sum = 0;
  bool doubled = false;
  for (size_t i = bytes.size(); i-- > 0;) {
    if (!is_digit(bytes[i])) continue;
    uint32_t digit = bytes[i] - '0';
    if (doubled) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
    doubled = !doubled;
  }
  return sum % 10 == 0;
}

bool verhoeff_valid(Bytes digits) {
  uint8_t check = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    const auto digit = static_cast<size_t>(digits[digits.size() - 1 - i] - '0');
    check = verhoeff_product[check][verhoeff_permutation[i % 8][digit]];
  }
  return check == 0;
}

bool mod11_10_valid(Bytes digits) {
  uint32_t product = 10;
  for (const uint8_t digit : digits.first(digits.size() - 1)) {
    uint32_t sum = (product + (digit - '0')) % 10;
    if (sum == 0) sum = 10;
    product = sum * 2 % 11;
  }
  return (product + (digits.back() - '0')) % 10 == 1;
}

bool mod11_2_valid(Bytes text) {
  uint32_t sum = 0;
  for (const uint8_t digit : text.first(text.size() - 1)) sum = (sum + (digit - '0')) * 2 % 11;
  const uint32_t last = to_upper(text.back()) == 'X' ? 10 : static_cast<uint32_t>(text.back() - '0');
  return (sum + last) % 11 == 1;
}

bool iban_valid(Bytes text) {
  constexpr size_t head = 4;
  uint32_t remainder = 0;
  for (const uint8_t c : text.subspan(head)) remainder = add_mod97(remainder, c);
  for (const uint8_t c : text.first(head)) remainder = add_mod97(remainder, c);
  return remainder == 1;
}

bool mod97_valid(Bytes text) {
  uint32_t remainder = 0;
  for (const uint8_t c : text) remainder = add_mod97(remainder, c);
  return remainder == 1;
}

bool ean13_valid(Bytes digits) {
  constexpr int8_t weights[] = {1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1};
  return weighted_sum(digits, weights) % 10 == 0;
}

uint32_t weighted_sum(Bytes digits, std::span<const int8_t> weights) {
  uint32_t sum = 0;
  for (size_t i = 0; i < weights.size() && i < digits.size(); ++i) {
    sum += static_cast<uint32_t>(digits[i] - '0') * static_cast<uint32_t>(weights[i]);
  }
  return sum;
}

uint64_t number_of(Bytes digits) {
  uint64_t value = 0;
  for (const uint8_t digit : digits) value = value * 10 + (digit - '0');
  return value;
}

bool is_date(uint32_t year, uint32_t month, uint32_t day) {
  constexpr uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year < 1800 || year > 2199 || month < 1 || month > 12 || day < 1) return false;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day <= days[month - 1] + (leap && month == 2 ? 1U : 0U);
}

bool is_short_date(uint32_t year, uint32_t month, uint32_t day) {
  return is_date(1900 + year, month, day) || is_date(2000 + year, month, day);
}

uint32_t crc32(Bytes bytes) {
  uint32_t crc = ~uint32_t{0};
  for (const uint8_t byte : bytes) crc = crc >> 8 ^ crc_table[(crc ^ byte) & 0xFF];
  return ~crc;
}

bool crc32_base62_valid(Bytes body) {
  constexpr size_t check_size = 6;
  constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  if (body.size() <= check_size) return false;
  const Bytes check = body.last(check_size);
  uint32_t crc = crc32(body.first(body.size() - check_size));
  for (size_t i = check_size; i-- > 0; crc /= 62) {
    if (check[i] != static_cast<uint8_t>(alphabet[crc % 62])) return false;
  }
  return true;
}

bool bech32_valid(Bytes text) {
  constexpr std::string_view alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
  constexpr uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
  const size_t one = as_text(text).rfind('1');
  if (one == std::string_view::npos || one == 0) return false;
  uint32_t check = 1;
  const auto add = [&](uint32_t value) {
    const uint32_t top = check >> 25;
    check = (check & 0x1ffffff) << 5 ^ value;
    for (int i = 0; i < 5; ++i) check ^= top >> i & 1 ? generator[i] : 0;
  };
  const auto lower = [](uint8_t c) { return static_cast<uint8_t>(is_upper(c) ? c + 32 : c); };
  for (const uint8_t c : text.first(one)) add(lower(c) >> 5);
  add(0);
  for (const uint8_t c : text.first(one)) add(lower(c) & 31);
  for (const uint8_t c : text.subspan(one + 1)) {
    const size_t value = alphabet.find(static_cast<char>(lower(c)));
    if (value == std::string_view::npos) return false;
    add(static_cast<uint32_t>(value));
  }
  return check == 1;
}

std::optional<size_t> decode_base64(Bytes text, std::span<uint8_t> out) {
  size_t size = 0;
  uint32_t bits = 0;
  int bit_count = 0;
  for (const uint8_t c : text) {
    if (c == '=') break;
    const int value = is_upper(c)            ? c - 'A'
                      : is_lower(c)          ? c - 'a' + 26
                      : is_digit(c)          ? c - '0' + 52
                      : c == '-' || c == '+' ? 62
                      : c == '_' || c == '/' ? 63
                                             : -1;
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    if (size == out.size()) break;
    out[size++] = static_cast<uint8_t>(bits >> bit_count);
  }
  return size;
}

}  // namespace sallyport::guard
