// The built-in detectors: what a piece of personal data or a secret looks like, and how a candidate is
// confirmed.
//
// A detector has two halves. The core says cheaply where a hit may be, over a whole batch of fields at once
// and blind to where fields begin: a short pattern that carries a literal (for Hyperscan), or a shape of
// digits (for the digit scanner, digits.h). The confirm half decides, and it sees nothing but the bytes of
// one field, so that framing bytes and neighbouring fields can never make or break a hit.
//
// All functions here are pure and reentrant; any thread.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace sallyport::guard {

using Bytes = std::span<const uint8_t>;

// Half-open, in bytes, relative to the field that it was found in: begin < end <= field size.
struct Range {
  uint32_t begin = 0;
  uint32_t end = 0;

  [[nodiscard]] uint32_t size() const { return end - begin; }
  bool operator==(const Range&) const = default;
};

// The order is the preference where hits overlap: the later one names the merged hit.
enum class DetectorId : uint8_t {
  Phone,
  UsSsn,
  CreditCard,
  Iban,
  Email,
  UrlPassword,
  AwsAccessKey,
  AwsSecretKey,
  GithubToken,
  SlackToken,
  GoogleApiKey,
  StripeKey,
  ModelApiKey,
  Jwt,
  PrivateKey,
  SallyportTicket,
};
inline constexpr size_t detector_count = static_cast<size_t>(DetectorId::SallyportTicket) + 1;

class DetectorSet {
 public:
  constexpr DetectorSet() = default;
  constexpr DetectorSet(DetectorId id) : bits_(uint64_t{1} << static_cast<unsigned>(id)) {}
  [[nodiscard]] static constexpr DetectorSet all() {
    DetectorSet set;
    set.bits_ = (uint64_t{1} << detector_count) - 1;
    return set;
  }

  [[nodiscard]] constexpr bool has(DetectorId id) const { return bits_ >> static_cast<unsigned>(id) & 1; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  [[nodiscard]] constexpr int count() const { return std::popcount(bits_); }
  [[nodiscard]] constexpr bool contains(DetectorSet other) const { return (other.bits_ & ~bits_) == 0; }
  [[nodiscard]] constexpr DetectorSet operator|(DetectorSet other) const { return from(bits_ | other.bits_); }
  [[nodiscard]] constexpr DetectorSet operator&(DetectorSet other) const { return from(bits_ & other.bits_); }
  constexpr DetectorSet& operator|=(DetectorSet other) { return *this = *this | other; }
  constexpr bool operator==(const DetectorSet&) const = default;

 private:
  static constexpr DetectorSet from(uint64_t bits) {
    DetectorSet set;
    set.bits_ = bits;
    return set;
  }
  uint64_t bits_ = 0;
};
static_assert(detector_count < 64);

// Where a detector's candidates come from.
enum class CoreKind : uint8_t {
  Literal,      // Hyperscan reports the end of `pattern`
  DigitRun,     // digits.h reports runs of digits and their separators; confirm_digits.h judges them
  LetterDigit,  // digits.h reports two letters and two digits (IBAN); the end is after the fourth byte
};

// `end` is where the core ended inside the field. Returns the range to mask, or nothing. Reads `field` only,
// and at most a bounded number of bytes of it for most candidates (see confirm.h).
using Confirm = std::optional<Range> (*)(Bytes field, uint32_t end);

struct Detector {
  DetectorId id;
  std::string_view name;  // as in the config: "email"
  std::string_view set;   // "@pii" or "@secrets"
  std::string_view doc;   // one line for people: what counts as a hit
  CoreKind core;
  std::span<const char* const> patterns;  // Literal only; "(?i)" in front of one makes it caseless
  Confirm confirm;                        // Literal and LetterDigit only
};

struct Catalogue {
  // In the order of DetectorId.
  [[nodiscard]] static std::span<const Detector, detector_count> all();
  [[nodiscard]] static const Detector& at(DetectorId id);
  // A detector's name or a set's ("@pii", "@secrets"); nothing when neither exists.
  [[nodiscard]] static std::optional<DetectorSet> find(std::string_view name);
};

}  // namespace sallyport::guard
