// The target's answers to a FunctionCall and to START_REPLICATION. Sources: PostgreSQL manual, "Function
// Call", "COPY Operations" (copy-both) and "Streaming Replication Protocol".
#include "plugins/postgresql/backend.h"
#include "plugins/postgresql/replication.h"

namespace sallyport::pg {

namespace {

constexpr size_t result_head_size = header_size + 4;  // the message's, and the value's size

std::string null_result() {
  Writer out;
  return std::string(as_text(out.begin(back::function_result).i32(-1).end().view()));
}

}  // namespace

// A value of any size, of which `there` is there. It has no name and no type that the gateway knows, so where
// a mask has come to apply since the call was let through, it is withheld.
Backend::Step Backend::on_function_result(uint64_t size, Bytes there, size_t offset) {
  if (wire_.ledger.empty()) return Step::Broken;
  Entry& entry = wire_.ledger.front();
  if (entry.await != Await::Call || entry.failed || entry.statement_index > 0) return Step::Broken;
  if (size < result_head_size) return Step::Broken;
  if (there.size() < result_head_size) return Step::Stop;
  const int32_t value_size = Cursor(there.subspan(header_size)).i32();
  if (value_size < -1 || size != result_head_size + static_cast<uint64_t>(value_size < 0 ? 0 : value_size))
    return Step::Broken;
  apply(*entry.facts, entry.statement_index++, {}, "FUNCTION_CALL", 0);
  entry.row_count = 1;
  entry.closing = "FUNCTION_CALL";
  end_ = end_of(size, there, offset);
  const bool whole = size <= there.size();
  if (wire_.rows.masks_possible()) {
    actions_.push_back({.kind = Action::Kind::DropCredit, .end = end_, .count = size, .text = null_result()});
    actions_.push_back({.kind = Action::Kind::Withheld, .end = end_, .count = size});
  } else if (whole) {
    deliver(end_);
  } else {
    actions_.push_back({.kind = Action::Kind::PassCredit, .end = end_, .count = size});
  }
  return whole ? Step::Next : Step::Stop;
}

// Both sides send now, until each has said CopyDone or the server an error. Nothing is under way that could
// not end between two messages: the session may be ended here, as one that is idle.
Backend::Step Backend::on_copy_both(const Message& message) {
  Entry& entry = wire_.ledger.front();
  const sql::Statement* statement = running_statement(entry);
  if (!entry.replication || statement == nullptr || !starts_replication(*statement)) return Step::Broken;
  if (entry.failed || entry.copying != Copying::None || !valid_formats(message.body)) return Step::Broken;
  // What is held behind it is behind it alone.
  if (entry.copies_in == 0 || wire_.ledger.size() != 1) return Step::Broken;
  --entry.copies_in;
  entry.copying = Copying::Both;
  wire_.copy_in = CopyIn::Begun;
  wire_.early_sync_count = 0;
  wire_.set_activity(SP_IDLE);
  popped_ = true;
  deliver(end_);
  return Step::Next;
}

}  // namespace sallyport::pg
