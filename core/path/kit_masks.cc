// Masks of the kit's host.
#include <algorithm>
#include <cstring>

#include "core/path/kit_calls.h"

namespace sallyport {

sp_field_id KitCalls::field(sp_session* session, const sp_field* field) {
  KitHost& host = of(session);
  if (!field || field->size < sizeof(sp_field)) {
    host.violate("field: size is not set", SP_ERROR_ARGUMENT);
    return SP_FIELD_CLEAR;
  }
  if (!(host.plugin_.manifest->capabilities & SP_CAN_MASK)) {
    host.violate("field without SP_CAN_MASK");
    return SP_FIELD_CLEAR;
  }
  const KitField named = {std::string(view(field->label)), std::string(view(field->path)), field->kind};
  const bool any =
      named.label.empty() && named.path.empty();  // asks whether a mask can apply to anything at all
  const bool masked =
      std::any_of(host.script.masks.begin(), host.script.masks.end(), [&named, any](const KitMask& mask) {
        return any || mask.field.empty() || mask.field == named.label || mask.field == named.path;
      });
  if (!masked) return SP_FIELD_CLEAR;
  host.fields_.push_back(named);
  return host.fields_base_ + static_cast<sp_field_id>(host.fields_.size());
}

int KitCalls::fields_reset(sp_session* session) {
  of(session).reset_fields();
  return 0;
}

bool KitCalls::mask_value(KitHost& host, const KitField& field, std::string& value,
                          sp_mask_outcome& outcome) {
  const std::string before = value;
  for (const KitMask& mask : host.script.masks) {
    if (!mask.field.empty() && mask.field != field.label && mask.field != field.path) continue;
    if (field.kind == SP_KIND_OPAQUE || field.kind == SP_KIND_PLAIN ||
        (mask.withhold && value.find(mask.text) != std::string::npos)) {
      outcome = SP_MASK_WITHHELD;
      return true;
    }
    if (mask.withhold) continue;
    if (mask.text.empty()) {
      value = mask.replacement;
    } else {
      for (size_t at = 0; (at = value.find(mask.text, at)) != std::string::npos;
           at += mask.replacement.size()) {
        value.replace(at, mask.text.size(), mask.replacement);
      }
    }
  }
  if (value == before) return false;
  outcome = value.size() == before.size() ? SP_MASK_EDITED : SP_MASK_REPLACED;
  return true;
}

int KitCalls::names_masked(sp_session* session, const sp_text* paths, size_t count) {
  const auto& masks = of(session).script.masks;
  if (count == 0) return std::ranges::any_of(masks, [](const KitMask& mask) { return !mask.field.empty(); });
  return std::any_of(paths, paths + count, [&masks](const sp_text& path) {
    return std::any_of(masks.begin(), masks.end(), [&path](const KitMask& mask) {
      return !mask.field.empty() && mask.field == view(path);
    });
  });
}

int KitCalls::mask(sp_session* session, const sp_span* spans, size_t count, sp_masked* out) {
  KitHost& host = of(session);
  if (const int refused = refuse_after_end(host, "mask")) return refused;
  if (!host.data_) return host.violate("mask outside feed");
  int special = 0;
  size_t end = 0;
  for (size_t i = 0; i < count; ++i) {
    const sp_span& span = spans[i];
    out[i] = {SP_MASK_UNCHANGED, {nullptr, 0}};
    if (span.bytes != nullptr) {
      if (span.offset != 0)
        return host.violate("mask: a span with bytes has an offset too", SP_ERROR_ARGUMENT);
    } else if (span.offset < end || span.offset > host.data_size_ ||
               span.size > host.data_size_ - span.offset) {
      return host.violate("mask: spans must ascend, not overlap, and lie within data", SP_ERROR_ARGUMENT);
    } else {
      end = span.offset + span.size;
    }
    const int changed = mask_span(host, span, out[i]);
    if (changed < 0) return changed;
    special += changed;
  }
  return special;
}

// Returns 1 when the outcome is REPLACED or WITHHELD, else 0, or an error.
int KitCalls::mask_span(KitHost& host, const sp_span& span, sp_masked& out) {
  if (span.field == SP_FIELD_CLEAR) return 0;
  if (span.field > host.fields_base_ + host.fields_.size()) {
    return host.violate("mask: nobody gave out field id " + std::to_string(span.field), SP_ERROR_ARGUMENT);
  }
  if (span.field <= host.fields_base_) {  // void: nobody knows any more what may be shown
    out.outcome = SP_MASK_WITHHELD;
    return 1;
  }
  const bool loose = span.bytes != nullptr;
  if (!loose && span.offset < host.data_consumed_)
    return host.violate("mask of bytes that are passed or dropped already");
  uint8_t* const place = loose ? span.bytes : host.data_ + span.offset;
  std::string value(reinterpret_cast<const char*>(place), span.size);
  if (!mask_value(host, host.fields_[span.field - host.fields_base_ - 1], value, out.outcome)) return 0;
  if (out.outcome == SP_MASK_EDITED) {
    std::memcpy(place, value.data(), value.size());
    if (loose) return 0;
    host.leg_[host.fed_leg_].unconsumed.replace(span.offset - host.data_consumed_, span.size, value);
    host.data_edited_ = std::max(host.data_edited_, span.offset + span.size);
    return 0;
  }
  if (out.outcome == SP_MASK_WITHHELD) return 1;
  const sp_text kept = host.lend(std::move(value));
  out.replacement = {reinterpret_cast<const uint8_t*>(kept.data), kept.size};
  return 1;
}

}  // namespace sallyport
