#include "core/guard/masker.h"

#include <algorithm>

#include "config/check.h"

namespace sallyport::guard {
namespace {

// A field rule covers the whole value: detectors matter only where one of them is stricter.
bool needs_scan(const MaskPlan& plan) {
  if (plan.detectors.empty()) return false;
  return plan.whole == MaskAction::None || plan.action_of(plan.detectors) > plan.whole;
}

}  // namespace

// Most fields of most batches hold nothing to mask: they cost one look here and none after the scan.
void Masker::choose_fields(std::span<const MaskField> fields) {
  scanned_.resize(fields.size());
  scanned_index_.resize(fields.size());
  decided_.clear();
  size_t scanned = 0;
  for (uint32_t i = 0; i < fields.size(); ++i) {
    const MaskField& field = fields[i];
    if (field.plan == nullptr || field.plan->empty() || field.size == 0) continue;
    const bool opaque = field.kind == ValueKind::Opaque;
    if (opaque || field.plan->whole != MaskAction::None) decided_.push_back(i);
    if (opaque || !needs_scan(*field.plan)) continue;
    scanned_[scanned] = {field.offset, field.size, field.plan->detectors};
    scanned_index_[scanned++] = i;
  }
  scanned_.resize(scanned);
  scanned_index_.resize(scanned);
}

std::span<const MaskResult> Masker::mask(const Scanner& scanner, std::span<uint8_t> buffer,
                                         std::span<const MaskField> fields) {
  arena_.clear();
  pieces_.clear();
  results_.assign(fields.size(), MaskResult{});
  choose_fields(fields);
  if (scanner.scan(buffer, scanned_, scratch_, scan_)) {
    mask_found(buffer, fields);
  } else {
    for (const uint32_t i : scanned_index_) withhold(i);
    for (const uint32_t i : decided_) {
      if (results_[i].outcome != MaskOutcome::Withhold) mask_field(buffer, fields, i, {});
    }
  }
  for (const Piece& piece : pieces_) {
    results_[piece.field].bytes = Bytes(arena_).subspan(piece.begin, piece.end - piece.begin);
  }
  return results_;
}

// Goes through the fields with something to do, in order: those with hits, those that are crowded, those that
// a field rule or their kind has decided.
void Masker::mask_found(std::span<uint8_t> buffer, std::span<const MaskField> fields) {
  constexpr uint32_t none = UINT32_MAX;
  const std::vector<Hit>& hits = scan_.hits;
  size_t hit = 0, crowded = 0, decided = 0;
  for (;;) {
    const uint32_t with_hits = hit < hits.size() ? scanned_index_[hits[hit].field] : none;
    const uint32_t over = crowded < scan_.crowded.size() ? scanned_index_[scan_.crowded[crowded]] : none;
    const uint32_t ruled = decided < decided_.size() ? decided_[decided] : none;
    const uint32_t next = std::min({with_hits, over, ruled});
    if (next == none) return;
    size_t hits_end = hit;
    while (hits_end < hits.size() && scanned_index_[hits[hits_end].field] == next) ++hits_end;
    if (over == next) {
      withhold(next);
      ++crowded;
    } else {
      mask_field(buffer, fields, next, std::span(hits).subspan(hit, hits_end - hit));
    }
    hit = hits_end;
    decided += ruled == next ? 1 : 0;
  }
}

void Masker::withhold(uint32_t index) {
  results_[index].outcome = MaskOutcome::Withhold;
  ++counters_.withheld_fields;
}

void Masker::mask_field(std::span<uint8_t> buffer, std::span<const MaskField> fields, uint32_t index,
                        std::span<const Hit> hits) {
  const MaskField& field = fields[index];
  CHECK(field.offset <= buffer.size() && field.size <= buffer.size() - field.offset);
  const size_t arena_begin = arena_.size();
  const MaskOutcome outcome = mask_one(buffer.subspan(field.offset, field.size), field, hits);
  if (outcome == MaskOutcome::Withhold) return withhold(index);
  if (outcome == MaskOutcome::Replaced) pieces_.push_back({index, arena_begin, arena_.size()});
  counters_.masked_fields += outcome == MaskOutcome::Untouched ? 0 : 1;
  results_[index].outcome = outcome;
}

MaskOutcome Masker::mask_one(std::span<uint8_t> value, const MaskField& field, std::span<const Hit> hits) {
  if (field.kind == ValueKind::Opaque) return MaskOutcome::Withhold;
  for (const Hit& hit : hits) ++counters_.hits[static_cast<size_t>(hit.detector)];
  if (field.plan->whole == MaskAction::None)
    return hits.empty() ? MaskOutcome::Untouched : mask_hits(value, field, hits);
  MaskAction action = field.plan->whole;
  for (const Hit& hit : hits) action = strictest(action, field.plan->action_of(hit.detectors));
  ++counters_.whole;
  return mask_whole(value, action, field.kind);
}

MaskOutcome Masker::mask_whole(std::span<uint8_t> value, MaskAction action, ValueKind kind) {
  if (keeps_length(action)) {
    mask_in_place(value, action, {}, kind);
    return MaskOutcome::InPlace;
  }
  append(mask_label({}, {}, kind));
  return MaskOutcome::Replaced;
}

MaskOutcome Masker::mask_hits(std::span<uint8_t> value, const MaskField& field, std::span<const Hit> hits) {
  const auto action_of = [&field](const Hit& hit) { return field.plan->action_of(hit.detectors); };
  if (std::ranges::all_of(hits, [&](const Hit& hit) { return keeps_length(action_of(hit)); })) {
    for (const Hit& hit : hits) {
      mask_in_place(value.subspan(hit.range.begin, hit.range.size()), action_of(hit), hit.detectors,
                    field.kind);
    }
    return MaskOutcome::InPlace;
  }
  uint32_t done = 0;
  for (const Hit& hit : hits) {
    append(Bytes(value.subspan(done, hit.range.begin - done)));
    done = hit.range.end;
    if (!keeps_length(action_of(hit))) {
      append(mask_label(hit.detectors, hit.detector, field.kind));
      continue;
    }
    append(Bytes(value.subspan(hit.range.begin, hit.range.size())));
    mask_in_place(std::span(arena_).last(hit.range.size()), action_of(hit), hit.detectors, field.kind);
  }
  append(Bytes(value.subspan(done)));
  return MaskOutcome::Replaced;
}

std::string Masker::mask_text(const Scanner& scanner, const MaskPlan& plan, std::string_view text) {
  if (text.size() > batch_size_max) return "[withheld]";
  std::string copy(text);
  const MaskField field{0, static_cast<uint32_t>(copy.size()), ValueKind::Text, &plan};
  const MaskResult result =
      mask(scanner, {reinterpret_cast<uint8_t*>(copy.data()), copy.size()}, {&field, 1}).front();
  switch (result.outcome) {
    case MaskOutcome::Untouched:
    case MaskOutcome::InPlace: return copy;
    case MaskOutcome::Replaced: return {result.bytes.begin(), result.bytes.end()};
    case MaskOutcome::Withhold: return "[withheld]";
  }
  __builtin_unreachable();
}

}  // namespace sallyport::guard
