#include "core/path/session.h"

#include <algorithm>
#include <utility>

#include "config/check.h"
#include "core/core.h"

namespace sallyport {

namespace {

constexpr int64_t ms = 1'000'000;
constexpr int64_t end_timeout_ns = 5'000 * ms;

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
  plugin_ = listener.plugin ? listener.plugin->abi : nullptr;
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
    pump();
    return;
  }
  if (!plugin_) {
    begin_opaque(listener, peer.value_or(Address()));
    return pump();
  }
  const TargetState* const known = snapshot_->target(listener.listener->target);
  const std::span<const sp_pair> options = known ? options_of(*known) : std::span<const sp_pair>();
  const sp_open info = {.size = sizeof(sp_open),
                        .client_tls_required = listener.tls && listener.listener->tls->required,
                        .client_tls_offered = static_cast<bool>(listener.tls),
                        .options = options.data(),
                        .option_count = options.size()};
  legs_[SP_LEG_CLIENT].set_secret(true);  // until the proof
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
    case Operation::readable: leg.on_readable(); break;
    case Operation::writable: leg.on_writable(); break;
    case Operation::none:
    case Operation::accept:
    case Operation::mailbox: CHECK(false);
  }
  pump();
}

void Session::fault(std::string_view reason, std::string_view detail) {
  if (faulted_) return;
  faulted_ = true;
  (void)core_.recorder().fault(id_, {.reason = reason, .detail = detail});
  end(reason);
}

void Session::end(std::string_view reason) {
  if (state_ == State::ending || state_ == State::free) return;
  if (state_ == State::login) core_.login_over();
  state_ = State::ending;
  end_deadline_ns_ = core_.now_ns() + end_timeout_ns;
  leave_tickets();
  record_close(reason);
  for (const std::string& key : published_) core_.unpublish(key);
  published_.clear();
  if (proven_) (void)core_.tell(SessionEnded{.session = ref(), .session_id = id_});
  if (key_.is_asked) (void)core_.tell(CredentialLeft{.session = ref()});
  if (opaque_ && opaque_->stage == Opaque::Stage::moving && (faulted_ || opaque_->is_cut)) {
    for (Leg& leg : legs_) leg.abort(true);
    return;
  }
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
  leave_pipes();
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
  for (uint32_t i = 0; i < legs_.size(); ++i) {
    if (legs_[i].on_time(now_ns) && i == SP_LEG_CLIENT) fault("handshake-timeout", legs_[i].failure);
  }
  if (due(idle_deadline_ns_) && activity_ == SP_IDLE) {
    shutdown_wanted_ = true;
    shutdown_reason_ = "the session was idle for too long";
  }
  if (due(life_deadline_ns_)) {
    shutdown_wanted_ = true;
    shutdown_reason_ = "the time of this login is over: log in again";
  }
  on_grant_time(due(grant_deadline_ns_), due(grant_hard_ns_));
  if (due(end_deadline_ns_)) {
    if (state_ != State::ending) end("shutdown");
    for (Leg& leg : legs_) leg.abort();
  }
  pump();
}

int64_t Session::next_deadline() const {
  int64_t next = INT64_MAX;
  for (int64_t deadline : {wake_ns_, login_deadline_ns_, idle_deadline_ns_, life_deadline_ns_,
                           grant_deadline_ns_, grant_hard_ns_, end_deadline_ns_}) {
    if (deadline >= 0) next = std::min(next, deadline);
  }
  for (const Leg& leg : legs_) {
    if (const int64_t deadline = leg.next_deadline(); deadline >= 0) next = std::min(next, deadline);
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
  // Where nobody knows an idle point the peers have until the drain's deadline to come to their own end.
  if (opaque_ && state_ != State::login) return;
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
  const auto before = std::exchange(snapshot_, core_.snapshot());
  if (!proven_) {
    certificate_.reset();
    return;
  }
  if (opaque_) return swap_opaque();
  if (by_certificate_) look_at_certificate();
  std::string why = refusal_reason("");
  if (why.empty() && !settle_grant()) why = "no grant stands on the record";
  if (why.empty()) {
    settle_place();
    fields_reset();
    policy_told_ = false;
  } else {
    // The new one may not know the target any more: what is still under way is masked as it was.
    snapshot_ = before;
    shutdown_wanted_ = true;
    shutdown_reason_ = "the policy no longer allows this session: " + why;
  }
}

int64_t Session::after_ms(uint32_t delay_ms) const { return core_.now_ns() + int64_t{delay_ms} * ms; }

void Session::try_next_address(uint32_t number) {
  if (!proven_ || legs_[number].connected) return;
  const TargetState* target = target_state();
  if (!target || ++address_index_[number] >= target->addresses.size() || legs_[number].in_flight > 0) return;
  legs_[number].new_failure = false;
  const Result<void> begun = legs_[number].connect(target->addresses[address_index_[number]]);
  if (!begun) {
    legs_[number].failure = begun.error().text;
    legs_[number].new_failure = true;
  }
}

void Session::set_activity(sp_activity now) {
  activity_ = now;
  const uint32_t idle_ms = snapshot_->policy->config().server.idle_timeout_ms;
  idle_deadline_ns_ = now == SP_IDLE && idle_ms > 0 ? core_.now_ns() + int64_t{idle_ms} * 1'000'000 : -1;
  if (now != SP_BUSY && state_ == State::login) {
    state_ = State::serving;
    core_.login_over();
    login_deadline_ns_ = -1;
  }
  if (now != SP_BUSY && policy_news_) swap_snapshot();
}

}  // namespace sallyport
