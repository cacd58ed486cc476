#include "core/guard/digits.h"

#include <gtest/gtest.h>

#include <random>
#include <string_view>
#include <vector>

namespace sallyport::guard {
namespace {

using Bytes = std::vector<uint8_t>;

// The definition in digits.h, byte by byte.
DigitFindings slow_findings(const Bytes& bytes) {
  const auto is_digit = [&](size_t i) { return bytes[i] >= '0' && bytes[i] <= '9'; };
  const auto is_letter = [&](size_t i) { return (bytes[i] | 32) >= 'a' && (bytes[i] | 32) <= 'z'; };
  const auto in_run = [&](size_t i) {
    return is_digit(i) || (bytes[i] != 0 && std::string_view(" -./()+").find(static_cast<char>(bytes[i])) !=
                                                std::string_view::npos);
  };
  DigitFindings findings;
  for (size_t i = 0; i < bytes.size();) {
    size_t end = i;
    while (end < bytes.size() && in_run(end)) ++end;
    if (end - i >= digit_run_size_min)
      findings.runs.push_back({static_cast<uint32_t>(i), static_cast<uint32_t>(end)});
    i = end + 1;
  }
  for (size_t i = 0; i + 4 <= bytes.size(); ++i) {
    if (is_letter(i) && is_letter(i + 1) && is_digit(i + 2) && is_digit(i + 3)) {
      findings.letter_digits.push_back(static_cast<uint32_t>(i));
    }
  }
  return findings;
}

void expect_all_equal(const Bytes& bytes) {
  const DigitFindings expected = slow_findings(bytes);
  for (const DigitEngine engine : {DigitEngine::Portable, DigitEngine::Avx2}) {
    if (engine == DigitEngine::Avx2 && digit_engine() != DigitEngine::Avx2) continue;
    DigitFindings findings;
    find_digits(bytes, true, engine, findings);
    ASSERT_EQ(findings.runs, expected.runs);
    ASSERT_EQ(findings.letter_digits, expected.letter_digits);
    for (uint32_t i = 0; i < bytes.size(); ++i) {
      const uint32_t size = std::min<uint32_t>(i % 65, static_cast<uint32_t>(bytes.size()) - i);
      const uint64_t mask = digit_mask(findings, i, size);
      uint64_t slow = 0;
      for (uint32_t k = 0; k < size; ++k) slow |= uint64_t{bytes[i + k] >= '0' && bytes[i + k] <= '9'} << k;
      ASSERT_EQ(mask, slow);
    }
    find_digits(bytes, false, engine, findings);
    ASSERT_EQ(findings.runs, expected.runs);
    ASSERT_TRUE(findings.letter_digits.empty());
  }
}

// Both engines agree with the definition on each single byte value among digits.
TEST(Digits, EveryByte) {
  for (int byte = 0; byte < 256; ++byte) {
    Bytes bytes(70, '7');
    bytes[35] = static_cast<uint8_t>(byte);
    expect_all_equal(bytes);
    bytes.assign(70, static_cast<uint8_t>(byte));
    expect_all_equal(bytes);
    for (size_t i = 2; i < bytes.size(); i += 4) bytes[i] = bytes[i + 1] = '1';
    expect_all_equal(bytes);
  }
}

// Both engines agree with the definition on random bytes of every density and size, over words and chunks.
TEST(Digits, RandomBytes) {
  constexpr std::string_view alphabet = "0123456789 -./()+aZ{@*,:\x80\xff";
  for (unsigned seed = 0; seed < 4000; ++seed) {
    std::mt19937 random(seed);
    const size_t size = seed % 10 == 0 ? random() % 20'000 : random() % 300;
    const unsigned kept = 1 + random() % 26;
    Bytes bytes(size);
    for (uint8_t& byte : bytes) {
      byte = random() % 40 == 0 ? static_cast<uint8_t>(random())
                                : static_cast<uint8_t>(alphabet[random() % kept]);
    }
    SCOPED_TRACE(seed);
    expect_all_equal(bytes);
  }
}

// A run of each length at each place relative to a word of 64 bytes and a chunk of 64 words.
TEST(Digits, EveryPlace) {
  for (size_t base : {size_t{0}, size_t{64 * 63}, size_t{64 * 64}}) {
    for (size_t offset = 0; offset < 70; ++offset) {
      for (size_t length = 7; length < 140; length += length < 20 ? 1 : 17) {
        Bytes bytes(base + offset + length + 3, '_');
        std::fill_n(bytes.begin() + static_cast<ptrdiff_t>(base + offset), length, '5');
        expect_all_equal(bytes);
        bytes.resize(base + offset + length);
        expect_all_equal(bytes);
      }
    }
  }
}

}  // namespace
}  // namespace sallyport::guard
