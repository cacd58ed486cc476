#include "core/guard/masker.h"

#include <algorithm>
#include <cstring>

#include "config/check.h"
#include "core/guard/json.h"

namespace sallyport::guard {
namespace {

// A field rule covers the whole value: detectors matter only where one of them is stricter.
bool needs_scan(const MaskPlan& plan) {
  if (plan.detectors.empty()) return false;
  return plan.whole == MaskAction::None || plan.action_of(plan.detectors) > plan.whole;
}

bool has_backslash(Bytes value) { return std::memchr(value.data(), '\\', value.size()) != nullptr; }

std::span<uint8_t> value_of(std::span<uint8_t> buffer, const MaskField& field) {
  if (field.bytes != nullptr) return {field.bytes, field.size};
  CHECK(field.offset <= buffer.size() && field.size <= buffer.size() - field.offset);
  return buffer.subspan(field.offset, field.size);
}

}  // namespace

// Most fields of most batches hold nothing to mask: they cost one look here and none after the scan.
void Masker::choose_fields(std::span<uint8_t> buffer, std::span<const MaskField> fields) {
  in_buffer_.fields.resize(fields.size());
  in_buffer_.index.resize(fields.size());
  in_buffer_.decided.clear();
  loose_.fields.clear();
  loose_.index.clear();
  loose_.decided.clear();
  loose_bytes_.clear();
  size_t scanned = 0;
  for (uint32_t i = 0; i < fields.size(); ++i) {
    const MaskField& field = fields[i];
    if (field.plan == nullptr || field.plan->empty() || field.size == 0) continue;
    const bool opaque = field.kind == ValueKind::Opaque;
    const bool scan = !opaque && needs_scan(*field.plan);
    const bool decode = scan && field.kind == ValueKind::Json && has_backslash(value_of(buffer, field));
    const bool loose = decode || field.bytes != nullptr;
    if (scan && loose) {
      if (!copy_loose(value_of(buffer, field), field, decode)) {
        withhold(i);
        continue;
      }
      loose_.index.push_back(i);
    } else if (scan) {
      in_buffer_.fields[scanned] = {field.offset, field.size, field.plan->detectors};
      in_buffer_.index[scanned++] = i;
    }
    if (opaque || field.plan->whole != MaskAction::None) (loose ? loose_ : in_buffer_).decided.push_back(i);
  }
  in_buffer_.fields.resize(scanned);
  in_buffer_.index.resize(scanned);
}

// Side by side, so that one scan looks at all of them. False: it cannot be decoded.
bool Masker::copy_loose(Bytes value, const MaskField& field, bool decode) {
  const auto begin = static_cast<uint32_t>(loose_bytes_.size());
  if (!decode) {
    loose_bytes_.insert(loose_bytes_.end(), value.begin(), value.end());
  } else if (!decode_json(value, loose_bytes_)) {
    return false;
  }
  loose_.fields.push_back({begin, static_cast<uint32_t>(loose_bytes_.size()) - begin, field.plan->detectors});
  loose_bytes_.push_back(0);
  return true;
}

std::span<const MaskResult> Masker::mask(const Scanner& scanner, std::span<uint8_t> buffer,
                                         std::span<const MaskField> fields, TokenKeys keys) {
  keys_ = keys;
  scanner_ = &scanner;
  found_.clear();
  arena_.clear();
  pieces_.clear();
  results_.assign(fields.size(), MaskResult{});
  choose_fields(buffer, fields);
  mask_part(scanner, buffer, fields, buffer, in_buffer_);
  mask_part(scanner, buffer, fields, loose_bytes_, loose_);
  for (const Piece& piece : pieces_) {
    results_[piece.field].bytes = Bytes(arena_).subspan(piece.begin, piece.end - piece.begin);
  }
  return results_;
}

void Masker::mask_part(const Scanner& scanner, std::span<uint8_t> buffer, std::span<const MaskField> fields,
                       std::span<const uint8_t> scanned, Part& part) {
  if (scanned.size() <= batch_size_max && scanner.scan(scanned, part.fields, scratch_, part.scan)) {
    if (!keys_.empty()) {
      std::erase_if(part.scan.hits, [&](const Hit& hit) {
        const Field& field = part.fields[hit.field];
        return tokenizer_.within_token(keys_, scanned.subspan(field.offset, field.size), hit.range);
      });
    }
    return mask_found(buffer, fields, part);
  }
  for (const uint32_t i : part.index) withhold(i);
  for (const uint32_t i : part.decided) {
    if (results_[i].outcome != MaskOutcome::Withhold) mask_field(buffer, fields, i, {});
  }
}

// Goes through the fields with something to do, in order: those with hits, those that are crowded, those that
// a field rule or their kind has decided.
void Masker::mask_found(std::span<uint8_t> buffer, std::span<const MaskField> fields, const Part& part) {
  constexpr uint32_t none = UINT32_MAX;
  const std::vector<Hit>& hits = part.scan.hits;
  const std::vector<uint32_t>& crowds = part.scan.crowded;
  size_t hit = 0, crowded = 0, decided = 0;
  for (;;) {
    const uint32_t with_hits = hit < hits.size() ? part.index[hits[hit].field] : none;
    const uint32_t over = crowded < crowds.size() ? part.index[crowds[crowded]] : none;
    const uint32_t ruled = decided < part.decided.size() ? part.decided[decided] : none;
    const uint32_t next = std::min({with_hits, over, ruled});
    if (next == none) return;
    size_t hits_end = hit;
    while (hits_end < hits.size() && part.index[hits[hits_end].field] == next) ++hits_end;
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
  const size_t arena_begin = arena_.size();
  const MaskOutcome outcome = mask_one(value_of(buffer, field), field, hits);
  if (outcome == MaskOutcome::Withhold) return withhold(index);
  if (outcome == MaskOutcome::Replaced) pieces_.push_back({index, arena_begin, arena_.size()});
  if (outcome != MaskOutcome::Untouched) note_found(index, *field.plan, hits);
  counters_.masked_fields += outcome == MaskOutcome::Untouched ? 0 : 1;
  results_[index].outcome = outcome;
}

void Masker::note_found(uint32_t index, const MaskPlan& plan, std::span<const Hit> hits) {
  if (plan.whole != MaskAction::None) found_.push_back({index, std::nullopt, 1});
  const size_t first = found_.size();
  for (const Hit& hit : hits) {
    const auto same = std::find_if(found_.begin() + static_cast<ptrdiff_t>(first), found_.end(),
                                   [&hit](const Found& found) { return found.detector == hit.detector; });
    if (same == found_.end()) {
      found_.push_back({index, hit.detector, 1});
    } else {
      ++same->hits;
    }
  }
}

MaskOutcome Masker::mask_one(std::span<uint8_t> value, const MaskField& field, std::span<const Hit> hits) {
  if (field.kind == ValueKind::Opaque) return MaskOutcome::Withhold;
  for (const Hit& hit : hits) ++counters_.hits[static_cast<size_t>(hit.detector)];
  const bool is_whole = field.plan->whole != MaskAction::None;
  if (!is_whole && hits.empty()) return MaskOutcome::Untouched;
  if (field.kind == ValueKind::Json) {
    counters_.whole += is_whole ? 1 : 0;
    return mask_json(value, field, hits);
  }
  if (!is_whole && field.kind != ValueKind::Uuid) return mask_hits(value, field, hits);
  MaskAction action = field.plan->whole;
  TokenKeyIndex key = field.plan->whole_key;
  for (const Hit& hit : hits) {
    const MaskAction own = field.plan->action_of(hit.detectors);
    if (own > action) key = field.plan->key_of(hit.detectors);
    action = strictest(action, own);
  }
  counters_.whole += is_whole ? 1 : 0;
  return mask_whole(value, action, key, field.kind);
}

MaskOutcome Masker::mask_whole(std::span<uint8_t> value, MaskAction action, TokenKeyIndex key,
                               ValueKind kind) {
  if (kind == ValueKind::Uuid) {
    if (!is_uuid(value)) return MaskOutcome::Withhold;
    if (action == MaskAction::Token) {
      tokenizer_.uuid(key_at(key), value);
    } else {
      mask_uuid(value, action);
    }
    return MaskOutcome::InPlace;
  }
  if (keeps_length(action)) {
    mask_in_place(value, action, {}, kind);
    return MaskOutcome::InPlace;
  }
  if (action == MaskAction::Token) {
    if (tokenizer_.is_token(key_at(key), value)) return MaskOutcome::Untouched;
    append(token(key, value, kind));
  } else {
    append(mask_label({}, {}, kind));
  }
  return MaskOutcome::Replaced;
}

const TokenKey& Masker::key_at(TokenKeyIndex index) const {
  CHECK(index < keys_.size());
  return keys_[index];
}

std::string_view Masker::token(TokenKeyIndex key, Bytes value, ValueKind kind) {
  return kind == ValueKind::Digits ? tokenizer_.number(key_at(key), value)
                                   : tokenizer_.text(key_at(key), value);
}

// What stands for a hit under Token or Redact.
void Masker::append_label(Bytes value, const Hit& hit, MaskAction action, const MaskPlan& plan,
                          ValueKind kind) {
  append(action == MaskAction::Token ? token(plan.key_of(hit.detectors), value, kind)
         : kind == ValueKind::Digits ? mask_label(hit.detectors, hit.detector, kind)
                                     : scanner_->label(hit.detector));
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
    const Bytes found = value.subspan(hit.range.begin, hit.range.size());
    if (!keeps_length(action_of(hit))) {
      append_label(found, hit, action_of(hit), *field.plan, field.kind);
      continue;
    }
    append(found);
    mask_in_place(std::span(arena_).last(hit.range.size()), action_of(hit), hit.detectors, field.kind);
  }
  append(Bytes(value.subspan(done)));
  return MaskOutcome::Replaced;
}

std::string Masker::mask_text(const Scanner& scanner, const MaskPlan& plan, std::string_view text,
                              TokenKeys keys) {
  if (text.size() > batch_size_max) return "[withheld]";
  std::string copy(text);
  const MaskField field{.size = static_cast<uint32_t>(copy.size()), .plan = &plan};
  const MaskResult result =
      mask(scanner, {reinterpret_cast<uint8_t*>(copy.data()), copy.size()}, {&field, 1}, keys).front();
  switch (result.outcome) {
    case MaskOutcome::Untouched:
    case MaskOutcome::InPlace: return copy;
    case MaskOutcome::Replaced: return {result.bytes.begin(), result.bytes.end()};
    case MaskOutcome::Withhold: return "[withheld]";
  }
  __builtin_unreachable();
}

}  // namespace sallyport::guard
