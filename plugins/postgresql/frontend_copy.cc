// The client's data of COPY FROM STDIN. While the server asks for them it reads nothing else: CopyData,
// CopyDone and CopyFail, and it ignores Flush and Sync. Source: PostgreSQL manual, "COPY Operations".
#include <algorithm>

#include "plugins/postgresql/copy_lookup.h"
#include "plugins/postgresql/frontend.h"

namespace sallyport::pg {

namespace {

// Of each COPY so much of the data is put on the record, whole lines of it; of the rest, each message's size.
constexpr size_t copy_recorded_size_max = 64 << 10;
// A value may be cut between two messages: so much of what went before is looked at again.
constexpr size_t copy_tail_size = 1024;

}  // namespace

// What stands behind a COPY FROM STDIN means another thing when the server has asked for data than when it
// has refused the COPY, so it waits for either. Behind its CopyDone in copy-both a client has to wait for the
// server's: a walsender takes no other message until then.
bool Frontend::copy_may_begin() const {
  if (wire_.copy_in != CopyIn::None || wire_.ledger.empty()) return false;
  if (wire_.ledger.entries().front().copying == Copying::BothOut) return true;
  const Entry& last = wire_.ledger.entries().back();
  return last.copies_in > 0 && !last.failed;
}

// A message of any size, of which `there` is there: it flows, and is never held whole.
Frontend::Step Frontend::on_copy_data(uint64_t size, Bytes there) {
  if (wire_.copy_in == CopyIn::Begun) begin_copy_record();
  const size_t quota = copy_recorded_size_max - std::min(copy_recorded_size_max, copy_recorded_size_);
  // The same bytes are recorded however they were cut on their way.
  const size_t recorded = static_cast<size_t>(std::min<uint64_t>(size, header_size + quota));
  const bool screened = wire_.host.screens();
  if (there.size() < (screened && size <= message_size_max ? size : recorded)) return Step::Short;
  if (screened && block_copy(size, there)) {
    wire_.host.drop(SP_LEG_CLIENT, size);
    return Step::Done;
  }
  note_copy_data(there.first(recorded), recorded == size);
  wire_.host.pass(SP_LEG_CLIENT, SP_LEG_TARGET, size);
  if (wire_.ledger.front().copying != Copying::In) wire_.still_idle();
  wire_.copy_in = CopyIn::Flowing;
  wire_.early_sync_count = 0;
  return Step::Done;
}

void Frontend::begin_copy_record() {
  copy_recorded_size_ = 0;
  copy_line_.clear();
}

// Clients cut their data anywhere, and half a value is nothing that a detector knows: what stands behind the
// last newline is recorded with the line's end. Until then the record has its size, in the message's header.
void Frontend::note_copy_data(Bytes data, bool whole) {
  const std::string_view body = as_text(data.subspan(header_size));
  copy_recorded_size_ += body.size();
  copy_line_ += body;
  const size_t end = copy_line_.rfind('\n') + 1;  // 0: there is none
  std::string shown(as_text(data.first(header_size)));
  shown.append(copy_line_, 0, end);
  wire_.host.note("copy data", as_bytes(shown));
  copy_line_.erase(0, end);
  // The end of this line will not be recorded.
  if (!whole) copy_line_.clear();
}

// What is too large to be looked at goes no further either.
bool Frontend::block_copy(uint64_t size, Bytes there) {
  if (wire_.copy_in == CopyIn::Begun) copy_tail_.clear();
  Refusal refusal = beyond_limit("a CopyData message of this size, which has to be looked into,");
  if (size <= message_size_max) {
    copy_tail_ += as_text(there.subspan(header_size, static_cast<size_t>(size) - header_size));
    const sp_pair value = {text_of("copy data"), text_of(copy_tail_)};
    sp_answer answer;
    if (wire_.host.screen({&value, 1}, answer) == SP_ALLOW) {
      copy_tail_.erase(0, copy_tail_.size() - std::min(copy_tail_.size(), copy_tail_size));
      return false;
    }
    refusal = denied(answer);
  }
  copy_tail_.clear();
  copy_line_.clear();
  Writer out;
  out.begin(front::copy_fail).text("blocked by the gateway").end();
  wire_.host.note("copy fail", out.view());
  wire_.host.emit(SP_LEG_TARGET, out.view());
  wire_.copy_in = CopyIn::None;
  wire_.early_sync_count = 0;
  wire_.ledger.front().copying = Copying::InOver;
  wire_.ledger.front().refusal = std::make_unique<Refusal>(std::move(refusal));
  return true;
}

Frontend::Step Frontend::on_copy_end(const Message& message) {
  // Of one that is given up the last value may be half.
  if (message.type == front::copy_done && !copy_line_.empty()) {
    wire_.host.note("end of the copy data", as_bytes(copy_line_));
  }
  copy_line_.clear();
  pass_noted(message.type == front::copy_done ? "copy done" : "copy fail", message);
  wire_.copy_in = CopyIn::None;
  wire_.early_sync_count = 0;
  Copying& copying = wire_.ledger.front().copying;
  switch (copying) {
    case Copying::Both: copying = Copying::BothOut; break;
    case Copying::BothIn:
      copying = Copying::OutOver;
      wire_.set_activity(SP_BUSY);
      break;
    case Copying::In: copying = Copying::InOver; break;
    case Copying::None:
    case Copying::InOver:
    case Copying::Out:
    case Copying::OutOver:
    case Copying::BothOut: return broken("CopyDone out of place");  // nothing asked for data
  }
  return Step::Done;
}

Frontend::Step Frontend::during_copy(const Message& message) {
  switch (message.type) {
    case front::copy_done:
    case front::copy_fail: return on_copy_end(message);
    case front::terminate: return on_terminate(message);
    case front::sync:
      if (wire_.copy_in == CopyIn::Begun && wire_.early_sync_count < early_sync_count_max) {
        ++wire_.early_sync_count;
      }
      [[fallthrough]];
    case front::flush:
      if (wire_.ledger.front().copying != Copying::In) return broken("unexpected message during replication");
      // A client that did not notice that its statement is a COPY sends these. The server ignores them.
      wire_.host.note("ignored", message.whole.first(1));
      wire_.host.drop(SP_LEG_CLIENT, message.whole.size());
      return Step::Done;
    // The server ends the session for it, having lost its place in the stream.
    default: return broken("unexpected message during COPY FROM STDIN");
  }
}

// COPY TO STDOUT where masks apply: only where its rows can be read.
bool Frontend::copy_unreadable(const Facts& facts, std::string_view text) {
  if (facts.copies_out() == 0 || !wire_.rows.masks_possible()) return false;
  return copy_lookup_text(facts, text).empty();
}

// `alone`: before a Query, which the server begins with nothing under way.
std::shared_ptr<CopyShape> Frontend::look_up_copy(const Facts& facts, std::string_view text, bool alone) {
  if (facts.copies_out() == 0 || !wire_.rows.masks_possible()) return nullptr;
  auto copy = copy_shape(facts);
  Writer out;
  write_copy_lookup(out, copy_lookup_text(facts, text), alone);
  wire_.host.note("look-up of the gateway", out.view());
  wire_.host.emit(SP_LEG_TARGET, out.view());
  wire_.ledger.push({.await = Await::Parse, .own = true});
  wire_.ledger.push({.await = Await::DescribeStatement, .own = true, .copy = copy});
  wire_.ledger.push({.await = Await::Close, .own = true});
  if (alone) wire_.ledger.push({.await = Await::Sync, .own = true});
  return copy;
}

}  // namespace sallyport::pg
