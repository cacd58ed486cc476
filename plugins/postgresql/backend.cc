#include "plugins/postgresql/backend.h"

#include <algorithm>
#include <utility>

namespace sallyport::pg {

namespace {

bool is_report(uint8_t type) { return type == back::error || type == back::notice; }

}  // namespace

size_t Backend::end_of(uint64_t size, Bytes there, size_t offset) {
  return offset + static_cast<size_t>(std::min<uint64_t>(size, there.size()));
}

bool Backend::feed(Bytes data) {
  actions_.clear();
  popped_ = false;
  wire_.rows.begin();
  data_ = data;
  MessageReader reader(data);
  Step step = Step::Next;
  while (step == Step::Next && !wire_.ended) {
    uint8_t type = 0;
    uint64_t size = 0;
    const Frame header = reader.peek(type, size);
    if (header == Frame::bad) step = Step::Broken;
    if (header != Frame::message) break;
    const size_t offset = reader.offset();
    const Bytes left = reader.rest();
    if (size > left.size() || size > message_size_max) {
      step = look_partial(type, size, left, offset);
      if (step == Step::Next) reader.skip(static_cast<size_t>(size));
      continue;
    }
    Message message;
    if (reader.next(message) != Frame::message) break;
    end_ = reader.offset();
    step = look(message, offset);
  }
  // What stood before a broken message was good, and passes, however the bytes were cut.
  if (!carry_out() || step == Step::Broken) return false;
  if (wire_.copy_in == CopyIn::None && !wire_.ended) send_early_syncs();
  if (popped_ && wire_.client_waits && !wire_.ended) wire_.host.feed_again();
  return true;
}

// A message of which a part is still to come, or one too large to be held whole.
Backend::Step Backend::look_partial(uint8_t type, uint64_t size, Bytes there, size_t offset) {
  if (type == back::data_row) return on_partial_row(size, there, offset);
  if (type == back::copy_data) return on_copy_data(size, there, offset);
  if (type == back::function_result) return on_function_result(size, there, offset);
  if (size <= message_size_max) return Step::Stop;
  if (!is_report(type)) return Step::Broken;
  return shorten_report(type, size, there, offset);
}

Backend::Step Backend::look(const Message& message, size_t offset) {
  switch (message.type) {
    case back::notice: return on_report(message, offset, about());
    case back::notification: return on_notification(message, offset);
    case back::parameter_status: return on_parameter_status(message, offset);
    case back::error: return on_error(message, offset);
    case back::authentication:
    case back::key_data:
    case back::negotiate_version: return Step::Broken;  // nothing that passed could have caused them
    default: return wire_.ledger.empty() ? Step::Broken : on_answer(message, offset);
  }
}

Backend::Step Backend::on_answer(const Message& message, size_t offset) {
  switch (message.type) {
    case back::data_row: return on_row(message, offset);
    case back::copy_in:
    case back::copy_out: return on_copy_begin(message);
    case back::copy_both: return on_copy_both(message);
    case back::function_result: return on_function_result(message.whole.size(), message.whole, offset);
    case back::copy_data: return on_copy_data(message.whole.size(), message.whole, offset);
    case back::copy_done: return on_copy_done(message);
    case back::row_description: return on_row_description(message, offset);
    case back::no_data: return on_no_data();
    case back::parameter_description: return on_parameter_description(message);
    case back::parse_complete:
    case back::bind_complete:
    case back::close_complete: return on_complete(message.type);
    case back::command_complete: return on_command_complete(message);
    case back::empty_query: return on_end_of_rows(false);
    case back::portal_suspended: return on_end_of_rows(true);
    case back::ready: return on_ready(message);
    default: return Step::Broken;
  }
}

Backend::Step Backend::fail_entry(Entry& entry) {
  if (entry.copies_in > 0 || copies_in(entry.copying)) end_copy_in();
  if (ends_with_ready(entry.await)) {
    wire_.set_activity(SP_BUSY);
    entry.failed = true;  // ReadyForQuery follows
    return Step::Next;
  }
  finish_entry(entry);
  (void)wire_.ledger.pop();
  popped_ = true;
  // The server reads on, and answers nothing, until it comes to a Sync.
  while (!wire_.ledger.empty() && wire_.ledger.front().await != Await::Sync) {
    wire_.ledger.front().closing = "skipped";
    finish_entry(wire_.ledger.front());
    // A skipped Query ends no segment: its doubt is the next Sync's.
    if (wire_.ledger.pop().doubtful) {
      --wire_.doubtful_count;
      wire_.segment_doubtful = true;
    }
  }
  if (wire_.segment_doubtful && !wire_.ledger.empty() && !wire_.ledger.front().doubtful) {
    wire_.ledger.front().doubtful = true;
    ++wire_.doubtful_count;
  }
  if (wire_.ledger.empty()) {
    wire_.skipping = true;
    wire_.client_waits = true;  // what is held there is to be skipped now
  }
  return Step::Next;
}

void Backend::finish_entry(Entry& entry) {
  if (!entry.judged) return;
  actions_.push_back(
      {.kind = Action::Kind::ReplyEnd, .end = end_, .count = entry.row_count, .text = entry.closing});
}

Backend::Step Backend::on_ready(const Message& message) {
  Entry& entry = wire_.ledger.front();
  if (message.body.size() != 1) return Step::Broken;
  const uint8_t status = message.body[0];
  if (status != 'I' && status != 'T' && status != 'E') return Step::Broken;
  if (!ends_with_ready(entry.await)) return Step::Broken;
  if (entry.await == Await::Call && !entry.failed && entry.statement_index == 0) return Step::Broken;
  // What took a refused message's place must have been refused.
  if (entry.refusal && !entry.failed) return Step::Broken;
  if (entry.copying != Copying::None && !entry.failed) return Step::Broken;
  entry.own ? drop(end_) : deliver(end_);
  finish_entry(entry);
  const bool query = entry.await == Await::Query;
  const Entry done = wire_.ledger.pop();
  if (done.doubtful) --wire_.doubtful_count;
  settle_state(done);
  popped_ = true;
  if (query) wire_.ledger.drop_unnamed();
  if (status == 'I') {
    if (std::exchange(wire_.schema_doubtful, false)) wire_.catalogue.invalidate();
    wire_.ledger.drop_portals(false);
    wire_.context.end_transaction(segment_failed_);
  } else if (wire_.status == 'I' || block_ended_) {
    ++wire_.transaction;
  }
  wire_.status = status;
  segment_failed_ = false;
  block_ended_ = false;
  actions_.push_back({.kind = Action::Kind::Settle, .end = end_});
  return Step::Next;
}

void Backend::deliver(size_t end) {
  if (!actions_.empty() && actions_.back().kind == Action::Kind::Deliver) {
    actions_.back().end = end;
  } else {
    actions_.push_back({.kind = Action::Kind::Deliver, .end = end});
  }
}

void Backend::drop(size_t end, std::string instead) {
  actions_.push_back({.kind = Action::Kind::Drop, .end = end, .text = std::move(instead)});
}

bool Backend::carry_out() {
  if (!wire_.rows.finish()) return false;
  size_t at = 0;
  for (const Action& action : actions_) {
    const size_t size = action.end - at;
    switch (action.kind) {
      case Action::Kind::Deliver:
        if (!wire_.rows.deliver(SP_LEG_TARGET, SP_LEG_CLIENT, at, action.end)) return false;
        break;
      case Action::Kind::Drop:
        wire_.host.drop(SP_LEG_TARGET, size);
        wire_.host.emit(SP_LEG_CLIENT, as_bytes(action.text));
        break;
      case Action::Kind::PassCredit: wire_.host.pass(SP_LEG_TARGET, SP_LEG_CLIENT, action.count); break;
      case Action::Kind::DropCredit:
        wire_.host.drop(SP_LEG_TARGET, action.count);
        wire_.host.emit(SP_LEG_CLIENT, as_bytes(action.text));
        break;
      case Action::Kind::ReplyEnd: wire_.host.reply_end(action.count, action.text); break;
      case Action::Kind::Withheld:
        wire_.host.name("withheld row", std::to_string(action.count) + " bytes");
        break;
      case Action::Kind::Settle: wire_.settle_activity(); break;
      case Action::Kind::End: wire_.end("0A000", action.text, action.reason); return true;
    }
    at = action.end;
    if (!wire_.host.ok()) return false;
  }
  return true;
}

}  // namespace sallyport::pg
