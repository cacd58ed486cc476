#include "core/path/session.h"

#include <algorithm>

#include "config/check.h"
#include "core/core.h"

namespace sallyport {

namespace {

constexpr int64_t ms = 1'000'000;
// What one feed may put on the record at most; with less room in the ring nothing is read.
constexpr size_t feed_record_room = limits::record_size_max;
constexpr int64_t end_timeout_ns = 5'000 * ms;
constexpr int pump_round_max = 1024;

sp_text text_of(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

Session::Session(Core& core, uint32_t index) : core_(core), index_(index) {
  for (uint8_t i = 0; i < legs_.size(); ++i) legs_[i].attach(core.ring(), core.chunks(), index, i);
}

Session::~Session() {
  if (plugin_state_) plugin_->close(plugin_state_);
  EVP_MD_CTX_free(reply_digest_);
}

SessionRef Session::ref() const {
  return {.core = core_.index(), .index = index_, .generation = generation_};
}

void Session::begin(int fd, const ListenerState& listener, uint32_t listener_index) {
  CHECK(state_ == State::free && !plugin_state_);
  ++generation_;
  id_ = core_.next_session_id();
  state_ = State::login;
  listener_index_ = listener_index;
  snapshot_ = core_.snapshot();
  plugin_ = listener.plugin->abi;
  protocol_ = listener.listener->protocol;
  legs_[SP_LEG_CLIENT].adopt(fd);
  const auto peer = core_.ring().peer_address(fd);
  peer_ = peer ? peer->text() : "";
  core_.ring().prepare_accepted(fd);

  const config::Server& server = snapshot_->policy->config().server;
  login_deadline_ns_ = core_.now_ns() + server.login_timeout_ms * ms;
  const std::string at = listener.listener->address.text();
  if (!core_.recorder().session_opened(id_, {.peer = peer_, .listener = at, .protocol = protocol_})) {
    end("no-log");
    try_free();
    return;
  }
  const sp_open info = {.size = sizeof(sp_open),
                        .client_tls_required = listener.tls && listener.listener->tls->required,
                        .client_tls_offered = static_cast<bool>(listener.tls),
                        .options = nullptr,
                        .option_count = 0};
  in_feed_ = true;
  plugin_state_ = plugin_->open(&host(), reinterpret_cast<sp_session*>(this), &info);
  in_feed_ = false;
  if (!plugin_state_) fault("plugin-open", "the plugin has no memory for a session");
  pump();
}

void Session::on_completion(const Token& token, const Completion& completion) {
  CHECK(magic_ == session_magic);
  Leg& leg = legs_[token.leg];
  switch (token.operation) {
    case Operation::connect: leg.on_connect(completion); break;
    case Operation::receive: leg.on_receive(completion); break;
    case Operation::send: leg.on_send(completion); break;
    case Operation::poll: leg.on_poll(completion); break;
    case Operation::none:
    case Operation::accept:
    case Operation::mailbox: CHECK(false);
  }
  pump();
}

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
  bool progress = false;
  for (uint32_t i = 0; i < legs_.size() && state_ != State::ending; ++i) {
    Leg& leg = legs_[i];
    if (leg.new_failure && i != SP_LEG_CLIENT && leg.state == Leg::State::closed) try_next_address(i);
    if (leg.state == Leg::State::closed && !leg.new_end && !leg.new_failure && leg.input.empty() && i != 0) continue;
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
    if (number == SP_LEG_CLIENT) leave_tickets(true);
  }
  // What a plugin held it sees again once anything else has moved: that may be what it waited for.
  if (!leg.input.empty() && leg.pass_credit == 0 && leg.drop_credit == 0 && leg.fed_at != progress_) {
    events |= SP_EVENT_DATA;
  }
  if (number != SP_LEG_CLIENT) return events;
  bool answered = std::exchange(derive_news_, false);
  for (Ticket& ticket : tickets_) answered |= std::exchange(ticket.news, false);
  if (answered) events |= SP_EVENT_ANSWER;
  if (std::exchange(timer_fired_, false)) events |= SP_EVENT_TIMER;
  if (!std::exchange(policy_told_, true)) events |= SP_EVENT_POLICY;
  if (std::exchange(signalled_, false)) events |= SP_EVENT_SIGNAL;
  if (shutdown_wanted_ && !shutdown_told_ && activity_ == SP_IDLE) {
    shutdown_told_ = true;
    events |= SP_EVENT_SHUTDOWN;
    end_deadline_ns_ = core_.now_ns() + end_timeout_ns;
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
  covered_ = false;
  in_feed_ = true;
  const uint64_t progress_before = progress_;
  const sp_status status = plugin_->feed(plugin_state_, &input);
  leg.fed_at = progress_;
  in_feed_ = false;
  feed_base_ = nullptr;
  if (!salted_password_.empty()) {
    explicit_bzero(salted_password_.data(), salted_password_.size());
    salted_password_.clear();
  }
  if (status != SP_OK) fault("protocol", "the plugin refused what it was fed");
  if (faulted_) return false;
  if (state_ != State::ending && leg.input.size() > limits::unit_size_max) {
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
    const bool held = i == SP_LEG_CLIENT && holding() && !leg.input.empty();
    leg.want_input(state_ != State::ending && !held && !output_congested(i) && !waits_for_log_);
  }
  if (waits_for_log_ || waits_for_durable_) core_.watch_log(*this);
}

void Session::fault(std::string_view reason, std::string_view detail) {
  if (faulted_) return;
  faulted_ = true;
  (void)core_.recorder().fault(id_, {.reason = reason, .detail = detail});
  end(reason);
}

void Session::end(std::string_view reason) {
  if (state_ == State::ending || state_ == State::free) return;
  state_ = State::ending;
  end_deadline_ns_ = core_.now_ns() + end_timeout_ns;
  leave_tickets(true);
  record_close(reason);
  for (const std::string& key : published_) core_.unpublish(key);
  published_.clear();
  if (proven_) (void)core_.tell(SessionEnded{.session = ref(), .session_id = id_});
  legs_[SP_LEG_CLIENT].end();
  for (uint32_t i = 1; i < legs_.size(); ++i) {
    // What a fault left half sent must not reach the target.
    if (faulted_) {
      legs_[i].abort();
    } else {
      legs_[i].end();
    }
  }
}

void Session::try_free() {
  if (state_ != State::ending || in_feed_ || pumping_) return;
  for (const Leg& leg : legs_) {
    if (!leg.finished()) return;
  }
  if (plugin_state_) plugin_->close(std::exchange(plugin_state_, nullptr));
  core_.release(*this);  // makes the slot anew; nothing of this session may be touched after
}

void Session::on_time(int64_t now_ns) {
  if (state_ == State::free) return;
  scheduled_ns_ = -1;
  const auto due = [now_ns](int64_t& deadline) {
    if (deadline < 0 || deadline > now_ns) return false;
    deadline = -1;
    return true;
  };
  if (due(wake_ns_)) timer_fired_ = true;
  for (Ticket& ticket : tickets_) {
    if (!due(ticket.hold_deadline_ns)) continue;
    if (ticket.state != Ticket::State::wanted && ticket.state != Ticket::State::pending) continue;
    ticket.state = Ticket::State::hold_ended;
    ticket.news = true;
    (void)core_.tell(ApprovalLeft{.session = ref(),
                                  .ticket = ticket.number,
                                  .approval = ticket.approval,
                                  .transaction_over = ticket.transaction != 0});
  }
  if (due(login_deadline_ns_) && state_ == State::login) fault("login-timeout", "the login took too long");
  if (due(connect_deadline_ns_)) {
    for (uint32_t i = 1; i < legs_.size(); ++i) {
      if (legs_[i].state != Leg::State::connecting) continue;
      legs_[i].abort();
      legs_[i].failure = "connecting timed out";
      legs_[i].new_failure = true;
    }
  }
  if (due(idle_deadline_ns_) && activity_ == SP_IDLE) {
    shutdown_wanted_ = true;
    shutdown_reason_ = "the session was idle for too long";
  }
  if (due(end_deadline_ns_)) {
    if (state_ != State::ending) end("shutdown");
    for (Leg& leg : legs_) leg.abort();
  }
  pump();
}

int64_t Session::next_deadline() const {
  int64_t next = INT64_MAX;
  for (int64_t deadline : {wake_ns_, login_deadline_ns_, connect_deadline_ns_, idle_deadline_ns_, end_deadline_ns_}) {
    if (deadline >= 0) next = std::min(next, deadline);
  }
  for (const Ticket& ticket : tickets_) {
    if (ticket.hold_deadline_ns >= 0) next = std::min(next, ticket.hold_deadline_ns);
  }
  return next == INT64_MAX ? -1 : next;
}

void Session::schedule() {
  if (state_ == State::free) return;
  const int64_t next = next_deadline();
  if (next < 0 || (scheduled_ns_ >= 0 && scheduled_ns_ <= next)) return;
  scheduled_ns_ = next;
  core_.schedule(*this, next);
}

void Session::on_signal() {
  signalled_ = true;
  pump();
}

void Session::on_kill(const std::string& reason) {
  if (state_ == State::free) return;
  fault("killed", reason);
  pump();
}

void Session::on_drain() {
  shutdown_wanted_ = true;
  shutdown_reason_ = "the gateway is shutting down";
  if (state_ == State::login) fault("drain", shutdown_reason_);
  pump();
}

// The policy was swapped. What is under way goes on under the verdict it has; the next request meets the new.
void Session::on_snapshot() {
  if (state_ == State::free || state_ == State::ending) return;
  policy_news_ = true;
  if (activity_ != SP_BUSY || !proven_) swap_snapshot();
  pump();
}

void Session::swap_snapshot() {
  policy_news_ = false;
  snapshot_ = core_.snapshot();
  if (!proven_) return;
  const std::string why = refusal_reason(true);
  if (why.empty()) {
    fields_reset();
    policy_told_ = false;
  } else {
    shutdown_wanted_ = true;
    shutdown_reason_ = "the policy no longer allows this session: " + why;
  }
}

void Session::try_next_address(uint32_t number) {
  if (!proven_) return;
  const TargetState* target = target_state();
  if (!target || ++address_index_[number] >= target->addresses.size() || legs_[number].in_flight > 0) return;
  legs_[number].new_failure = false;
  const Result<void> begun = legs_[number].connect(target->addresses[address_index_[number]]);
  if (!begun) {
    legs_[number].failure = begun.error().text;
    legs_[number].new_failure = true;
  }
}

}  // namespace sallyport
