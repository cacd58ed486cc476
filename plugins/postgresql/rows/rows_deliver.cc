// What becomes of a batch once its masks are known: rebuilt messages, passed stretches.
#include "plugins/postgresql/messages.h"
#include "plugins/postgresql/rows/rows.h"
#include "plugins/postgresql/rows/scalar.h"
#include "plugins/postgresql/rows/walk.h"

namespace sallyport::pg {

// ---- Verdicts --------------------------------------------------------------------------------------------

bool Rows::finish() {
  atoms_.outcomes.assign(atoms_.spans.size(), {});
  if (!atoms_.spans.empty() &&
      link_.host->mask(link_.session, atoms_.spans.data(), atoms_.spans.size(), atoms_.outcomes.data()) < 0) {
    return false;
  }
  for (Unit& unit : units_) build(unit);
  return true;
}

bool Rows::changed(const Unit& unit, const Part& part) const {
  if (part.withheld) return true;
  for (uint32_t i = part.span_begin; i < part.span_end; ++i) {
    if (atoms_.outcomes[i].outcome == SP_MASK_UNCHANGED) continue;
    return !edited_in_place(unit, part);
  }
  return false;
}

// Where the atom is the whole value and what the host wrote over it may stay, nothing has to be built.
bool Rows::edited_in_place(const Unit& unit, const Part& part) const {
  if (part.span_end - part.span_begin != 1) return false;
  const sp_span& span = atoms_.spans[part.span_begin];
  if (atoms_.outcomes[part.span_begin].outcome != SP_MASK_EDITED || span.bytes != nullptr) return false;
  if (part.column == nullptr) return true;
  if (part.escaped) return false;
  const size_t quote = part.quoted ? 1 : 0;
  if (span.offset != unit.offset + part.offset + quote || span.size + 2 * quote != part.size) return false;
  // A delimiter or NULL of the client's choice may look like what a mask writes.
  if (unit.copy != nullptr) {
    std::string written;
    append_copy_value(*unit.copy, text_at(span.offset, span.size), part.quoted, written);
    if (written != text_at(unit.offset + part.offset, part.size)) return false;
  }
  const Column& column = *part.column;
  if (column.type->form == Form::Text) return true;
  std::string same;
  return is_direct(column.type->form, column.binary()) &&
         encode(column.type->form, column.binary(), text_at(span.offset, span.size), same) &&
         same.size() == span.size;
}

Rows::Change Rows::judge(const Unit& unit, const Part& part) {
  if (part.withheld) return Change::Null;
  if (!changed(unit, part)) return Change::None;
  value_.clear();
  if (part.column == nullptr) {
    const sp_masked& masked = atoms_.outcomes[part.span_begin];
    if (masked.outcome != SP_MASK_REPLACED) return Change::Null;
    // A String of the protocol ends at a NUL.
    const std::string_view text = as_text({masked.replacement.data, masked.replacement.size});
    value_ = text.substr(0, text.find('\0'));
    return Change::Replace;
  }
  const Walked walked = build_value(unit, part);
  return walked == Walked::Good ? Change::Replace : Change::Null;
}

Walked Rows::build_value(const Unit& unit, const Part& part) {
  const Column& column = *part.column;
  Builder builder(atoms_, column.fields, part.span_begin, part.span_end, value_);
  Walk<Builder> walk(*unit.types, builder);
  const size_t quote = part.quoted && !part.escaped ? 1 : 0;
  const std::string_view said = text_at(unit.offset + part.offset + quote, part.size - 2 * quote);
  const std::string unescaped = part.escaped ? unescape_copy_value(*unit.copy, said) : std::string();
  const Walked walked = walk.value(*column.type, column.binary(), as_bytes(part.escaped ? unescaped : said));
  return builder.met_all() ? walked : Walked::Null;
}

void Rows::build(Unit& unit) {
  unit.built_begin = unit.built_end = built_.size();
  bool any = false;
  for (size_t i = unit.part_begin; i < unit.part_end && !any; ++i) any = changed(unit, parts_[i]);
  if (!any) return;
  built_.push_back(atoms_.data[unit.offset]);
  built_.resize(built_.size() + 4);
  if (unit.texts) {
    build_texts(unit);
  } else if (unit.copy != nullptr) {
    build_copy(unit);
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
    const Change change = judge(unit, part);
    if (change == Change::None) continue;
    const size_t length_at = part.offset - 4;
    put(text_at(unit.offset + copied, length_at - copied));
    copied = part.offset + part.size;
    const size_t at = built_.size();
    built_.resize(at + 4);
    if (change == Change::Null) {
      put_u32(at, UINT32_MAX);
      ++withheld_count_;
      continue;
    }
    put(value_);
    put_u32(at, static_cast<uint32_t>(value_.size()));
  }
  put(text_at(unit.offset + copied, unit.size - copied));
}

void Rows::build_copy(const Unit& unit) {
  size_t copied = header_size;
  for (size_t i = unit.part_begin; i < unit.part_end; ++i) {
    const Part& part = parts_[i];
    const Change change = judge(unit, part);
    if (change == Change::None) continue;
    put(text_at(unit.offset + copied, part.offset - copied));
    copied = part.offset + part.size;
    if (change == Change::Null) {
      put(unit.copy->null);
      ++withheld_count_;
      continue;
    }
    std::string written;
    append_copy_value(*unit.copy, value_, part.quoted, written);
    put(written);
  }
  put(text_at(unit.offset + copied, unit.size - copied));
}

void Rows::build_texts(const Unit& unit) {
  size_t copied = header_size;
  for (size_t i = unit.part_begin; i < unit.part_end; ++i) {
    const Part& part = parts_[i];
    const Change change = judge(unit, part);
    if (change == Change::None) continue;
    put(text_at(unit.offset + copied, part.offset - copied));
    copied = part.offset + part.size;
    if (part.cut) continue;
    put(change == Change::Null ? std::string_view("[withheld]") : std::string_view(value_));
    withheld_count_ += change == Change::Null ? 1 : 0;
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
