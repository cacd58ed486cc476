#include "core/guard/digits.h"

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "config/check.h"

namespace sallyport::guard {
namespace {

__extension__ using Wide = unsigned __int128;
constexpr size_t word_size = 64;
constexpr size_t chunk_words = 64;

// Bit i stands for byte i of a word of 64 bytes.
struct Masks {
  uint64_t run = 0;  // digits and separators
  uint64_t digit = 0;
  uint64_t letter = 0;  // ASCII letters
};

enum ByteClass : uint8_t { Run = 1, Digit = 2, Letter = 4 };

constexpr std::array<uint8_t, 256> byte_classes = [] {
  std::array<uint8_t, 256> table{};
  for (const char c : {' ', '-', '.', '/', '(', ')', '+'}) table[static_cast<uint8_t>(c)] = Run;
  for (int c = '0'; c <= '9'; ++c) table[c] = Run | Digit;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = Letter;
  return table;
}();

Masks classify_word_portable(const uint8_t* bytes) {
  Masks masks;
  for (size_t i = 0; i < word_size; ++i) {
    const uint64_t byte_class = byte_classes[bytes[i]];
    masks.run |= (byte_class & 1) << i;
    masks.digit |= (byte_class >> 1 & 1) << i;
    masks.letter |= (byte_class >> 2 & 1) << i;
  }
  return masks;
}

void classify_portable(const uint8_t* bytes, size_t words, Masks* masks) {
  for (size_t i = 0; i < words; ++i) masks[i] = classify_word_portable(bytes + i * word_size);
}

__attribute__((target("avx2"))) void classify_avx2(const uint8_t* bytes, size_t words, Masks* masks) {
  // Which low nibbles of 0x20..0x2F are separators: space ( ) + - . /
  const __m256i separators =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(-1, 0, 0, 0, 0, 0, 0, 0, -1, -1, 0, -1, 0, -1, -1, -1));
  const __m256i zero_digit = _mm256_set1_epi8('0');
  const __m256i nine = _mm256_set1_epi8(9);
  const __m256i case_bit = _mm256_set1_epi8(0x20);
  const __m256i letter_a = _mm256_set1_epi8('a');
  const __m256i twenty_five = _mm256_set1_epi8(25);
  const __m256i saturate = _mm256_set1_epi8(0x70);
  for (size_t i = 0; i < words; ++i) {
    uint64_t run[2];
    uint64_t digit[2];
    uint64_t letter[2];
    for (int half = 0; half < 2; ++half) {
      const __m256i x =
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes + i * word_size + half * 32));
      const __m256i from_zero = _mm256_sub_epi8(x, zero_digit);
      const __m256i digits = _mm256_cmpeq_epi8(_mm256_min_epu8(from_zero, nine), from_zero);
      // Bytes outside 0x20..0x2F get their high bit set, for which the shuffle yields zero.
      const __m256i index = _mm256_adds_epu8(_mm256_xor_si256(x, case_bit), saturate);
      const __m256i runs = _mm256_or_si256(digits, _mm256_shuffle_epi8(separators, index));
      const __m256i from_a = _mm256_sub_epi8(_mm256_or_si256(x, case_bit), letter_a);
      const __m256i letters = _mm256_cmpeq_epi8(_mm256_min_epu8(from_a, twenty_five), from_a);
      run[half] = static_cast<uint32_t>(_mm256_movemask_epi8(runs));
      digit[half] = static_cast<uint32_t>(_mm256_movemask_epi8(digits));
      letter[half] = static_cast<uint32_t>(_mm256_movemask_epi8(letters));
    }
    masks[i] = {run[0] | run[1] << 32, digit[0] | digit[1] << 32, letter[0] | letter[1] << 32};
  }
}

// Turns masks into findings, word by word; a word is judged together with the one after it.
class Collector {
 public:
  Collector(bool letter_digits, DigitFindings& findings)
      : letter_digits_(letter_digits), findings_(findings) {}

  void word(const Masks& masks, const Masks& next) {
    findings_.digits[base_ / word_size] = masks.digit;
    static_assert(digit_run_size_min == 7);
    Wide run = join(masks.run, next.run);
    run &= run >> 1;
    run &= run >> 2;
    run &= run >> 3;
    runs(static_cast<uint64_t>(run));
    if (letter_digits_) {
      const Wide letter = join(masks.letter, next.letter);
      const Wide digit = join(masks.digit, next.digit);
      uint64_t starts = static_cast<uint64_t>(letter & letter >> 1 & digit >> 2 & digit >> 3);
      for (; starts != 0; starts &= starts - 1) {
        findings_.letter_digits.push_back(base_ + static_cast<uint32_t>(std::countr_zero(starts)));
      }
    }
    base_ += word_size;
  }

 private:
  static Wide join(uint64_t low, uint64_t high) { return static_cast<Wide>(high) << 64 | low; }

  // Bit i of `starts`: seven bytes of a run start at byte i. A stretch of n such bits is a run of n + 6
  // bytes.
  void runs(uint64_t starts) {
    while (open_ || starts != 0) {
      if (!open_) {
        const int at = std::countr_zero(starts);
        begin_ = base_ + static_cast<uint32_t>(at);
        starts |= (uint64_t{1} << at) - 1;
        open_ = true;
      }
      if (starts == ~uint64_t{0}) return;  // goes on in the next word
      const int at = std::countr_one(starts);
      findings_.runs.push_back({begin_, base_ + static_cast<uint32_t>(at) + digit_run_size_min - 1});
      starts &= ~((uint64_t{1} << at) - 1);
      open_ = false;
    }
  }

  bool letter_digits_;
  DigitFindings& findings_;
  uint32_t base_ = 0;
  uint32_t begin_ = 0;
  bool open_ = false;
};

}  // namespace

uint64_t digit_mask(const DigitFindings& findings, uint32_t begin, uint32_t size) {
  CHECK(size <= word_size);
  const size_t word = begin / word_size;
  const size_t shift = begin % word_size;
  uint64_t mask = findings.digits[word] >> shift;
  if (shift != 0) mask |= findings.digits[word + 1] << (word_size - shift);
  return size == word_size ? mask : mask & ((uint64_t{1} << size) - 1);
}

DigitEngine digit_engine() {
  static const DigitEngine engine =
      __builtin_cpu_supports("avx2") ? DigitEngine::Avx2 : DigitEngine::Portable;
  return engine;
}

void find_digits(std::span<const uint8_t> bytes, bool letter_digits, DigitEngine engine,
                 DigitFindings& findings) {
  CHECK(bytes.size() <= UINT32_MAX - word_size);
  findings.runs.clear();
  findings.letter_digits.clear();
  findings.digits.resize(bytes.size() / word_size + 2);
  findings.digits[bytes.size() / word_size] = findings.digits.back() = 0;
  const auto classify = engine == DigitEngine::Avx2 ? classify_avx2 : classify_portable;

  // masks[0] is the last word of the chunk before, whose successor was not known yet.
  std::array<Masks, chunk_words + 1> masks;
  Collector collector(letter_digits, findings);
  bool carried = false;
  const auto take = [&](size_t words) {
    for (size_t i = carried ? 0 : 1; i < words; ++i) collector.word(masks[i], masks[i + 1]);
    masks[0] = masks[words];
    carried = true;
  };

  const size_t words_whole = bytes.size() / word_size;
  for (size_t done = 0; done < words_whole;) {
    const size_t words = std::min(chunk_words, words_whole - done);
    classify(bytes.data() + done * word_size, words, &masks[1]);
    take(words);
    done += words;
  }
  if (const size_t rest = bytes.size() % word_size; rest != 0) {
    std::array<uint8_t, word_size> tail{};
    std::memcpy(tail.data(), bytes.data() + words_whole * word_size, rest);
    classify(tail.data(), 1, &masks[1]);
    take(1);
  }
  if (carried) collector.word(masks[0], Masks{});
}

}  // namespace sallyport::guard
