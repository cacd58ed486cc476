// How a session moves: what came in is fed to the plugin until nothing more can be done without the outside;
// then what has queued is sent and the legs are armed again, or not (backpressure is the pause).
#include <string.h>

#include <algorithm>

#include "config/check.h"
#include "core/core.h"
#include "core/path/session.h"

namespace sallyport {

namespace {

// Zeroes what was read of `bytes`, which lie in `chunk` and of which `input` holds the rest; unless they wait
// there to be sent.
void forget(std::span<std::byte> bytes, const ChunkRef& chunk, const Buffer& input) {
  const bool has_rest = chunk.get() == input.chunk().get();
  const size_t rest = has_rest ? input.size() : 0;
  if (chunk->references == (has_rest ? 2U : 1U)) explicit_bzero(bytes.data(), bytes.size() - rest);
}

constexpr int64_t ms = 1'000'000;
// What one feed may put on the record at most; with less room in the ring nothing is read.
constexpr size_t feed_record_room = limits::record_size_max;
constexpr int64_t shutdown_timeout_ns = 5'000 * ms;
constexpr int pump_round_max = 1024;

sp_text text_of(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

// Runs until nothing more can be done without the outside.
void Session::pump() {
  if (state_ == State::free || pumping_) return;
  pumping_ = true;
  int round = 0;
  while (round < pump_round_max && pump_once()) ++round;
  settle_and_arm();
  // Others have their turn too; this one goes on with the core's next round.
  if (round == pump_round_max) core_.watch_log(*this);
  pumping_ = false;
  schedule();
  try_free();
}

bool Session::pump_once() {
  if (opaque_) return state_ != State::ending && step_opaque();
  bool progress = false;
  for (uint32_t i = 0; i < legs_.size() && state_ != State::ending; ++i) {
    Leg& leg = legs_[i];
    connect_closed(i);
    if (leg.new_failure && i != SP_LEG_CLIENT && leg.state == Leg::State::closed) try_next_address(i);
    if (leg.state == Leg::State::closed && !leg.new_end && !leg.new_failure && leg.input.empty() && i != 0)
      continue;
    // A record's room first: what a feed passes must be recorded in it.
    waits_for_log_ = !log_is_ready();
    if (waits_for_log_) return false;
    if (output_congested(i)) continue;
    if (leg.new_data) apply_credit(i);
    const uint32_t events = take_events(i);
    if (events != 0) progress |= feed(i, events);
  }
  return progress && state_ != State::ending;
}

bool Session::log_is_ready() const {
  return !core_.recorder().failing() && core_.recorder().room() >= feed_record_room;
}

bool Session::output_congested(uint32_t from) const {
  for (uint32_t i = 0; i < legs_.size(); ++i) {
    if (i != from && legs_[i].is_open() && legs_[i].queued() > limits::send_queue_size_max) return true;
  }
  return false;
}

// What has happened on a leg since its last feed. Session-wide events go to the client's leg.
uint32_t Session::take_events(uint32_t number) {
  Leg& leg = legs_[number];
  uint32_t events = 0;
  if (std::exchange(leg.new_opened, false)) events |= SP_EVENT_OPENED;
  if (std::exchange(leg.new_tls, false)) events |= SP_EVENT_TLS;
  if (std::exchange(leg.new_data, false) && !leg.input.empty()) events |= SP_EVENT_DATA;
  if (std::exchange(leg.new_failure, false)) events |= SP_EVENT_FAILED;
  if (std::exchange(leg.new_end, false)) {
    events |= SP_EVENT_END;
    // Nothing may run for a caller who has gone: whatever waits is given up before the plugin hears of it.
    if (number == SP_LEG_CLIENT) leave_tickets();
  }
  // What a plugin held it sees again once anything else has moved: that may be what it waited for.
  if (!leg.input.empty() && leg.pass_credit == 0 && leg.drop_credit == 0 && leg.fed_at != progress_) {
    events |= SP_EVENT_DATA;
  }
  if (number != SP_LEG_CLIENT) return events;
  bool answered = std::exchange(answer_news_, false);
  for (Ticket& ticket : tickets_) answered |= std::exchange(ticket.news, false);
  if (answered) events |= SP_EVENT_ANSWER;
  if (std::exchange(timer_fired_, false)) {
    events |= SP_EVENT_TIMER;
    ++progress_;  // the plugin wished to look again, at what other legs hold, too
  }
  if (!std::exchange(policy_told_, true)) events |= SP_EVENT_POLICY;
  if (std::exchange(signalled_, false)) events |= SP_EVENT_SIGNAL;
  if (shutdown_wanted_ && !shutdown_told_ && activity_ == SP_IDLE) {
    shutdown_told_ = true;
    events |= SP_EVENT_SHUTDOWN;
    end_deadline_ns_ = core_.now_ns() + shutdown_timeout_ns;
  }
  return events;
}

bool Session::feed(uint32_t number, uint32_t events) {
  Leg& leg = legs_[number];
  const std::span<std::byte> bytes = leg.input.bytes();
  const std::string_view reason = (events & SP_EVENT_SHUTDOWN) ? shutdown_reason_ : leg.failure;
  const sp_input input = {.size = sizeof(sp_input),
                          .leg = number,
                          .events = events,
                          .data = reinterpret_cast<const uint8_t*>(bytes.data()),
                          .data_size = bytes.size(),
                          .reason = text_of(reason)};
  const size_t before = leg.input.size();
  const ChunkRef keep = leg.input.chunk();  // the plugin reads it until it returns, even if all is consumed
  feed_leg_ = number;
  feed_base_ = bytes.data();
  feed_size_ = bytes.size();
  const bool is_secret = leg.input.is_secret();
  covered_ = false;
  leg.paused = false;  // until it says so again: what waited may need more of this leg now
  in_feed_ = true;
  const uint64_t progress_before = progress_;
  const sp_status status = plugin_->feed(plugin_state_, &input);
  leg.fed_at = progress_;
  in_feed_ = false;
  feed_base_ = nullptr;
  if (is_secret && keep) forget(bytes, keep, leg.input);
  if (!salted_password_.empty()) {
    explicit_bzero(salted_password_.data(), salted_password_.size());
    salted_password_.clear();
  }
  if (status != SP_OK) fault("protocol", "the plugin refused what it was fed");
  if (faulted_) return false;
  if (state_ != State::ending && !leg.paused && leg.input.size() > limits::unit_size_max) {
    fault("unit-too-large", "a message exceeds unit_size_max");
    return false;
  }
  return progress_ != progress_before || before != leg.input.size();
}

// Bytes that need no look flow here, without a call of the plugin.
void Session::apply_credit(uint32_t number) {
  Leg& leg = legs_[number];
  if (leg.drop_credit > 0) {
    const size_t take = std::min<uint64_t>(leg.drop_credit, leg.input.size());
    leg.input.consume(take);
    leg.drop_credit -= take;
  }
  if (leg.pass_credit > 0 && !leg.input.empty()) {
    const size_t take = std::min<uint64_t>(leg.pass_credit, leg.input.size());
    covered_ = false;
    move_bytes(number, leg.pass_to, take);
    leg.pass_credit -= take;
    if (leg.pass_credit == 0) close_unit(leg.pass_to, leg.pass_leaves_open);
  }
}

void Session::settle_and_arm() {
  const uint64_t durable = core_.recorder().durable();
  waits_for_durable_ = false;
  for (uint32_t i = 0; i < legs_.size(); ++i) {
    Leg& leg = legs_[i];
    if (leg.state == Leg::State::closed) continue;
    // A leftover must not pin a block that all sessions share.
    leg.input.settle(core_.chunks());
    leg.flush(durable);
    if (!leg.output.empty() && last_sequence_ > durable) waits_for_durable_ = true;
    if (leg.state != Leg::State::open) continue;
    if (opaque_) {
      arm_flow(i);
      continue;
    }
    const bool held = i == SP_LEG_CLIENT && holding() && !leg.input.empty();
    const bool paused = leg.paused && !leg.input.empty();
    leg.want_input(state_ != State::ending && !held && !paused && !output_congested(i) && !waits_for_log_,
                   held);
  }
  if (waits_for_log_ || waits_for_durable_) core_.watch_log(*this);
  // A target that waits for each fsync should not wait for the writer's clock too.
  if (waits_for_durable_ && send_sequence() > std::exchange(log_woken_for_, send_sequence()))
    core_.wake_log();
}

}  // namespace sallyport
