// Finds where digits stand thick, 64 bytes at a time: the shapes that carry no literal (cards, SSNs, phones,
// IBAN) and would cost Hyperscan most of its speed. Blind to fields, as Hyperscan's cores are.
//
// Classifying bytes has an AVX2 form, chosen at run time, and a portable twin with the same result; all that
// follows works on bit masks and is shared. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sallyport::guard {

// A run holds digits and the separators that people put between them: space - . / ( ) +
inline constexpr uint32_t digit_run_size_min = 7;

struct DigitRun {
  uint32_t begin = 0;  // offsets into the scanned bytes
  uint32_t end = 0;
  bool operator==(const DigitRun&) const = default;
};

struct DigitFindings {
  std::vector<uint64_t> digits;  // bit i of word k: byte 64 k + i is a digit; one word of zeros follows
  std::vector<DigitRun> runs;    // every maximal run of at least digit_run_size_min bytes, ascending
  std::vector<uint32_t> letter_digits;  // offsets of letter letter digit digit, ascending
};

// Which of `size` bytes from `begin` on are digits, the first in bit 0; size <= 64.
[[nodiscard]] uint64_t digit_mask(const DigitFindings& findings, uint32_t begin, uint32_t size);

enum class DigitEngine : uint8_t { Portable, Avx2 };

// Avx2 where the processor has it.
[[nodiscard]] DigitEngine digit_engine();

// Clears and fills `findings`. Bytes are at most 4 GiB. `letter_digits` says whether those are wanted.
void find_digits(std::span<const uint8_t> bytes, bool letter_digits, DigitEngine engine,
                 DigitFindings& findings);

}  // namespace sallyport::guard
