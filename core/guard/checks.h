// Check digits and sums as their specifications define them. Pure; any thread. Digits are ASCII.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/guard/detector.h"

namespace sallyport::guard {

// Luhn's check over the digits of `bytes`, others skipped (ISO/IEC 7812-1 annex B).
[[nodiscard]] bool luhn_valid(Bytes bytes);
// Verhoeff's check, the last digit included (J. Verhoeff, Error Detecting Decimal Codes, 1969).
[[nodiscard]] bool verhoeff_valid(Bytes digits);
// ISO 7064 mod 11,10 (hybrid), the last digit included.
[[nodiscard]] bool mod11_10_valid(Bytes digits);
// ISO 7064 mod 11-2, whose last character may be X for 10.
[[nodiscard]] bool mod11_2_valid(Bytes text);
// ISO 7064 mod 97-10 of IBAN: letters count as two digits, the first four characters come last.
[[nodiscard]] bool iban_valid(Bytes text);
// ISO 7064 mod 97-10 over text whose check stands last; letters count as two digits.
[[nodiscard]] bool mod97_valid(Bytes text);
// EAN-13 (GS1 General Specifications 7.9), weights 1 and 3.
[[nodiscard]] bool ean13_valid(Bytes digits);
// The sum of digit times weight; `weights` may be shorter than `digits`.
[[nodiscard]] uint32_t weighted_sum(Bytes digits, std::span<const int8_t> weights);
// A number of at most 18 digits.
[[nodiscard]] uint64_t number_of(Bytes digits);
// A day of the Gregorian calendar, years 1800 to 2199.
[[nodiscard]] bool is_date(uint32_t year, uint32_t month, uint32_t day);
// The same for a year of two digits.
[[nodiscard]] bool is_short_date(uint32_t year, uint32_t month, uint32_t day);

// CRC-32 of IEEE 802.3 (as zlib's).
[[nodiscard]] uint32_t crc32(Bytes bytes);
// The last six of a token's characters after its prefix are the CRC-32 of those before in base 62 (digits,
// upper, lower case), padded with zeros: GitHub's and npm's form ("Behind GitHub's new authentication token
// formats", 2021).
[[nodiscard]] bool crc32_base62_valid(Bytes body);
// Bech32 (BIP 173) of `text`, of one letter case, with its human-readable part.
[[nodiscard]] bool bech32_valid(Bytes text);
// Decodes base64 or base64url into `out` as far as it fits; padding ends it. Nothing for other characters.
[[nodiscard]] std::optional<size_t> decode_base64(Bytes text, std::span<uint8_t> out);

}  // namespace sallyport::guard
