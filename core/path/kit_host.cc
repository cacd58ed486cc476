#include "core/path/kit_host.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/path/kit_calls.h"

namespace sallyport {
const char* kit_trace_name(KitTrace trace) {
  switch (trace) {
    case KitTrace::kAsk: return "asks";
    case KitTrace::kNote: return "notes";
    case KitTrace::kName: return "names";
    case KitTrace::kControl: return "control";
  }
  return "?";
}

KitHost::KitHost(const sp_plugin& plugin, KitScript given) : script(std::move(given)), plugin_(plugin) {
  random_state_ = script.seed;
  leg_[SP_LEG_CLIENT].state = KitLegState::kOpen;
  const sp_open info = {.size = sizeof(sp_open),
                        .client_tls_required = script.client_tls_required,
                        .client_tls_offered = script.client_tls_offered,
                        .options = nullptr,
                        .option_count = 0};
  inside_ = true;
  state_ = plugin_.open(&kit_host_table(), reinterpret_cast<sp_session*>(this), &info);
  inside_ = false;
  lent_.clear();
  if (!state_) end_session("open: the plugin returned NULL");
}

KitHost::~KitHost() {
  inside_ = true;
  if (state_) plugin_.close(state_);
}

// ---- What happens.

bool KitHost::receive(uint32_t leg, std::string_view bytes) {
  if (leg >= SP_LEG_COUNT_MAX) return cannot("there is no leg " + std::to_string(leg));
  KitLeg& at = leg_[leg];
  if (at.state == KitLegState::kClosed) return cannot("leg " + std::to_string(leg) + " is not connected");
  if (ended() || at.state == KitLegState::kFinished) {
    // What still arrives is read by nobody; it counts as held, however it was split.
    at.received += bytes.size();
    at.unconsumed += bytes;
    return true;
  }
  if (at.state != KitLegState::kOpen) return cannot("leg " + std::to_string(leg) + " is not connected");
  if (at.ended) return cannot("leg " + std::to_string(leg) + " has ended");
  at.received += bytes.size();
  at.unconsumed += bytes;
  if (at.handshaking) {
    if (at.direct) {
      (void)at.consume(at.unconsumed.size(), KitLeg::kDropped);
    } else {
      end_session("refused: plaintext behind the TLS upgrade of leg " + std::to_string(leg));
    }
    return true;
  }
  run_credits(leg);
  return at.unconsumed.empty() || happen(leg, SP_EVENT_DATA);
}

bool KitHost::opened(uint32_t leg) {
  if (leg >= SP_LEG_COUNT_MAX || leg_[leg].state != KitLegState::kConnecting) {
    return cannot("the plugin has not called connect for leg " + std::to_string(leg));
  }
  leg_[leg].state = KitLegState::kOpen;
  return happen(leg, SP_EVENT_OPENED);
}

bool KitHost::failed(uint32_t leg, std::string_view reason) {
  if (leg >= SP_LEG_COUNT_MAX) return cannot("there is no leg " + std::to_string(leg));
  if (leg_[leg].state != KitLegState::kConnecting && !leg_[leg].handshaking) {
    return cannot("leg " + std::to_string(leg) + " is neither connecting nor in a TLS handshake");
  }
  leg_[leg].state = KitLegState::kClosed;
  leg_[leg].handshaking = false;
  leg_[leg].failed = true;
  return happen(leg, SP_EVENT_FAILED, reason);
}

bool KitHost::tls_done(uint32_t leg) {
  if (leg >= SP_LEG_COUNT_MAX || !leg_[leg].handshaking) {
    return cannot("the plugin has not called tls for leg " + std::to_string(leg));
  }
  leg_[leg].handshaking = false;
  leg_[leg].tls = true;
  return happen(leg, SP_EVENT_TLS);
}

bool KitHost::end(uint32_t leg) {
  if (leg >= SP_LEG_COUNT_MAX || leg_[leg].state != KitLegState::kOpen || leg_[leg].ended) {
    return cannot("leg " + std::to_string(leg) + " is not connected");
  }
  leg_[leg].ended = true;
  uint32_t events = SP_EVENT_END;
  // Nothing runs for a caller who has gone.
  if (leg == SP_LEG_CLIENT && decide_waiting(SP_DENY, SP_STATE_CANCELLED)) events |= SP_EVENT_ANSWER;
  return happen(leg, events);
}

bool KitHost::decide(uint64_t number, sp_verdict verdict, sp_state state, std::string_view message) {
  const auto found = std::find_if(tickets_.begin(), tickets_.end(), [number](const Ticket& ticket) {
    return ticket.verdict == SP_WAIT && (number == 0 || ticket.number == number);
  });
  if (found == tickets_.end()) return cannot("no such ticket waits");
  found->verdict = verdict;
  found->state = state;
  found->answer.message = message;
  found->answer.detail.clear();
  return happen(SP_LEG_CLIENT, SP_EVENT_ANSWER);
}

bool KitHost::decide_waiting(sp_verdict verdict, sp_state state) {
  bool any = false;
  for (Ticket& ticket : tickets_) {
    if (ticket.verdict != SP_WAIT) continue;
    ticket.verdict = verdict;
    ticket.state = state;
    ticket.answer.message.clear();
    ticket.answer.detail.clear();
    any = true;
  }
  return any;
}

bool KitHost::ready(sp_verdict prove) {
  if (script.prove == SP_WAIT) script.prove = prove;
  if (script.credential == SP_WAIT) script.credential = SP_ALLOW;
  return happen(SP_LEG_CLIENT, SP_EVENT_ANSWER);
}

bool KitHost::advance(uint32_t ms) {
  if (timer_ms_ == 0) return true;
  if (ms < timer_ms_) {
    timer_ms_ -= ms;
    return true;
  }
  timer_ms_ = 0;
  return happen(SP_LEG_CLIENT, SP_EVENT_TIMER);
}

bool KitHost::signalled() {
  if (published_.empty()) return cannot("the plugin has published no key");
  return happen(SP_LEG_CLIENT, SP_EVENT_SIGNAL);
}

bool KitHost::shutdown(std::string_view reason) {
  shutdown_wanted_ = true;
  shutdown_reason_ = reason;
  settle();
  return true;
}

bool KitHost::policy_swapped() {
  policy_wanted_ = true;
  settle();
  return true;
}

// ---- Small things.

std::string KitHost::take(uint32_t leg) {
  KitLeg& at = leg_[leg];
  std::string bytes = at.output.substr(at.taken);
  at.taken = at.output.size();
  return bytes;
}

std::vector<uint64_t> KitHost::waiting() const {
  std::vector<uint64_t> numbers;
  for (const Ticket& ticket : tickets_) {
    if (ticket.verdict == SP_WAIT) numbers.push_back(ticket.number);
  }
  return numbers;
}

bool KitHost::cannot(std::string why) {
  problem_ = std::move(why);
  return false;
}

int KitHost::violate(std::string text, int code) {
  violations_.push_back(std::move(text));
  end_session("refused: " + violations_.back());
  return code;
}

void KitHost::add(KitTrace trace, std::string text) {
  trace_[static_cast<size_t>(trace)].push_back(std::move(text));
}

void KitHost::reset_fields() {
  fields_base_ += static_cast<uint32_t>(fields_.size());
  fields_.clear();
}

sp_text KitHost::lend(std::string text) {
  const std::string& kept = lent_.emplace_back(std::move(text));
  return {kept.data(), kept.size()};
}

}  // namespace sallyport
