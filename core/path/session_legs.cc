// The plugin's host calls that open, secure, await and close legs.
#include "core/core.h"
#include "core/path/session.h"

namespace sallyport {

int Session::start_tls(uint32_t number, bool direct) {
  if (number >= legs_.size()) return SP_ERROR_ARGUMENT;
  Leg& leg = legs_[number];
  if (leg.state != Leg::State::open || leg.tls) return SP_ERROR_STATE;
  // What was sent in plaintext before the upgrade must not count after it.
  if (!direct && !leg.input.empty()) return SP_ERROR_STATE;
  const TlsContext* context = nullptr;
  if (number == SP_LEG_CLIENT) {
    context = &snapshot_->listeners[listener_index_].tls;
  } else if (proven_) {
    context = &target_state()->tls;
  }
  if (!context || !*context) return SP_ERROR_STATE;
  ++progress_;
  leg.stage_deadline_ns = after_ms(snapshot_->policy->config().server.handshake_timeout_ms);
  leg.start_tls(*context);
  return 0;
}

int Session::answer_within(uint32_t number, uint32_t delay_ms) {
  if (number == SP_LEG_CLIENT || number >= legs_.size()) return SP_ERROR_ARGUMENT;
  // A leg that failed meanwhile needs none: its end is about to be told.
  legs_[number].answer_deadline_ns = delay_ms == 0 ? -1 : after_ms(delay_ms);
  return 0;
}

int Session::channel_binding(uint32_t number, std::span<uint8_t> out) {
  if (number >= legs_.size()) return SP_ERROR_ARGUMENT;
  const Leg& leg = legs_[number];
  return leg.tls ? static_cast<int>(leg.tls->end_point(out)) : 0;
}

// A leg that is still closing is connected again once it is closed.
int Session::connect(uint32_t number) {
  if (number == SP_LEG_CLIENT || number >= legs_.size()) return SP_ERROR_ARGUMENT;
  const Leg& leg = legs_[number];
  const bool is_closing = leg.state == Leg::State::ending || leg.state == Leg::State::closed;
  if (!proven_ || !is_closing || leg.new_failure || (reconnects_ >> number & 1U) != 0) return SP_ERROR_STATE;
  ++progress_;
  reconnects_ |= 1U << number;
  connect_closed(number);
  return 0;
}

void Session::connect_closed(uint32_t number) {
  Leg& leg = legs_[number];
  if ((reconnects_ >> number & 1U) == 0 || !leg.finished()) return;
  reconnects_ &= ~(1U << number);
  leg.reset();
  const TargetState* target = target_state();
  address_index_[number] = 0;
  leg.stage_deadline_ns = after_ms(snapshot_->policy->config().server.connect_timeout_ms);
  Result<void> begun = target->addresses.empty() ? fail(target->error.empty() ? "no address" : target->error)
                                                 : leg.connect(target->addresses.front());
  if (!begun) {
    leg.failure = begun.error().text;
    leg.new_failure = true;
  }
}

int Session::finish(uint32_t number, std::string_view reason) {
  if (number >= legs_.size()) return SP_ERROR_ARGUMENT;
  ++progress_;
  if (number == SP_LEG_CLIENT) {
    end(reason.empty() ? "finished" : reason);
  } else {
    legs_[number].end();
  }
  return 0;
}

int Session::publish(sp_bytes key) {
  if (key.size == 0 || key.size > 64 || published_.size() >= 4) return SP_ERROR_LIMIT;
  std::string text(reinterpret_cast<const char*>(key.data), key.size);
  if (!core_.publish(text, ref())) return SP_ERROR_STATE;
  published_.push_back(std::move(text));
  return 0;
}

}  // namespace sallyport
