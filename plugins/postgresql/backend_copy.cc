// The target's half of COPY: it asks for the client's data, or sends its own. Source: PostgreSQL manual,
// "COPY Operations".
#include <utility>

#include "plugins/postgresql/backend.h"
#include "plugins/postgresql/replication.h"

namespace sallyport::pg {

// int8 overall format, int16 count of columns, int16 format of each; all 0 (text) or 1 (binary).
bool Backend::valid_formats(Bytes body) {
  Cursor cursor(body);
  const uint8_t format = cursor.u8();
  const uint16_t count = cursor.u16();
  bool good = format <= 1 && count <= column_count_max;
  for (uint16_t i = 0; i < count && cursor.ok(); ++i) {
    const uint16_t one = cursor.u16();
    good = good && one <= 1 && (format == 1 || one == 0);
  }
  return good && cursor.at_end();
}

Backend::Step Backend::on_copy_begin(const Message& message) {
  Entry& entry = wire_.ledger.front();
  const bool in = message.type == back::copy_in;
  const sql::Statement* statement = running_statement(entry);
  // Before PostgreSQL 15 BASE_BACKUP sent each tablespace in a COPY of its own.
  const bool free =
      entry.copying == Copying::None || (entry.replication && !in && entry.copying == Copying::OutOver);
  if (statement == nullptr || entry.failed || entry.refusal || !free) return Step::Broken;
  if (in && starts_replication(*statement)) return Step::Broken;
  if (!(in ? statement->copies_in : statement->copies_out) || !valid_formats(message.body)) {
    return Step::Broken;
  }
  if (in) {
    // All that is held behind the COPY is behind it alone: it is the last that was sent.
    if (entry.copies_in == 0 || wire_.ledger.size() != 1) return Step::Broken;
    --entry.copies_in;
    wire_.copy_in = CopyIn::Begun;
    wire_.early_sync_count = 0;
    popped_ = true;
  }
  if (!in && entry.told) return Step::Broken;  // it failed, the look-up said
  if (!in && entry.copy) {
    Cursor cursor(message.body);
    const bool binary = cursor.u8() == 1;
    CopyShape& copy = *entry.copy;
    copy.column_count = cursor.u16();
    if (binary != (copy.format.kind == CopyFormat::Kind::binary)) return Step::Broken;
    // Which value is which is not sure: none is shown.
    if (copy.rows->columns.size() != copy.column_count) *copy.rows = Rows::unknown_shape();
  }
  entry.copying = in ? Copying::In : Copying::Out;
  deliver(end_);
  return Step::Next;
}

Backend::Step Backend::on_copy_data(uint64_t size, Bytes there, size_t offset) {
  if (wire_.ledger.empty()) return Step::Broken;
  Entry& entry = wire_.ledger.front();
  if (entry.failed || !copies_out(entry.copying)) return Step::Broken;
  if (wire_.rows.masks_possible()) {
    if (entry.copy && wire_.rows.prepare(*entry.copy->rows) == Described::Waiting) return Step::Stop;
    if (!entry.copy || !wire_.rows.clear(*entry.copy->rows)) {
      return on_masked_copy_data(entry, size, there, offset);
    }
  }
  ++entry.row_count;
  wire_.still_idle();
  end_ = end_of(size, there, offset);
  if (size <= there.size()) {
    deliver(end_);
    return Step::Next;
  }
  actions_.push_back({.kind = Action::Kind::PassCredit, .end = end_, .count = size});
  return Step::Stop;
}

Backend::Step Backend::on_masked_copy_data(Entry& entry, uint64_t size, Bytes there, size_t offset) {
  if (!entry.copy) {
    // It was let through when nothing was masked.
    actions_.push_back({.kind = Action::Kind::End,
                        .end = offset,
                        .text = "a mask now applies to what is copied",
                        .reason = "a mask came during COPY TO STDOUT"});
    return Step::Stop;
  }
  const bool first = !entry.copy_data_seen;
  if (size > message_size_max) {
    entry.copy_data_seen = true;
    ++entry.row_count;
    end_ = end_of(size, there, offset);
    actions_.push_back({.kind = Action::Kind::DropCredit,
                        .end = end_,
                        .count = size,
                        .text = Rows::null_copy_row(*entry.copy, first)});
    actions_.push_back({.kind = Action::Kind::Withheld, .end = end_, .count = size});
    return size > there.size() ? Step::Stop : Step::Next;
  }
  if (size > there.size()) return Step::Stop;
  entry.copy_data_seen = true;
  bool over = false;
  if (!wire_.rows.collect_copy(data_, offset, static_cast<size_t>(size), entry.copy, first, over)) {
    return Step::Broken;
  }
  entry.row_count += over ? 0 : 1;
  end_ = offset + static_cast<size_t>(size);
  deliver(end_);
  return Step::Next;
}

Backend::Step Backend::on_copy_done(const Message& message) {
  Entry& entry = wire_.ledger.front();
  if (entry.failed || !copies_out(entry.copying) || !message.body.empty()) return Step::Broken;
  if (entry.copying == Copying::BothOut) {
    wire_.set_activity(SP_BUSY);
    popped_ = true;  // a message behind the client's own CopyDone waits for this one
  }
  entry.copying = entry.copying == Copying::Both ? Copying::BothIn : Copying::OutOver;
  deliver(end_);
  return Step::Next;
}

// The server has failed a COPY FROM STDIN, or what may have come to one.
void Backend::end_copy_in() {
  if (wire_.copy_in != CopyIn::Begun) wire_.early_sync_count = 0;
  wire_.copy_in = CopyIn::None;
  popped_ = true;
}

// It failed before it read what was sent behind the COPY, so it would have come to those Syncs and answered.
void Backend::send_early_syncs() {
  for (; wire_.early_sync_count > 0; --wire_.early_sync_count) {
    Writer out;
    out.begin(front::sync).end();
    wire_.host.note("sync", out.view());
    wire_.host.emit(SP_LEG_TARGET, out.view());
    Entry entry{.await = Await::Sync, .doubtful = std::exchange(wire_.segment_doubtful, false)};
    wire_.doubtful_count += entry.doubtful ? 1 : 0;
    wire_.ledger.push(std::move(entry));
    wire_.skipping = false;
    wire_.unsynced = false;
  }
}

}  // namespace sallyport::pg
