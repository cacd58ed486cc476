// Verdicts on the client's messages: asking, holding, and what stands in a refused message's place.
#include <algorithm>
#include <array>
#include <utility>

#include "plugins/postgresql/frontend.h"
#include "plugins/postgresql/state_lookup.h"

namespace sallyport::pg {

namespace {

Await await_of(uint8_t type) {
  if (type == front::parse) return Await::Parse;
  // A FunctionCall is answered as a Query is: by an error and ReadyForQuery.
  if (type == front::query || type == front::function_call) return Await::Query;
  return Await::Execute;
}

Shape shape_of(Await await) {
  if (await == Await::Query) return Shape::Query;
  return await == Await::Parse ? Shape::Parse : Shape::Execute;
}

}  // namespace

Frontend::Ruling Frontend::rule(const Run& run, sp_stage stage, Refusal& refusal) {
  const bool read = wire_.state_read == StateRead::Known || wire_.state_read == StateRead::Failed;
  if (wire_.state_read == StateRead::Asked) return wait_for_answer();
  if (ticket_ != 0 && !answered_ && !read) return Ruling::Held;
  if (ticket_ == 0 || read) {
    std::string context = context_of_next();
    if (read) append_sized(context, wire_.state);
    if (!wire_.judge.build(run, wire_.ledger, std::move(context), &wire_.rows, wire_.schema_doubtful)) {
      if (wire_.judge.waits_for_catalogue()) return wait_for_answer();
      (void)wait_for_replies();
      return Ruling::Held;
    }
    if (wire_.judge.hides_copy()) {
      refusal = unsupported("EXECUTE of a prepared COPY");
      return Ruling::Refused;
    }
  }
  if (ticket_ == 0) {
    ticket_ = ++ticket_last_;
    ticket_transaction_ = transaction_of_next();
  }
  if (withdrawn_ || wire_.state_read == StateRead::Failed) {
    refusal = withdrawn_ ? cancelled() : state_unreadable();
    abandon();
    return Ruling::Refused;
  }
  return ask_host(run, stage, refusal);
}

// What an approval would be bound to is asked of the server only where there is to be one, and once more
// before what was approved is let go.
Frontend::Ruling Frontend::ask_host(const Run& run, sp_stage stage, Refusal& refusal) {
  answered_ = false;
  sp_ask ask = wire_.judge.ask(stage, ticket_, ticket_transaction_);
  // A replication command names no object of a search path, and runs as no other role.
  const bool bound = wire_.state_read != StateRead::None || wire_.judge.is_replication();
  if (!bound) ask.flags |= SP_ASK_UNBOUND;
  if (wire_.context.plain() && context_of_next() == wire_.context.bytes(false))
    ask.flags |= SP_ASK_PLAIN_CONTEXT;
  wire_.state_read = StateRead::None;
  sp_answer answer;
  const sp_verdict verdict = wire_.host.ask(ask, answer);
  answer_state_ = answer.state;
  // An approval is for what the names mean now; the portal was planned when they may have meant something
  // else.
  if (verdict == SP_WAIT && run.moved) {
    abandon();
    refusal = bound_before();
    return Ruling::Refused;
  }
  if (verdict == SP_WAIT && answer.state == SP_STATE_UNBOUND) return read_state();
  if (verdict == SP_WAIT && stage == SP_STAGE_EXECUTE) {
    // The first answer may come before the approval has its number: the warning is of use with it.
    const bool late = std::exchange(waited_, true);
    if (!warned_ && (late || answer.detail.size > 0)) {
      Writer out;
      write_paused(out, answer);
      wire_.host.emit(SP_LEG_CLIENT, out.view());
      warned_ = true;
    }
    return Ruling::Held;
  }
  forget_ticket();
  if (verdict == SP_ALLOW) return Ruling::Allowed;
  refusal = denied(answer);
  if (answer.state == SP_STATE_DECIDED) tell_why_unread(run, answer.rule.size == 0, refusal);
  return Ruling::Refused;
}

// What the host cannot know: why nothing could be made of the request.
void Frontend::tell_why_unread(const Run& run, bool by_default, Refusal& refusal) const {
  if (run.facts && !run.facts->parsed()) {
    tell_unread(refusal, run.facts->source(), by_default);
  } else if (wire_.judge.runs_unknown()) {
    refusal.message += ": it runs what a name stands for that this session did not give it";
  }
}

// Asks in the held message's place. Behind what has failed the server answers nothing.
Frontend::Ruling Frontend::read_state() {
  answered_ = true;
  // A walsender takes no question but by a Query, which would end the client's segment.
  if (wire_.status == 'E' || wire_.replication != Replication::None) {
    wire_.state_read = StateRead::Failed;
    wire_.host.feed_again();
    return Ruling::Held;
  }
  const bool sync = !wire_.unsynced;
  Writer out;
  write_state_lookup(out, sync);
  wire_.host.note("look-up of the state", out.view());
  wire_.host.emit(SP_LEG_TARGET, out.view());
  const uint32_t number = ++wire_.state_look_up;
  for (const Await await : {Await::Parse, Await::Bind, Await::Execute, Await::Close, Await::Close}) {
    wire_.ledger.push({.await = await, .own = true, .state_look_up = number});
  }
  if (sync) wire_.ledger.push({.await = Await::Sync, .own = true, .state_look_up = number});
  wire_.state_read = StateRead::Asked;
  wire_.state.clear();
  return wait_for_answer();
}

Frontend::Ruling Frontend::wait_for_answer() {
  wire_.client_waits = true;
  return Ruling::Held;
}

// The number of the transaction block in which the server will run the next message, if what is under way
// succeeds; 0 outside a block.
uint64_t Frontend::transaction_of_next() const {
  bool open = wire_.status != 'I';
  uint64_t number = wire_.transaction;
  for (const Entry& entry : wire_.ledger.entries()) {
    const Facts* facts = running(entry);
    if (facts == nullptr || entry.refusal) continue;
    for (const StatementFacts& one : facts->statements()) {
      switch (one.statement->transaction) {
        case sql::Transaction::begin:
          if (!open) ++number;
          open = true;
          break;
        case sql::Transaction::commit:
        case sql::Transaction::rollback:
        case sql::Transaction::prepare:
          open = one.statement->chain;
          if (open) ++number;
          break;
        case sql::Transaction::none:
        case sql::Transaction::savepoint:
        case sql::Transaction::release:
        case sql::Transaction::rollback_to:
        case sql::Transaction::commit_prepared:
        case sql::Transaction::rollback_prepared: break;
      }
    }
  }
  return open ? number : 0;
}

std::string Frontend::context_of_next() const {
  for (const Entry& entry : wire_.ledger.entries()) {
    const Facts* facts = running(entry);
    // What an unknown portal stands for may be a SET too.
    const bool unknown = entry.await == Await::Execute && !entry.refusal && !entry.own && facts == nullptr;
    if (unknown) return wire_.context.bytes(true);
    if (facts == nullptr || entry.replication || !facts->changes_session()) continue;
    for (const StatementFacts& one : facts->statements()) {
      if (wire_.context.touched_by(*one.statement)) return wire_.context.bytes(true);
    }
  }
  return wire_.context.bytes(false);
}

Frontend::Step Frontend::refuse(uint8_t type, uint64_t size, Refusal refusal) {
  const Await await = await_of(type);
  Writer out;
  if (await == Await::Query && wire_.ledger.empty() && !wire_.unsynced && wire_.status == 'I') {
    wire_.host.drop(SP_LEG_CLIENT, size);
    refusal.write(out);
    write_ready(out, 'I');
    wire_.host.emit(SP_LEG_CLIENT, out.view());
    wire_.settle_activity();
    return Step::Done;
  }
  std::array<uint8_t, 8> nonce{};
  wire_.host.random(nonce.data(), nonce.size());
  write_replacement(out, shape_of(await), nonce);
  wire_.host.note("replacement", out.view());
  wire_.host.drop(SP_LEG_CLIENT, size);
  wire_.host.emit(SP_LEG_TARGET, out.view());
  Entry entry{.await = await, .refusal = std::make_unique<Refusal>(std::move(refusal))};
  if (await == Await::Query) end_segment(entry);
  wire_.ledger.push(std::move(entry));
  wire_.unsynced = await != Await::Query;
  return Step::Done;
}

Frontend::Reading Frontend::reading(std::string_view text, const Facts& facts) const {
  if (!wire_.segment_doubtful && wire_.doubtful_count == 0) return Reading::Certain;
  // standard_conforming_strings is about backslashes, client_encoding about what is not ASCII.
  const bool plain = std::ranges::all_of(text, [](char c) { return static_cast<uint8_t>(c) < 0x80; });
  if (plain && !facts.plain_backslash()) return Reading::Certain;
  return wire_.segment_doubtful ? Reading::Doubtful : Reading::Waits;
}

void Frontend::mark_doubt(bool vague) {
  wire_.segment_doubtful = wire_.segment_doubtful || vague;
  wire_.names_doubtful = wire_.names_doubtful || vague;
}

void Frontend::end_segment(Entry& entry) {
  entry.doubtful = std::exchange(wire_.segment_doubtful, false);
  wire_.doubtful_count += entry.doubtful ? 1 : 0;
}

bool Frontend::cancel() {
  if (ticket_ == 0) return false;
  // Until the state is known the host has not begun anything.
  if (waited_) wire_.host.cancel(ticket_);
  withdrawn_ = !waited_;
  answered_ = true;
  return true;
}

void Frontend::abandon() {
  if (ticket_ == 0) return;
  if (!waited_) return forget_ticket();
  wire_.host.cancel(ticket_);
  // The host lets a ticket go when it has told its end.
  sp_answer answer;
  (void)wire_.host.ask(wire_.judge.ask(SP_STAGE_EXECUTE, ticket_, ticket_transaction_), answer);
  forget_ticket();
}

void Frontend::forget_ticket() {
  ticket_ = 0;
  withdrawn_ = false;
  // An answer that is still to come belongs to nothing any more.
  wire_.state_read = StateRead::None;
  waited_ = false;
  warned_ = false;
  answered_ = false;
}

}  // namespace sallyport::pg
