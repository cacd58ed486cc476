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

// The order is the preference where hits overlap: the later one names the merged hit. Personal data first.
enum class DetectorId : uint8_t {
  IpAddress,
  Phone,
  DateOfBirth,
  PassportNumber,
  UsSsn,
  UsItin,
  UkNhs,
  DeTaxId,
  FrNir,
  NlBsn,
  PlPesel,
  SePersonnummer,
  NoFodselsnummer,
  BeNationalNumber,
  ChAhv,
  BrCpf,
  BrCnpj,
  InAadhaar,
  CaSin,
  AuTfn,
  AuMedicare,
  ZaId,
  CnId,
  KrRrn,
  JpMyNumber,
  Imei,
  EsId,
  UkNino,
  ItCodiceFiscale,
  MxCurp,
  InPan,
  PassportMrz,
  Ipv6Address,
  MacAddress,
  Bic,
  CardCode,
  CreditCard,
  Iban,
  Email,
  Password,
  BearerToken,
  BasicAuth,
  UrlPassword,
  AwsAccessKey,
  AwsSecretKey,
  AzureStorageKey,
  AzureSas,
  AzureClientSecret,
  GoogleApiKey,
  GoogleOauth,
  GithubToken,
  GitlabToken,
  NpmToken,
  PypiToken,
  DockerToken,
  SlackToken,
  DiscordToken,
  TelegramToken,
  TwilioKey,
  SendgridKey,
  MailgunKey,
  StripeKey,
  ShopifyToken,
  ModelApiKey,
  HuggingfaceToken,
  VaultToken,
  TerraformToken,
  DigitaloceanToken,
  DatabricksToken,
  DatadogKey,
  NewrelicKey,
  GrafanaToken,
  SentryToken,
  AtlassianToken,
  AgeKey,
  Jwt,
  PrivateKey,
  SallyportTicket,
};
inline constexpr size_t detector_count = static_cast<size_t>(DetectorId::SallyportTicket) + 1;

// Those that a config defines follow the built-in ones (custom.h).
inline constexpr size_t custom_detector_count_max = 32;
inline constexpr size_t detector_slot_count = detector_count + custom_detector_count_max;

[[nodiscard]] constexpr bool is_custom(DetectorId id) { return static_cast<size_t>(id) >= detector_count; }
[[nodiscard]] constexpr DetectorId custom_id(size_t index) {
  return static_cast<DetectorId>(detector_count + index);
}

class DetectorSet {
 public:
  constexpr DetectorSet() = default;
  constexpr DetectorSet(DetectorId id) { add(static_cast<size_t>(id)); }
  // The built-in ones.
  [[nodiscard]] static constexpr DetectorSet all() {
    DetectorSet set;
    for (size_t i = 0; i < detector_count; ++i) set.add(i);
    return set;
  }

  [[nodiscard]] constexpr bool has(DetectorId id) const {
    const auto bit = static_cast<size_t>(id);
    return (bit < word_size ? low_ >> bit : high_ >> (bit - word_size)) & 1;
  }
  [[nodiscard]] constexpr bool empty() const { return (low_ | high_) == 0; }
  [[nodiscard]] constexpr int count() const { return std::popcount(low_) + std::popcount(high_); }
  [[nodiscard]] constexpr bool contains(DetectorSet other) const {
    return ((other.low_ & ~low_) | (other.high_ & ~high_)) == 0;
  }
  [[nodiscard]] constexpr bool overlaps(DetectorSet other) const { return !(*this & other).empty(); }
  [[nodiscard]] constexpr DetectorSet operator|(DetectorSet other) const {
    return from(low_ | other.low_, high_ | other.high_);
  }
  [[nodiscard]] constexpr DetectorSet operator&(DetectorSet other) const {
    return from(low_ & other.low_, high_ & other.high_);
  }
  constexpr DetectorSet& operator|=(DetectorSet other) { return *this = *this | other; }
  constexpr bool operator==(const DetectorSet&) const = default;

  // Calls `use` with each member, ascending.
  template <typename Use>
  constexpr void each(Use use) const {
    for (uint64_t bits = low_; bits != 0; bits &= bits - 1)
      use(static_cast<DetectorId>(std::countr_zero(bits)));
    for (uint64_t bits = high_; bits != 0; bits &= bits - 1)
      use(static_cast<DetectorId>(word_size + static_cast<size_t>(std::countr_zero(bits))));
  }

 private:
  static constexpr size_t word_size = 64;
  static constexpr DetectorSet from(uint64_t low, uint64_t high) {
    DetectorSet set;
    set.low_ = low;
    set.high_ = high;
    return set;
  }
  constexpr void add(size_t bit) {
    if (bit < word_size) {
      low_ |= uint64_t{1} << bit;
    } else {
      high_ |= uint64_t{1} << (bit - word_size);
    }
  }
  uint64_t low_ = 0;
  uint64_t high_ = 0;
};
static_assert(detector_slot_count <= 128);

// Where a detector's candidates come from.
enum class CoreKind : uint8_t {
  Literal,      // Hyperscan reports the end of `pattern`
  DigitRun,     // digits.h reports runs of digits and their separators; confirm_digits.h judges them
  LetterDigit,  // digits.h reports two letters and two digits; the end is after the fourth byte
};

// What `partial` leaves of a hit (mask_action.h).
enum class Form : uint8_t {
  Token,   // the head, which is a public prefix
  Number,  // separators and the last few characters
  Email,
  Hidden,  // nothing: it may be guessable, or its parts tell much
};

// `end` is where the core ended inside the field. Returns the range to mask, or nothing. Reads `field` only,
// and at most a bounded number of bytes of it for most candidates (see confirm.h).
using Confirm = std::optional<Range> (*)(Bytes field, uint32_t end);

struct Detector {
  DetectorId id;
  std::string_view label;  // "[email]"; what stands for a redacted hit
  Form form;
  bool context;             // words near the value decide
  std::string_view doc;     // one line for people: what counts as a hit
  std::string_view source;  // the specification that it is taken from
  CoreKind core;
  std::span<const char* const> patterns;  // Literal only; "(?i)" in front of one makes it caseless
  Confirm confirm;                        // Literal and LetterDigit only

  // As in the config: "email".
  [[nodiscard]] constexpr std::string_view name() const { return label.substr(1, label.size() - 2); }
  [[nodiscard]] constexpr std::string_view set() const {
    return id < DetectorId::Password ? "@pii" : "@secrets";
  }
};

struct Catalogue {
  // In the order of DetectorId.
  [[nodiscard]] static std::span<const Detector, detector_count> all();
  // Built-in ones only.
  [[nodiscard]] static const Detector& at(DetectorId id);
  // A detector's name or a set's ("@pii", "@secrets"); nothing when neither exists.
  [[nodiscard]] static std::optional<DetectorSet> find(std::string_view name);
  [[nodiscard]] static DetectorSet with(Form form);
  [[nodiscard]] static DetectorSet with(CoreKind core);
};

}  // namespace sallyport::guard
