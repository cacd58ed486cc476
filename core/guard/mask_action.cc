#include "core/guard/mask_action.h"

#include <algorithm>

#include "core/guard/confirm_text.h"

namespace sallyport::guard {
namespace {

const DetectorSet number_detectors = Catalogue::with(Form::Number);
const DetectorSet pii_detectors = *Catalogue::find("@pii");
const DetectorSet hidden_detectors = Catalogue::with(Form::Hidden);

constexpr std::string_view uuid_form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";  // RFC 9562 section 4

bool is_continuation(uint8_t c) { return (c & 0xC0) == 0x80; }

uint8_t shape_of(uint8_t c) {
  if (is_digit(c)) return '0';
  if (is_upper(c)) return 'X';
  return 'x';
}

// Letters beyond ASCII become as many 'x' as they have bytes.
void keep_shape(std::span<uint8_t> bytes, bool separators) {
  for (uint8_t& c : bytes) {
    if (is_alnum(c) || c >= 0x80) {
      c = shape_of(c);
    } else if (!separators && !is_space(c)) {
      c = '*';
    }
  }
}

// Line ends stay, so that a key block remains a block.
void hide(std::span<uint8_t> bytes) {
  for (uint8_t& c : bytes) {
    if (c != '\n' && c != '\r') c = '*';
  }
}

// Separators and the last few characters stay.
void partial_number(std::span<uint8_t> bytes) {
  constexpr ptrdiff_t shown_max = 4;
  const ptrdiff_t count = std::ranges::count_if(bytes, is_alnum);
  ptrdiff_t hidden = count - std::min(shown_max, count / 3);
  for (uint8_t& c : bytes) {
    if (is_alnum(c) && hidden-- > 0) c = '*';
    if (c >= 0x80) c = '*';
  }
}

// A few code points at the ends stay; at most a third of all. Bytes that are no UTF-8 count as one each.
void partial_text(std::span<uint8_t> bytes, size_t head, size_t tail) {
  const auto count =
      static_cast<size_t>(std::ranges::count_if(bytes, [](uint8_t c) { return !is_continuation(c); }));
  head = std::min(head, count / 6);
  tail = std::min(tail, count / 6);
  size_t index = 0;  // code points begun
  for (uint8_t& c : bytes) {
    if (!is_continuation(c)) ++index;
    if (index > head && index <= count - tail) c = '*';
  }
}

// j***@e******.com: of a part the first character, unless it is short; the top level stays.
void partial_email(std::span<uint8_t> bytes) {
  const auto at = static_cast<size_t>(std::ranges::find(bytes, '@') - bytes.begin());
  const auto hide_part = [&bytes](size_t begin, size_t end) {
    constexpr size_t size_min = 3;
    const bool show = end - begin >= size_min && is_alnum(bytes[begin]);
    for (size_t i = begin + (show ? 1 : 0); i < end; ++i) bytes[i] = '*';
  };
  size_t dot = bytes.size();
  while (dot > at && bytes[dot - 1] != '.') --dot;
  if (dot == at || dot < at + 2) return hide(bytes);
  --dot;
  hide_part(0, at);
  hide_part(at + 1, dot);
  constexpr size_t top_level_size_max = 6;
  const auto top_level = bytes.subspan(dot + 1);
  if (top_level.size() > top_level_size_max || !std::ranges::all_of(top_level, is_alpha)) hide(top_level);
}

void partial_digits(std::span<uint8_t> bytes) {
  partial_number(bytes);
  std::ranges::replace(bytes, '*', '0');
}

bool looks_like_email(Bytes value) {
  return std::ranges::count(value, '@') == 1 && std::ranges::none_of(value, is_space);
}

bool looks_like_number(Bytes value) {
  constexpr ptrdiff_t digits_min = 8;
  return std::ranges::count_if(value, is_digit) >= digits_min &&
         std::ranges::none_of(value, [](uint8_t c) { return is_alpha(c) || c >= 0x80; });
}

void partial(std::span<uint8_t> bytes, DetectorSet detectors) {
  if (!(detectors & hidden_detectors).empty()) return hide(bytes);
  if (detectors == DetectorSet(DetectorId::Email)) return partial_email(bytes);
  if (!detectors.empty() && number_detectors.contains(detectors)) return partial_number(bytes);
  if (!detectors.empty()) {
    // A token's head is its public prefix. What several detectors claim together has no parts to choose from.
    return detectors.count() == 1 ? partial_text(bytes, 6, 0) : hide(bytes);
  }
  if (looks_like_email(bytes)) return partial_email(bytes);
  if (looks_like_number(bytes)) return partial_number(bytes);
  partial_text(bytes, 4, 4);
}

}  // namespace

void MaskPlan::add(DetectorSet set, MaskAction action, TokenKeyIndex key) {
  if (action == MaskAction::None) return;
  detectors |= set;
  set.each([&](DetectorId id) {
    const auto slot = static_cast<size_t>(id);
    if (action <= by_detector[slot]) return;
    by_detector[slot] = action;
    keys[slot] = key;
  });
}

void MaskPlan::add_whole(MaskAction action, TokenKeyIndex key) {
  if (action <= whole) return;
  whole = action;
  whole_key = key;
}

MaskAction MaskPlan::action_of(DetectorSet set) const {
  MaskAction action = MaskAction::None;
  set.each([&](DetectorId id) { action = strictest(action, by_detector[static_cast<size_t>(id)]); });
  return action;
}

TokenKeyIndex MaskPlan::key_of(DetectorSet set) const {
  std::optional<TokenKeyIndex> key;
  set.each([&](DetectorId id) {
    const auto slot = static_cast<size_t>(id);
    if (!key && by_detector[slot] == MaskAction::Token) key = keys[slot];
  });
  return key.value_or(whole_key);
}

bool keeps_length(MaskAction action) {
  return action == MaskAction::KeepShape || action == MaskAction::Partial;
}

void mask_in_place(std::span<uint8_t> hit, MaskAction action, DetectorSet detectors, ValueKind kind) {
  if (action == MaskAction::KeepShape)
    return keep_shape(hit, kind == ValueKind::Digits || pii_detectors.contains(detectors));
  if (kind == ValueKind::Digits) return partial_digits(hit);
  partial(hit, detectors);
}

bool is_uuid(Bytes value) {
  if (value.size() != uuid_form.size()) return false;
  for (size_t i = 0; i < uuid_form.size(); ++i) {
    if (uuid_form[i] == '-' ? value[i] != '-' : !is_hex(value[i])) return false;
  }
  return true;
}

void mask_uuid(std::span<uint8_t> value, MaskAction action) {
  constexpr size_t shown_count = 4;
  const size_t hidden = uuid_form.size() - (action == MaskAction::Partial ? shown_count : 0);
  for (size_t i = 0; i < hidden; ++i) {
    if (uuid_form[i] != '-') value[i] = '0';
  }
}

std::string_view mask_label(DetectorSet detectors, DetectorId detector, ValueKind kind) {
  if (kind == ValueKind::Digits) return "0";
  if (detectors.empty()) return "[masked]";
  return is_custom(detector) ? "[custom]" : Catalogue::at(detector).label;
}

Range widen_to_code_points(Bytes field, Range range) {
  constexpr int continuation_max = 3;  // RFC 3629 section 3
  if (range.begin < field.size() && is_continuation(field[range.begin])) {
    for (int i = 0; i < continuation_max && range.begin > 0 && is_continuation(field[range.begin]); ++i)
      --range.begin;
  }
  for (int i = 0; i < continuation_max && range.end < field.size() && is_continuation(field[range.end]);
       ++i) {
    ++range.end;
  }
  return range;
}

}  // namespace sallyport::guard
