// A session without a plugin, from its caller's first word to the target's: who calls, may he, is the target
// there. session_flow.cc moves the bytes.
#include "config/check.h"
#include "core/core.h"
#include "core/path/session.h"

namespace sallyport {

void Session::begin_opaque(const ListenerState& listener, const Address& peer) {
  opaque_.emplace();
  opaque_->peer = peer;
  // Whom the sources do not hold gets no handshake, which costs.
  const OpaqueCaller caller = opaque_caller();
  if (caller.refusal == "source-not-listed") return refuse_opaque(caller);
  if (listener.tls) (void)start_tls(SP_LEG_CLIENT, true);
}

// Nobody new is let in where an operator keeps all out, or that one (session_login.cc has the same words).
OpaqueCaller Session::opaque_caller() const {
  OpaqueCaller caller = find_opaque_caller(*snapshot_, snapshot_->listeners[listener_index_], opaque_->peer,
                                           opaque_->certificate);
  const Closed* closed = core_.closed();
  if (proven_ || !closed || !caller.refusal.empty()) return caller;
  if (closed->identities.contains(caller.who))
    caller.refusal = "identity-blocked";
  else if (!closed->all.empty())
    caller.refusal = "gateway-locked-down";
  return caller;
}

// What can be done now; true: look again at once.
bool Session::step_opaque() {
  Leg& client = legs_[SP_LEG_CLIENT];
  waits_for_log_ = !log_is_ready();
  if (waits_for_log_) return false;
  if (client.new_failure) {
    fault("client-tls", client.failure);
    return false;
  }
  if (shutdown_wanted_) {
    fault("idle-timeout", shutdown_reason_);
    return false;
  }
  switch (opaque_->stage) {
    case Opaque::Stage::greeting: return step_greeting(client);
    case Opaque::Stage::connecting:
    case Opaque::Stage::securing: return step_target(legs_[SP_LEG_TARGET]);
    case Opaque::Stage::moving: break;
  }
  if (legs_[SP_LEG_TARGET].new_failure) {
    fault("target-tls", legs_[SP_LEG_TARGET].failure);
  } else {
    move_flows();
  }
  return false;
}

bool Session::step_greeting(Leg& client) {
  if (client.tls && !client.tls->ready()) {
    if (client.peer_ended) end("client-gone");
    return false;
  }
  look_at_certificate();
  const OpaqueCaller caller = opaque_caller();
  if (!caller.refusal.empty()) {
    refuse_opaque(caller);
    return false;
  }
  if (!record_opaque_login(caller)) {
    end("no-log");
    return false;
  }
  accept_opaque(caller);
  return true;
}

void Session::refuse_opaque(const OpaqueCaller& caller) {
  (void)record_opaque_login(caller);
  end(caller.refusal);
}

bool Session::record_opaque_login(const OpaqueCaller& caller) {
  const std::vector<std::string_view> groups(caller.groups.begin(), caller.groups.end());
  const bool may_pass = caller.refusal.empty();
  const auto sequence = core_.recorder().login(
      id_, {.identity = caller.who,
            .groups = groups,
            .target = snapshot_->policy->config().listeners[listener_index_].target,
            .login = "",
            .database = "",
            .proof = caller.proof,
            .outcome = may_pass ? ringlog::Outcome::Accepted : ringlog::Outcome::Refused,
            .reason = caller.refusal});
  if (!sequence) return false;
  last_sequence_ = *sequence;
  return true;
}

void Session::accept_opaque(const OpaqueCaller& caller) {
  const config::Listener& listener = snapshot_->policy->config().listeners[listener_index_];
  proven_ = true;
  who_ = caller.who;
  groups_ = caller.groups;
  target_name_ = listener.target;
  target_index_ = static_cast<uint32_t>(snapshot_->target(target_name_) - snapshot_->targets.data());
  tell_started();
  opaque_->stage = Opaque::Stage::connecting;
  set_activity(SP_IDLE);
  if (state_ == State::serving) (void)connect(SP_LEG_TARGET);
}

bool Session::step_target(Leg& leg) {
  if (leg.new_failure && leg.state == Leg::State::closed) try_next_address(SP_LEG_TARGET);
  // A target may say all that it has to say in one breath with its handshake.
  const bool is_secure = leg.tls && leg.tls->ready();
  if (leg.new_failure || (leg.peer_ended && !is_secure)) {
    fault("target-unreachable", leg.failure.empty() ? "the target closed at once" : leg.failure);
    return false;
  }
  if (leg.state != Leg::State::open) return false;
  if (opaque_->stage == Opaque::Stage::connecting && target_state()->tls) {
    opaque_->stage = Opaque::Stage::securing;
    (void)start_tls(SP_LEG_TARGET, true);
    return true;
  }
  if (leg.tls && !is_secure) return false;
  return begin_flows();
}

// The policy was swapped. A connection has no point between requests: it goes on whole, or ends now.
void Session::swap_opaque() {
  look_at_certificate();
  const OpaqueCaller caller = opaque_caller();
  const TargetState* target = snapshot_->target(snapshot_->listeners[listener_index_].listener->target);
  if (target) target_index_ = static_cast<uint32_t>(target - snapshot_->targets.data());
  if (!caller.refusal.empty()) return fault("policy", caller.refusal);
  if (caller.who != who_ || target->target->name != target_name_) {
    return fault("policy", "who calls here, or what for, has changed");
  }
  groups_ = caller.groups;
}

}  // namespace sallyport
