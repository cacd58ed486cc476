// Which masks apply to a value of this identity on this target, and applying them.
#include <algorithm>

#include "config/check.h"
#include "core/core.h"
#include "core/path/session.h"

namespace sallyport {

namespace {

constexpr size_t field_count_max = 1 << 16;
constexpr size_t field_name_size_max = 256;  // as counted hits tell it
constexpr size_t hit_kind_count_max = 64;    // of one reply
constexpr uint32_t field_index_bits = 17;
static_assert(field_count_max < (1u << field_index_bits));

std::string_view view(sp_text text) {
  return text.size == 0 ? std::string_view() : std::string_view(text.data, text.size);
}

guard::ValueKind kind_of(sp_kind kind) {
  switch (kind) {
    case SP_KIND_TEXT: return guard::ValueKind::Text;
    case SP_KIND_JSON: return guard::ValueKind::Json;
    case SP_KIND_DIGITS: return guard::ValueKind::Digits;
    case SP_KIND_TERMINAL: return guard::ValueKind::Terminal;
    case SP_KIND_OPAQUE: return guard::ValueKind::Opaque;
    case SP_KIND_UUID: return guard::ValueKind::Uuid;
    case SP_KIND_PLAIN: return guard::ValueKind::Opaque;
  }
  return guard::ValueKind::Opaque;
}

}  // namespace

sp_field_id Session::field(const sp_field& field) {
  if (!proven_) return SP_FIELD_CLEAR;
  const guard::Policy& policy = *snapshot_->policy;
  const guard::MaskPlan* plan = policy.mask_plan(target(), groups_, field);
  const bool withheld = policy.withhold(target(), groups_, field);
  // A field without label and path is the plugin's question whether it need look at names at all.
  const bool is_question = field.label.size == 0 && field.path.size == 0;
  const bool may_hit = withheld || !plan->empty() || (is_question && policy.masks(target(), groups_));
  if (!may_hit) return SP_FIELD_CLEAR;
  if (fields_.empty()) fields_.emplace_back();
  const uint32_t generation = fields_generation_ << field_index_bits;
  // Beyond the bound every value is withheld: an index that nobody has.
  if (fields_.size() >= field_count_max) return generation | field_count_max;
  FieldState state{.kind = kind_of(field.kind), .withheld = withheld, .plan = plan};
  state.named_kind = field.kind;
  state.flags = field.flags;
  state.name_begin = static_cast<uint32_t>(field_names_.size());
  state.label_size = static_cast<uint32_t>(std::min(field.label.size, field_name_size_max));
  state.path_size = static_cast<uint32_t>(std::min(field.path.size, field_name_size_max));
  field_names_.append(field.label.data, state.label_size).append(field.path.data, state.path_size);
  fields_.push_back(state);
  return generation | static_cast<uint32_t>(fields_.size() - 1);
}

int Session::fields_reset() {
  fields_.clear();
  field_names_.clear();
  fields_generation_ = (fields_generation_ + 1) & ((1u << (32 - field_index_bits)) - 1);
  if (fields_generation_ == 0) fields_generation_ = 1;
  return 0;
}

int Session::names_masked(std::span<const sp_text> paths) {
  if (!proven_) return SP_ERROR_STATE;
  return snapshot_->policy->names_masked(target(), groups_, paths) ? 1 : 0;
}

int Session::mask(std::span<const sp_span> spans, sp_masked* out) {
  if (!proven_) return SP_ERROR_STATE;
  mask_fields_.clear();
  size_t end = 0;
  for (const sp_span& span : spans) {
    if (span.bytes != nullptr) {
      if (span.offset != 0 || span.size > guard::batch_size_max) return SP_ERROR_ARGUMENT;
    } else {
      if (span.offset < end || span.size > feed_size_ || span.offset > feed_size_ - span.size)
        return SP_ERROR_ARGUMENT;
      end = span.offset + span.size;
    }
    const uint32_t index = span.field & ((1u << field_index_bits) - 1);
    const bool known =
        (span.field >> field_index_bits) == fields_generation_ && index < fields_.size() && index > 0;
    const FieldState* field = known ? &fields_[index] : nullptr;
    mask_fields_.push_back({.offset = static_cast<uint32_t>(span.offset),
                            .size = static_cast<uint32_t>(span.size),
                            .kind = field ? field->kind : guard::ValueKind::Text,
                            .plan = field && !field->withheld ? field->plan : nullptr,
                            .bytes = span.bytes});
  }
  const std::span<uint8_t> buffer(reinterpret_cast<uint8_t*>(feed_base_), feed_size_);
  const auto results = core_.mask(*snapshot_, target(), buffer, mask_fields_);
  CHECK(results.size() == spans.size());
  if (!core_.found().empty()) count_hits(spans);
  int changed = 0;
  for (size_t i = 0; i < spans.size(); ++i) {
    out[i] = {.outcome = SP_MASK_UNCHANGED, .replacement = {nullptr, 0}};
    const bool unknown = spans[i].field != SP_FIELD_CLEAR && !mask_fields_[i].plan;
    switch (unknown ? guard::MaskOutcome::Withhold : results[i].outcome) {
      case guard::MaskOutcome::Untouched: break;
      case guard::MaskOutcome::InPlace:
        out[i].outcome = SP_MASK_EDITED;
        ++reply_masked_;
        break;
      case guard::MaskOutcome::Replaced:
        out[i] = {.outcome = SP_MASK_REPLACED,
                  .replacement = {results[i].bytes.data(), results[i].bytes.size()}};
        ++reply_masked_;
        ++changed;
        break;
      case guard::MaskOutcome::Withhold:
        out[i].outcome = SP_MASK_WITHHELD;
        ++reply_withheld_;
        ++changed;
        break;
    }
  }
  return changed;
}

void Session::count_hits(std::span<const sp_span> spans) {
  for (const guard::Masker::Found& found : core_.found())
    count_hit(spans[found.field].field & ((1u << field_index_bits) - 1), found.detector, found.hits);
}

void Session::count_hit(uint32_t index, std::optional<guard::DetectorId> detector, uint32_t hits) {
  FieldState& state = fields_[index];
  const std::string_view names = std::string_view(field_names_).substr(state.name_begin);
  const std::string_view label = names.substr(0, state.label_size);
  const std::string_view path = names.substr(state.label_size, state.path_size);
  if (state.shown_name.empty()) state.shown_name = masked_text(path.empty() ? label : path);
  const std::string& field = state.shown_name;
  const guard::Policy& policy = *snapshot_->policy;
  const std::string_view name = detector ? policy.detector_name(*detector) : std::string_view();
  const auto same = std::ranges::find_if(reply_hits_, [&](const ReplyHits& one) {
    return one.field == field && one.detector == name && !one.mask.empty();
  });
  if (same != reply_hits_.end()) {
    same->hits += hits;
    ++same->values;
    return;
  }
  if (reply_hits_.size() >= hit_kind_count_max) {
    if (reply_hits_.size() == hit_kind_count_max) reply_hits_.emplace_back();
    reply_hits_.back().hits += hits;
    ++reply_hits_.back().values;
    return;
  }
  sp_field named{};
  named.size = sizeof named;
  named.kind = state.named_kind;
  named.flags = state.flags;
  named.label = {label.data(), label.size()};
  named.path = {path.data(), path.size()};
  reply_hits_.push_back({.mask = std::string(policy.mask_name(target(), groups_, named, detector)),
                         .detector = std::string(name),
                         .field = field,
                         .hits = hits,
                         .values = 1});
}

std::string Session::masked_text(std::string_view text) {
  return core_.mask_text(*snapshot_, target(), text);
}

// One look at all of them: hardly ever is there anything to be found.
ShownNames Session::shown_names(const sp_ask& ask) {
  ShownNames out;
  std::string all;
  for (size_t i = 0; i < ask.command_count; ++i) {
    const sp_command& command = ask.commands[i];
    for (size_t j = 0; j < command.object_count; ++j)
      all.append(out.objects.emplace_back(view(command.objects[j]))).push_back('\n');
    for (size_t j = 0; j < command.field_count; ++j) {
      const sp_pair& pair = command.fields[j];
      all.append(out.fields.emplace_back(view(pair.name), view(pair.value)).value).push_back('\n');
    }
  }
  if (masked_text(all) == all) return out;
  for (std::string_view& one : out.objects) one = out.kept.emplace_back(masked_text(one));
  for (ringlog::Field& one : out.fields) one.value = out.kept.emplace_back(masked_text(one.value));
  return out;
}

}  // namespace sallyport
