#include "plugins/postgresql/frontend.h"

#include <array>
#include <utility>

#include "plugins/postgresql/copy_lookup.h"

namespace sallyport::pg {

namespace {

constexpr size_t outstanding_count_resume = outstanding_count_max / 2;

bool is_copy(uint8_t type) {
  return type == front::copy_data || type == front::copy_done || type == front::copy_fail;
}

bool is_known(uint8_t type) {
  constexpr std::array<uint8_t, 14> types = {
      front::bind,      front::close,     front::describe,  front::execute, front::function_call,
      front::flush,     front::parse,     front::query,     front::sync,    front::terminate,
      front::copy_data, front::copy_done, front::copy_fail, front::password};
  for (const uint8_t known : types) {
    if (known == type) return true;
  }
  return false;
}

}  // namespace

bool Frontend::feed(Bytes data, bool answered) {
  answered_ = answered_ || answered;
  wire_.client_waits = false;
  waits_ = false;
  MessageReader reader(data);
  while (!wire_.ended && wire_.host.ok()) {
    uint8_t type = 0;
    uint64_t size = 0;
    const Frame header = reader.peek(type, size);
    if (header == Frame::need_more) return true;
    if (header == Frame::bad || !is_known(type)) return broken("invalid message") != Step::Broken;
    Step step = Step::Done;
    if (copy_may_begin()) {
      step = wait_for_replies();
    } else if (type == front::copy_data && wire_.copy_in != CopyIn::None) {
      step = on_copy_data(size, reader.rest());
      if (step == Step::Done && size > reader.rest().size()) return true;  // the rest flows as it comes
      reader.skip(static_cast<size_t>(size));
    } else if (size > message_size_max) {
      step = on_oversize(type, size);
      if (step == Step::Done) return true;  // the rest of it is dropped as it comes
    } else {
      Message message;
      if (reader.next(message) != Frame::message) return true;
      step = handle(message);
    }
    if (step == Step::Short) return true;
    waits_ = step == Step::Held;
    if (waits_) return true;
    if (step == Step::Broken) return false;
    flushed_ = false;
    wants_room_ = false;
  }
  return true;
}

Frontend::Step Frontend::handle(const Message& message) {
  if (wire_.copy_in != CopyIn::None) return during_copy(message);
  if (wire_.skipping && message.type != front::sync && message.type != front::terminate) return skip(message);
  wire_.set_activity(SP_BUSY);
  if (replication_refuses(message.type)) {
    if (!room()) return wait_for_replies();
    return refuse(message.type, message.whole.size(),
                  unsupported("the extended query protocol in a replication connection"));
  }
  switch (message.type) {
    case front::query: return on_query(message);
    case front::parse: return on_parse(message);
    case front::bind: return on_bind(message);
    case front::describe: return on_describe(message);
    case front::execute: return on_execute(message);
    case front::close: return on_close(message);
    case front::sync: return on_sync(message);
    case front::terminate: return on_terminate(message);
    case front::flush: pass_noted("flush", message); return Step::Done;
    case front::function_call: return on_function_call(message);
    case front::copy_data:
    case front::copy_done:
    case front::copy_fail:
      // They belong to a COPY that has failed, or to none: the server ignores these without a word.
      wire_.host.drop(SP_LEG_CLIENT, message.whole.size());
      wire_.settle_activity();
      return Step::Done;
    default: return broken("unexpected message");
  }
}

// After an error the server skips all messages until Sync. It was told to skip them by what it answered, so
// they need not go there at all: nothing that was not judged leaves the gateway.
Frontend::Step Frontend::skip(const Message& message) {
  abandon();
  wire_.host.note("skipped", message.whole.first(1));
  wire_.host.drop(SP_LEG_CLIENT, message.whole.size());
  return Step::Done;
}

Frontend::Step Frontend::on_oversize(uint8_t type, uint64_t size) {
  if (wire_.copy_in != CopyIn::None) return broken("message too large");
  if (is_copy(type) || wire_.skipping) {
    wire_.host.drop(SP_LEG_CLIENT, size);
    return Step::Done;
  }
  if (type != front::query && type != front::parse && type != front::bind && type != front::function_call) {
    return broken("message too large");
  }
  if (!room()) return wait_for_replies();
  wire_.set_activity(SP_BUSY);
  return refuse(type, size, beyond_limit("a message of " + std::to_string(size) + " bytes"));
}

Frontend::Step Frontend::on_query(const Message& message) {
  if (!room()) return wait_for_replies();
  Cursor cursor(message.body);
  const std::string_view text = cursor.text();
  if (!cursor.at_end()) return broken("invalid Query message");
  bool command = false;
  std::shared_ptr<const Facts> facts = facts_of_query(text, command);
  if (std::optional<Refusal> refusal = unsupported_part(*facts))
    return refuse(message.type, message.whole.size(), std::move(*refusal));
  if (wire_.replication == Replication::Physical && !command && !is_show(*facts)) {
    return refuse(message.type, message.whole.size(),
                  unsupported("SQL in a physical replication connection"));
  }
  if (copy_unreadable(*facts, text)) {
    abandon();
    return refuse(message.type, message.whole.size(), copy_refusal(*facts));
  }
  if (facts->copies_out() > 0 && wire_.unsynced && wire_.rows.masks_possible()) {
    abandon();
    return refuse(message.type, message.whole.size(),
                  copy_masked("Messages before it wait for a Sync.", "Send the Sync first."));
  }
  switch (reading(text, *facts)) {
    case Reading::Certain: break;
    case Reading::Waits: return wait_for_replies();
    case Reading::Doubtful: return refuse(message.type, message.whole.size(), doubtful_text());
  }
  Refusal refusal;
  switch (rule({.facts = facts, .text = text, .replication = command}, SP_STAGE_EXECUTE, refusal)) {
    case Ruling::Held: return Step::Held;
    case Ruling::Refused: return refuse(message.type, message.whole.size(), std::move(refusal));
    case Ruling::Allowed: break;
  }
  Entry entry{.await = Await::Query, .judged = true, .replication = command};
  entry.copy = look_up_copy(*facts, text, true);
  if (facts->changes_session()) {
    entry.prepared = std::make_shared<Prepared>();
    entry.prepared->text = text;
  }
  entry.facts = std::move(facts);
  // A replication command runs no SQL of its own.
  entry.vague = !command && wire_.judge.doubtful();
  if (wire_.judge.changes_meaning()) ++wire_.meaning;
  mark_doubt(entry.vague);
  end_segment(entry);
  forward(message, std::move(entry));
  wire_.unsynced = false;
  return Step::Done;
}

Frontend::Step Frontend::on_sync(const Message& message) {
  if (!wire_.skipping && !room()) return wait_for_replies();
  wire_.host.note("sync", message.whole);
  Entry entry{.await = Await::Sync};
  end_segment(entry);
  forward(message, std::move(entry));
  wire_.skipping = false;
  wire_.unsynced = false;
  return Step::Done;
}

Frontend::Step Frontend::on_terminate(const Message& message) {
  pass_noted("terminate", message);
  wire_.finish("terminated by the client");
  return Step::Done;
}

void Frontend::pass_noted(std::string_view kind, const Message& message) {
  wire_.host.note(kind, message.whole);
  wire_.host.pass(SP_LEG_CLIENT, SP_LEG_TARGET, message.whole.size());
}

void Frontend::forward(const Message& message, Entry entry) {
  wire_.host.pass(SP_LEG_CLIENT, SP_LEG_TARGET, message.whole.size());
  wire_.unsynced = true;
  wire_.ledger.push(std::move(entry));
}

Frontend::Step Frontend::wait_for_replies() {
  // The server answers extended messages only at a Sync or Flush, and the client's may stand behind this one.
  if (wire_.unsynced && !flushed_) {
    Writer out;
    out.begin(front::flush).end();
    wire_.host.note("flush of the gateway", out.view());
    wire_.host.emit(SP_LEG_TARGET, out.view());
    flushed_ = true;
  }
  wire_.client_waits = true;
  return Step::Held;
}

bool Frontend::room() {
  if (ticket_ != 0) return true;  // it had room when it was asked about
  if (wire_.ledger.size() >= outstanding_count_max) wants_room_ = true;
  if (wire_.ledger.size() <= outstanding_count_resume) wants_room_ = false;
  return !wants_room_;
}

Frontend::Step Frontend::broken(std::string_view what) {
  abandon();
  wire_.end("08P01", std::string(what) + " from the client", "protocol violation");
  return Step::Broken;
}

}  // namespace sallyport::pg
