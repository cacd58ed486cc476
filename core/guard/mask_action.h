// What a hit is replaced with. Pure functions of bytes; any thread.
//
// Replacements of valid UTF-8 are valid UTF-8, and a masked value is never itself a hit again. Lengths are in
// bytes: keep-shape and partial always keep the byte length, so that they can be written in place; redact
// hides the length too.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/guard/detector.h"

namespace sallyport::guard {

// In the order of strictness: of several masks that hit, the greatest wins.
//   KeepShape  "Anne 4111-1111" -> "Xxxx 0000-0000"; separators stay, except in secrets
//   Partial    "jane@example.com" -> "j***@e******.com"; cards and other numbers keep their last few digits;
//              else a few of the first and last code points, never more than a third, short ones none
//   Token      same value, same token (token.h), whatever its type and where it stands
//   Redact     "[email]"; whole values "[masked]"
enum class MaskAction : uint8_t { None, KeepShape, Partial, Token, Redact };

[[nodiscard]] constexpr MaskAction strictest(MaskAction a, MaskAction b) { return a < b ? b : a; }

// What the bytes of a field are. Terminal is scanned and masked as Text.
enum class ValueKind : uint8_t {
  Text,
  Json,    // stays JSON: its strings are looked at decoded (json.h), hits apply within strings and numbers
  Digits,  // a decimal number: stays one, whatever the action ("0" when redacted)
  Terminal,
  Opaque,
  Uuid,  // 8-4-4-4-12 hexadecimal digits: stays one, masked as a whole
};

// Of the keys that the policy names (Policy::token_keys).
using TokenKeyIndex = uint8_t;

// Which detectors count for a field and what becomes of their hits; or one action for the value as a whole.
// Plain data that belongs to the policy.
struct MaskPlan {
  DetectorSet detectors;
  std::array<MaskAction, detector_slot_count> by_detector{};
  MaskAction whole = MaskAction::None;
  std::array<TokenKeyIndex, detector_slot_count> keys{};  // for Token
  TokenKeyIndex whole_key = 0;

  // The stricter action stays; of equal ones the first, and its key.
  void add(DetectorSet set, MaskAction action, TokenKeyIndex key = 0);
  void add_whole(MaskAction action, TokenKeyIndex key = 0);
  [[nodiscard]] MaskAction action_of(DetectorSet set) const;  // the strictest of them
  [[nodiscard]] TokenKeyIndex key_of(DetectorSet set) const;  // where that is Token
  [[nodiscard]] bool empty() const { return detectors.empty() && whole == MaskAction::None; }
};

// True when mask_in_place can do `action`; otherwise the label stands for the bytes.
[[nodiscard]] bool keeps_length(MaskAction action);

// Overwrites `hit` for KeepShape and Partial. `detectors` are those of the hit; none for a whole value.
void mask_in_place(std::span<uint8_t> hit, MaskAction action, DetectorSet detectors, ValueKind kind);

[[nodiscard]] bool is_uuid(Bytes value);
// A whole UUID, in place: zeros; with Partial the last four digits stay.
void mask_uuid(std::span<uint8_t> value, MaskAction action);

// "[email]", "[masked]" for a whole value (no detectors), "0" for a number.
[[nodiscard]] std::string_view mask_label(DetectorSet detectors, DetectorId detector, ValueKind kind);

// `range` grown to whole code points of `field`, so that cutting there leaves valid UTF-8 valid.
[[nodiscard]] Range widen_to_code_points(Bytes field, Range range);

}  // namespace sallyport::guard
