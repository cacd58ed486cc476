// What becomes of a batch once its masks are known: rebuilt messages, passed stretches.
#include <algorithm>

#include "plugins/postgresql/messages.h"
#include "plugins/postgresql/rows/rows.h"

namespace sallyport::pg {

namespace {

// A label that stands for a whole JSON value, as "[masked]" does, becomes a JSON string between quotes.
bool quotable(std::string_view text) {
  return !text.empty() && std::ranges::none_of(text, [](char c) {
    return static_cast<uint8_t>(c) < 0x20 || c == '"' || c == '\\';
  });
}

}  // namespace

// ---- Verdicts --------------------------------------------------------------------------------------------

bool Rows::finish() {
  outcomes_.assign(spans_.size(), {});
  if (!spans_.empty() &&
      link_.host->mask(link_.session, spans_.data(), spans_.size(), outcomes_.data()) < 0) {
    return false;
  }
  for (Unit& unit : units_) build(unit);
  return true;
}

Rows::Verdict Rows::judge(const Unit& unit, const Part& part) const {
  if (part.span == no_span) return {Change::Null, {}, false};
  const sp_masked& masked = outcomes_[part.span];
  std::string_view value;
  switch (masked.outcome) {
    case SP_MASK_UNCHANGED: return {Change::None, {}, false};
    case SP_MASK_EDITED:
      value = text_at(unit.offset + part.offset, part.size);
      // Already in place, if it may stay.
      return {unit.report || still_valid(part.carrier, part.type_oid, value) ? Change::None : Change::Null,
              {},
              false};
    case SP_MASK_REPLACED:
      value = as_text({masked.replacement.data, masked.replacement.size});
      if (unit.report || still_valid(part.carrier, part.type_oid, value))
        return {Change::Replace, value, false};
      if (part.carrier == Carrier::Json && quotable(value)) return {Change::Replace, value, true};
      return {Change::Null, {}, false};
    case SP_MASK_WITHHELD: break;
  }
  return {Change::Null, {}, false};
}

void Rows::build(Unit& unit) {
  unit.built_begin = unit.built_end = built_.size();
  bool changed = false;
  for (size_t i = unit.part_begin; i < unit.part_end && !changed; ++i) {
    changed = judge(unit, parts_[i]).change != Change::None;
  }
  if (!changed) return;
  built_.push_back(data_[unit.offset]);
  built_.resize(built_.size() + 4);
  if (unit.report) {
    build_report(unit);
  } else {
    build_row(unit);
  }
  unit.built_end = built_.size();
  put_u32(unit.built_begin + 1, static_cast<uint32_t>(unit.built_end - unit.built_begin - 1));
}

void Rows::put_u32(size_t at, uint32_t value) {
  for (size_t i = 0; i < 4; ++i) built_[at + i] = static_cast<uint8_t>(value >> (24 - 8 * i));
}

// Copies what stands between the changed values as it is.
void Rows::build_row(const Unit& unit) {
  size_t copied = header_size;
  for (size_t i = unit.part_begin; i < unit.part_end; ++i) {
    const Part& part = parts_[i];
    const Verdict verdict = judge(unit, part);
    if (verdict.change == Change::None) continue;
    const size_t length_at = part.offset - 4;
    put(text_at(unit.offset + copied, length_at - copied));
    copied = part.offset + part.size;
    const size_t at = built_.size();
    built_.resize(at + 4);
    if (verdict.change == Change::Null) {
      put_u32(at, UINT32_MAX);
      ++withheld_count_;
      continue;
    }
    if (verdict.quote) put("\"");
    put(verdict.bytes);
    if (verdict.quote) put("\"");
    put_u32(at, static_cast<uint32_t>(built_.size() - at - 4));
  }
  put(text_at(unit.offset + copied, unit.size - copied));
}

void Rows::build_report(const Unit& unit) {
  size_t copied = header_size;
  for (size_t i = unit.part_begin; i < unit.part_end; ++i) {
    const Part& part = parts_[i];
    const Verdict verdict = judge(unit, part);
    if (verdict.change == Change::None) continue;
    put(text_at(unit.offset + copied, part.offset - copied));
    copied = part.offset + part.size;
    if (verdict.change == Change::Null) {
      put("[withheld]");
      ++withheld_count_;
    } else {
      // A String of the protocol ends at a NUL.
      put(verdict.bytes.substr(0, verdict.bytes.find('\0')));
    }
  }
  put(text_at(unit.offset + copied, unit.size - copied));
}

// ---- Delivering ------------------------------------------------------------------------------------------

bool Rows::deliver(uint32_t from, uint32_t to, size_t begin, size_t end) {
  const sp_host& host = *link_.host;
  while (delivered_ < units_.size() && units_[delivered_].offset < begin) ++delivered_;
  size_t at = begin;
  while (at < end) {
    size_t next = delivered_;
    while (next < units_.size() && units_[next].offset < end &&
           units_[next].built_begin == units_[next].built_end) {
      ++next;
    }
    const bool changed = next < units_.size() && units_[next].offset < end;
    const size_t pass_end = changed ? units_[next].offset : end;
    if (pass_end > at && host.pass(link_.session, from, to, pass_end - at, 0) < 0) return false;
    at = pass_end;
    delivered_ = next;
    if (!changed) break;
    // Neighbours that were rebuilt stand next to each other in built_ too: one drop, one emit.
    const size_t first = next;
    while (next < units_.size() && units_[next].offset == at && at < end &&
           units_[next].built_begin != units_[next].built_end) {
      at += units_[next++].size;
    }
    const size_t built_begin = units_[first].built_begin;
    const size_t built_size = units_[next - 1].built_end - built_begin;
    if (host.drop(link_.session, from, at - units_[first].offset) < 0) return false;
    if (host.emit(link_.session, to, built_.data() + built_begin, built_size) < 0) return false;
    delivered_ = next;
  }
  return true;
}

}  // namespace sallyport::pg
