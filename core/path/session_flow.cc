// How the bytes of an opaque session move: spliced through pipes, or copied where a side has TLS or the pool
// has no pipe. Recorded first, then given to the target: promise 1.
#include <algorithm>

#include "config/check.h"
#include "core/core.h"
#include "core/path/session.h"

namespace sallyport {

namespace {

constexpr std::string_view lost(uint32_t leg) { return leg == SP_LEG_CLIENT ? "client-lost" : "target-lost"; }
constexpr uint32_t other(uint32_t leg) { return leg == SP_LEG_CLIENT ? SP_LEG_TARGET : SP_LEG_CLIENT; }

}  // namespace

bool Session::begin_flows() {
  Opaque& opaque = *opaque_;
  std::array<Pipe, 2> pipes;
  opaque.spliced = !legs_[SP_LEG_CLIENT].tls && !legs_[SP_LEG_TARGET].tls && core_.pipes().take(pipes);
  if (opaque.spliced) {
    for (size_t i = 0; i < pipes.size(); ++i) opaque.flows[i].pipe = pipes[i];
  }
  const auto peer = legs_[SP_LEG_TARGET].peer();
  const std::string address = peer ? peer->text() : "";
  const ringlog::Field fields[] = {{"address", address}, {"way", opaque.spliced ? "splice" : "copy"}};
  const auto sequence = core_.recorder().note(id_, {.name = "connected", .fields = fields, .ours = true});
  if (!sequence) {
    fault("no-record", "the log took no record of the connection");
    return false;
  }
  last_sequence_ = *sequence;
  opaque.stage = Opaque::Stage::moving;
  return true;
}

void Session::move_flows() {
  Opaque& opaque = *opaque_;
  bool moved = false;
  for (uint32_t from : {SP_LEG_CLIENT, SP_LEG_TARGET}) {
    if (!opaque.flows[from].finished) moved |= opaque.spliced ? splice_flow(from) : copy_flow(from);
    if (faulted_) return;
  }
  if (moved) set_activity(SP_IDLE);
  if (opaque.flows[0].finished && opaque.flows[1].finished) {
    end(opaque.trouble.empty() ? "finished" : opaque.trouble);
  }
}

// One fill and one emptying of the pipe: then others have their turn, and poll says when there is more.
bool Session::splice_flow(uint32_t from) {
  Flow& flow = opaque_->flows[from];
  Leg& source = legs_[from];
  Leg& sink = legs_[other(from)];
  bool moved = false;
  if (flow.held == 0 && !flow.ended && source.readable) {
    const ptrdiff_t size = source.splice_in(flow.pipe);
    moved = size > 0;
    if (size > 0) {
      flow.held = static_cast<size_t>(size);
      covered_ = false;
      if (from == SP_LEG_CLIENT && !record_forward(SP_LEG_TARGET, flow.held, false)) {
        fault("no-record", "the log took no record of bytes that were to be passed");
        return false;
      }
      flow.sequence = from == SP_LEG_CLIENT ? send_sequence() : 0;
    } else if (size != -EAGAIN && size != -EINTR) {
      flow.ended = true;
      if (size < 0) return lose(from), moved;
    }
  }
  if (flow.held > 0 && sink.writable && flow.sequence <= core_.recorder().durable()) {
    const ptrdiff_t size = sink.splice_out(flow.pipe, flow.held);
    moved |= size > 0;
    if (size > 0) {
      flow.held -= static_cast<size_t>(size);
      flow.bytes += static_cast<uint64_t>(size);
    } else if (size != -EAGAIN && size != -EINTR) {
      // Nobody takes it any more; what the other direction still brings is delivered.
      core_.ring().empty_pipe(flow.pipe);
      flow.held = 0;
      flow.ended = true;
      if (opaque_->trouble.empty()) opaque_->trouble = lost(other(from));
    }
  }
  if (flow.ended && flow.held == 0) {
    flow.finished = true;
    sink.finish();
  }
  return moved;
}

bool Session::copy_flow(uint32_t from) {
  Flow& flow = opaque_->flows[from];
  Leg& source = legs_[from];
  Leg& sink = legs_[other(from)];
  bool moved = false;
  if (sink.state != Leg::State::open) {
    // What the sink had sent before it went is delivered; it takes nothing more.
    if (opaque_->trouble.empty()) opaque_->trouble = lost(other(from));
    source.input.clear();
    flow.ended = true;
  } else if (!source.input.empty() && !output_congested(from)) {
    const size_t size = source.input.size();
    covered_ = false;
    move_bytes(from, other(from), size);
    if (faulted_) return false;
    flow.bytes += size;
    moved = true;
  }
  if (source.state == Leg::State::closed && source.input.empty() && sink.queued() == 0) {
    lose(from);
    return moved;
  }
  if (source.peer_ended && source.state == Leg::State::open) flow.ended = true;
  if (flow.ended && source.input.empty()) {
    flow.finished = true;
    sink.finish();
  }
  return moved;
}

// A connection that failed neither gives nor takes any more: the session is over.
void Session::lose(uint32_t leg) {
  if (opaque_->trouble.empty()) opaque_->trouble = lost(leg);
  opaque_->is_cut = true;
  for (Flow& flow : opaque_->flows) flow.ended = flow.finished = true;
}

// Which completions would let it go on.
void Session::arm_flow(uint32_t number) {
  Leg& leg = legs_[number];
  const Opaque& opaque = *opaque_;
  const bool goes_on = state_ != State::ending && !waits_for_log_;
  if (opaque.stage != Opaque::Stage::moving || !opaque.spliced) {
    // Until the bytes have a place to go only a handshake is read.
    const bool shakes_hands = leg.tls && !leg.tls->ready();
    const bool moves = opaque.stage == Opaque::Stage::moving && !opaque.flows[number].ended;
    leg.want_input(goes_on && (shakes_hands || (moves && !output_congested(number))), false);
    return;
  }
  const Flow& in = opaque.flows[number];
  const Flow& out = opaque.flows[other(number)];
  leg.watch(goes_on && !in.ended && in.held == 0, goes_on && out.held > 0);
  waits_for_durable_ |= out.held > 0 && out.sequence > core_.recorder().durable();
}

void Session::leave_pipes() {
  if (!opaque_) return;
  for (Flow& flow : opaque_->flows) {
    if (flow.pipe) core_.pipes().give_back(std::exchange(flow.pipe, Pipe()), flow.held > 0);
  }
}

}  // namespace sallyport
