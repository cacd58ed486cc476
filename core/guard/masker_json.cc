// How masks apply to a JSON value: within the strings and numbers that a hit touches, so that the value stays
// JSON whatever the action. Hits are of the value as it stands where no backslash is in it, else of what
// decode_json made of it; both have the same parts in the same order.
#include <algorithm>

#include "core/guard/confirm_text.h"
#include "core/guard/json.h"
#include "core/guard/masker.h"

namespace sallyport::guard {
namespace {

bool has_escape(Bytes text) { return std::ranges::find(text, '\\') != text.end(); }

// Walks a part's bytes and what they say side by side.
struct Walk {
  Bytes raw;
  uint32_t at = 0;     // in `raw`
  uint32_t spelt = 0;  // the same place in what was looked at

  // To the first unit that begins at `place` or behind it; nowhere beyond the end.
  void to(uint32_t place) {
    while (spelt < place && at < raw.size()) {
      const JsonUnit unit = json_unit(raw.subspan(at));
      at += unit.raw_size;
      spelt += unit.size;
    }
  }
  [[nodiscard]] bool at_escape() const { return at < raw.size() && raw[at] == '\\'; }
};

// What is assigned to the name of a secret is a whole string, though what it says may hold what ends a value
// elsewhere.
bool takes_whole(const Hit& hit, uint32_t begin) {
  return hit.range.begin == begin && hit.detectors.has(DetectorId::Password);
}

}  // namespace

MaskOutcome Masker::mask_json(std::span<uint8_t> value, const MaskField& field, std::span<const Hit> hits) {
  const bool is_whole = field.plan->whole != MaskAction::None;
  MaskAction whole = field.plan->whole;
  TokenKeyIndex whole_key = field.plan->whole_key;
  bool in_place = true;
  for (const Hit& hit : hits) {
    const MaskAction action = field.plan->action_of(hit.detectors);
    if (action > whole) whole_key = field.plan->key_of(hit.detectors);
    whole = strictest(whole, action);
    in_place = in_place && keeps_length(action);
  }
  if (is_whole && !keeps_length(whole)) return replace_json(value, whole, whole_key);
  if (!valid_json(value)) return MaskOutcome::Withhold;
  JsonJob job{.value = value, .plan = field.plan, .hits = hits, .whole = is_whole ? whole : MaskAction::None};
  job.in_place = (is_whole || in_place) && !has_escape(value);

  JsonReader reader(value);
  uint32_t shrunk = 0;  // by how many bytes what was looked at is behind the value
  bool touched = false;
  while (const auto part = reader.next()) {
    const auto [begin, end] = part->range;
    const uint32_t spelt = begin - shrunk;
    Walk walk{Bytes(value).subspan(begin, end - begin), 0, spelt};
    const bool escaped = !job.in_place && part->kind == JsonPart::Kind::String && has_escape(walk.raw);
    if (escaped) {
      Walk all = walk;
      all.to(UINT32_MAX);
      shrunk += end - begin - (all.spelt - spelt);
    }
    const Range looked_at{spelt, end - shrunk};
    if (job.whole == MaskAction::None) {
      while (!job.hits.empty() && job.hits.front().range.end <= looked_at.begin)
        job.hits = job.hits.subspan(1);
      if (job.hits.empty()) break;
      if (job.hits.empty() || job.hits.front().range.begin >= looked_at.end) continue;
    }
    if (begin == end) continue;
    touched = true;
    if (part->kind == JsonPart::Kind::Number) {
      mask_json_number(job, part->range, looked_at);
    } else {
      mask_json_string(job, part->range, looked_at);
    }
  }
  if (!touched) return MaskOutcome::Untouched;
  if (job.in_place) return MaskOutcome::InPlace;
  append(Bytes(value).subspan(job.done));
  return MaskOutcome::Replaced;
}

// The value as a whole: one JSON string. What a token stands for is what a lone string says, or the value's
// own bytes.
MaskOutcome Masker::replace_json(Bytes value, MaskAction action, TokenKeyIndex key) {
  std::string_view label = mask_label({}, {}, ValueKind::Text);
  if (action == MaskAction::Token) {
    json_piece_.assign(value.begin(), value.end());
    if (valid_json(value)) {
      while (!value.empty() && is_space(value.front())) value = value.subspan(1);
      while (!value.empty() && is_space(value.back())) value = value.first(value.size() - 1);
      json_piece_.assign(value.begin(), value.end());
      if (value.front() == '"') {
        json_piece_.clear();
        decode_json_string(value.subspan(1, value.size() - 2), json_piece_);
      }
    }
    if (tokenizer_.is_token(key_at(key), json_piece_)) return MaskOutcome::Untouched;
    label = token(key, json_piece_, ValueKind::Text);
  }
  append("\"");
  append(label);
  append("\"");
  return MaskOutcome::Replaced;
}

void Masker::mask_json_number(JsonJob& job, Range at, Range looked_at) {
  MaskAction action = job.whole;
  DetectorSet detectors;
  if (action == MaskAction::None) {
    for (const Hit& hit : job.hits) {
      if (hit.range.begin >= looked_at.end) break;
      detectors |= hit.detectors;
    }
    action = job.plan->action_of(detectors);
  }
  const std::span<uint8_t> number = job.value.subspan(at.begin, at.size());
  if (job.in_place) return guard::mask_json_number(number, action);
  append(Bytes(job.value).subspan(job.done, at.begin - job.done));
  job.done = at.end;
  if (action == MaskAction::Token)
    return append(token(job.plan->key_of(detectors), number, ValueKind::Digits));
  if (!keeps_length(action)) return append(mask_label({}, {}, ValueKind::Digits));
  append(Bytes(number));
  guard::mask_json_number(std::span(arena_).last(number.size()), action);
}

void Masker::mask_json_string(JsonJob& job, Range at, Range looked_at) {
  if (job.whole != MaskAction::None) return mask_json_piece(job, at, job.whole, {});
  Walk walk{Bytes(job.value).subspan(at.begin, at.size()), 0, looked_at.begin};
  for (size_t i = 0; i < job.hits.size() && job.hits[i].range.begin < looked_at.end; ++i) {
    const Hit& hit = job.hits[i];
    if (job.in_place) {
      walk.at = std::max(hit.range.begin, looked_at.begin) - looked_at.begin;
    } else {
      walk.to(hit.range.begin);
    }
    Range piece{at.begin + walk.at, at.end};
    if (hit.range.end < looked_at.end) {
      if (job.in_place) {
        piece.end = at.begin + (hit.range.end - looked_at.begin);
      } else {
        walk.to(hit.range.end);
        if (!(walk.at_escape() && takes_whole(hit, looked_at.begin))) piece.end = at.begin + walk.at;
      }
    }
    if (piece.begin < piece.end) mask_json_piece(job, piece, job.plan->action_of(hit.detectors), hit);
    if (piece.end == at.end) return;
  }
}

// Bytes of a string, whole units.
void Masker::mask_json_piece(JsonJob& job, Range at, MaskAction action, const Hit& hit) {
  const std::span<uint8_t> raw = job.value.subspan(at.begin, at.size());
  if (job.in_place) return mask_in_place(raw, action, hit.detectors, ValueKind::Text);
  append(Bytes(job.value).subspan(job.done, at.begin - job.done));
  job.done = at.end;
  json_piece_.clear();
  decode_json_string(raw, json_piece_);
  if (!keeps_length(action)) return append_label(json_piece_, hit, action, *job.plan, ValueKind::Text);
  mask_in_place(json_piece_, action, hit.detectors, ValueKind::Text);
  escape_json(json_piece_, arena_);
}

}  // namespace sallyport::guard
