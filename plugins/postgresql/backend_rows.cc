// Rows of a result, as far as masks may apply to them.
#include "plugins/postgresql/backend.h"
#include "plugins/postgresql/state_lookup.h"

namespace sallyport::pg {

bool Backend::rows_may_come(const Entry& entry) {
  if (entry.failed || entry.refusal) return false;
  return entry.await == Await::Execute || (entry.await == Await::Query && entry.rows_open);
}

Backend::Shaped Backend::shape_rows(Entry& entry) {
  if (!rows_may_come(entry)) return Shaped::None;
  if (!wire_.rows.masks_possible()) return Shaped::Clear;
  if (!entry.shape && entry.await == Await::Execute && entry.portal->described) {
    entry.shape = entry.portal->shape;
    if (!entry.shape) return Shaped::None;  // it was said to have no rows
  }
  // The description is missing because masks came with a change of policy: nothing may be shown.
  if (!entry.shape) entry.shape = std::make_shared<RowShape>(Rows::unknown_shape());
  if (wire_.rows.prepare(*entry.shape) == Described::Waiting) return Shaped::Waiting;
  return wire_.rows.clear(*entry.shape) ? Shaped::Clear : Shaped::Known;
}

Backend::Step Backend::on_row(const Message& message, size_t offset) {
  Entry& entry = wire_.ledger.front();
  if (entry.state_look_up != 0) {
    if (entry.await != Await::Execute || message.body.size() > state_size_max) return Step::Broken;
    if (wire_.awaits_state(entry.state_look_up)) wire_.state = as_text(message.body);
    drop(end_);
    return Step::Next;
  }
  switch (shape_rows(entry)) {
    case Shaped::None: return Step::Broken;
    case Shaped::Waiting: return Step::Stop;
    case Shaped::Clear: break;
    case Shaped::Known:
      if (!wire_.rows.collect_row(data_, offset, message.whole.size(), entry.shape)) return Step::Broken;
      break;
  }
  ++entry.row_count;
  deliver(end_);
  return Step::Next;
}

// A row that is not all there, or too large to be held whole.
Backend::Step Backend::on_partial_row(uint64_t size, Bytes there, size_t offset) {
  if (wire_.ledger.empty()) return Step::Broken;
  Entry& entry = wire_.ledger.front();
  if (entry.state_look_up != 0) return size > state_size_max ? Step::Broken : Step::Stop;
  switch (shape_rows(entry)) {
    case Shaped::None: return Step::Broken;
    case Shaped::Waiting: return Step::Stop;
    case Shaped::Clear:
      ++entry.row_count;
      end_ = end_of(size, there, offset);
      actions_.push_back({.kind = Action::Kind::PassCredit, .end = end_, .count = size});
      return size > there.size() ? Step::Stop : Step::Next;
    case Shaped::Known: break;
  }
  if (size <= message_size_max || there.size() < header_size + 2) return Step::Stop;
  if (!withhold_row(entry, size, there, offset)) return Step::Broken;
  return size > there.size() ? Step::Stop : Step::Next;
}

bool Backend::withhold_row(Entry& entry, uint64_t size, Bytes there, size_t offset) {
  const uint16_t count = static_cast<uint16_t>(there[header_size] << 8 | there[header_size + 1]);
  if (count > column_count_max || (!entry.shape->unknown && count != entry.shape->columns.size()))
    return false;
  ++entry.row_count;
  Writer out;
  out.begin(back::data_row).u16(count);
  for (uint16_t i = 0; i < count; ++i) out.i32(-1);
  out.end();
  end_ = end_of(size, there, offset);
  actions_.push_back({.kind = Action::Kind::DropCredit,
                      .end = end_,
                      .count = size,
                      .text = std::string(as_text(out.view()))});
  actions_.push_back({.kind = Action::Kind::Withheld, .end = end_, .count = size});
  return true;
}

}  // namespace sallyport::pg
