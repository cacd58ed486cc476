#include "core/guard/masker.h"

#include <algorithm>

#include "config/check.h"

namespace sallyport::guard {
namespace {

bool needs_scan(const MaskField& field) {
  if (field.plan == nullptr || field.plan->detectors.empty() || field.size == 0) return false;
  if (field.kind == ValueKind::Opaque) return false;
  if (field.plan->whole == MaskAction::None) return true;
  // A field rule covers the whole value: detectors matter only where one of them is stricter.
  return field.plan->action_of(field.plan->detectors) > field.plan->whole;
}

}  // namespace

void Masker::choose_fields(std::span<const MaskField> fields) {
  scanned_.clear();
  scanned_index_.clear();
  for (uint32_t i = 0; i < fields.size(); ++i) {
    if (!needs_scan(fields[i])) continue;
    scanned_.push_back({fields[i].offset, fields[i].size, fields[i].plan->detectors});
    scanned_index_.push_back(i);
  }
}

std::span<const MaskResult> Masker::mask(const Scanner& scanner, std::span<uint8_t> buffer,
                                         std::span<const MaskField> fields) {
  arena_.clear();
  pieces_.clear();
  results_.assign(fields.size(), MaskResult{});
  choose_fields(fields);
  const bool judged = scanner.scan(buffer, scanned_, scratch_, scan_);

  size_t next_scanned = 0;
  auto hit = scan_.hits.cbegin();
  auto crowded = scan_.crowded.cbegin();
  for (uint32_t i = 0; i < fields.size(); ++i) {
    const MaskField& field = fields[i];
    CHECK(field.offset <= buffer.size() && field.size <= buffer.size() - field.offset);
    bool known = true;
    auto hits_end = hit;
    if (next_scanned < scanned_.size() && scanned_index_[next_scanned] == i) {
      while (hits_end != scan_.hits.cend() && hits_end->field == next_scanned) ++hits_end;
      known = judged;
      if (crowded != scan_.crowded.cend() && *crowded == next_scanned) {
        known = false;
        ++crowded;
      }
      ++next_scanned;
    }
    const size_t arena_begin = arena_.size();
    MaskOutcome outcome = MaskOutcome::Withhold;
    if (known) outcome = mask_one(buffer.subspan(field.offset, field.size), field, {hit, hits_end});
    if (outcome == MaskOutcome::Replaced) pieces_.push_back({i, arena_begin, arena_.size()});
    counters_.withheld_fields += outcome == MaskOutcome::Withhold;
    counters_.masked_fields += outcome == MaskOutcome::InPlace || outcome == MaskOutcome::Replaced;
    results_[i].outcome = outcome;
    hit = hits_end;
  }
  for (const Piece& piece : pieces_) {
    results_[piece.field].bytes = Bytes(arena_).subspan(piece.begin, piece.end - piece.begin);
  }
  return results_;
}

MaskOutcome Masker::mask_one(std::span<uint8_t> value, const MaskField& field, std::span<const Hit> hits) {
  if (field.plan == nullptr || field.plan->empty() || value.empty()) return MaskOutcome::Untouched;
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
