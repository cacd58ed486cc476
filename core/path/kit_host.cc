#include "core/path/kit_host.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "config/check.h"
#include "config/limits.h"
#include "core/path/kit_calls.h"

namespace sallyport {
namespace {

// A plugin that makes progress in each of so many feeds, with no news from outside, would never rest.
constexpr int feed_round_max = 1000;
#if !defined(__SANITIZE_ADDRESS__)
constexpr size_t retired_count_max = 8;
#endif

}  // namespace

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
  std::vector<sp_pair> options;
  for (const auto& [name, value] : script.options) {
    options.push_back({{name.data(), name.size()}, {value.data(), value.size()}});
  }
  const sp_open info = {.size = sizeof(sp_open),
                        .client_tls_required = script.client_tls_required,
                        .client_tls_offered = script.client_tls_offered,
                        .options = options.data(),
                        .option_count = options.size()};
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

// ---- Feeding.

bool KitHost::happen(uint32_t leg, uint32_t events, std::string_view reason) {
  CHECK(!inside_);
  if (ended()) return true;
  feed(leg, events, reason);
  settle();
  return true;
}

// Legs whose bytes wait are fed again after another leg has made progress: what they waited for may be there.
void KitHost::settle() {
  for (int round = 0;; ++round) {
    bool rest = true;
    for (uint32_t leg = 0; leg < SP_LEG_COUNT_MAX && !ended(); ++leg) {
      const KitLeg& at = leg_[leg];
      if (leg == SP_LEG_CLIENT && policy_wanted_ && activity_ != SP_BUSY) {
        policy_wanted_ = false;
        reset_fields();
        feed(leg, SP_EVENT_POLICY, {});
        rest = false;
      } else if (leg == SP_LEG_CLIENT && shutdown_wanted_ && activity_ == SP_IDLE) {
        shutdown_wanted_ = false;
        feed(leg, SP_EVENT_SHUTDOWN, shutdown_reason_);
        rest = false;
      } else if (at.state == KitLegState::kOpen && !at.handshaking && !at.unconsumed.empty() &&
                 at.progress_seen != progress_) {
        feed(leg, SP_EVENT_DATA, {});
        rest = false;
      }
    }
    if (rest || ended()) return;
    if (round == feed_round_max) {
      violate("the plugin never rests: each feed passes, drops or emits something, without news");
      return;
    }
  }
}

void KitHost::feed(uint32_t leg, uint32_t events, std::string_view reason) {
  KitLeg& at = leg_[leg];
  const size_t size = at.unconsumed.size();
  uint8_t* data = new uint8_t[size];
  if (size != 0) std::memcpy(data, at.unconsumed.data(), size);
  fed_leg_ = leg;
  data_ = data;
  data_size_ = size;
  data_consumed_ = data_edited_ = 0;
  inside_ = true;
  const sp_input input = {.size = sizeof(sp_input),
                          .leg = leg,
                          .events = events,
                          .data = data,
                          .data_size = size,
                          .reason = lend(std::string(reason))};
  ++feed_count_;
  const sp_status status = plugin_.feed(state_, &input);
  inside_ = false;
  if (data_edited_ > data_consumed_) violate("bytes that a mask changed were neither passed nor dropped");
  data_ = nullptr;
  retire(data, size);
  for (std::string& text : lent_) text.assign(text.size(), '\xdd');
  lent_.clear();
  at.progress_seen = progress_;
  if (status != SP_OK) end_session("fault");
  if (at.unconsumed.size() > limits::unit_size_max && !ended()) {
    violate("more than unit_size_max bytes are held on leg " + std::to_string(leg));
  }
}

// What was lent is gone. A plugin that reads it all the same finds other bytes each time, or a sanitizer.
void KitHost::retire(uint8_t* data, size_t size) {
#if defined(__SANITIZE_ADDRESS__)
  (void)size;
  delete[] data;
#else
  if (size != 0) std::memset(data, static_cast<int>(0xa0 + feed_count_ % 64), size);
  retired_.emplace_back(data);
  if (retired_.size() > retired_count_max) retired_.pop_front();
#endif
}

// ---- Bytes.

void KitHost::dispose(uint32_t from, KitCredit credit) {
  if (credit.left != 0) ++progress_;
  leg_[from].credits.push_back(credit);
  run_credits(from);
}

void KitHost::run_credits(uint32_t from) {
  KitLeg& in = leg_[from];
  while (!in.credits.empty()) {
    KitCredit& credit = in.credits.front();
    const size_t count = std::min<uint64_t>(credit.left, in.unconsumed.size());
    const std::string bytes = in.consume(count, credit.to);
    credit.left -= count;
    if (inside_ && from == fed_leg_) data_consumed_ += count;
    if (credit.to != KitLeg::kDropped) {
      KitLeg& out = leg_[static_cast<uint32_t>(credit.to)];
      if (out.unit_of != KitLeg::kNobody && out.unit_of != static_cast<int>(from)) {
        violate("pass from leg " + std::to_string(from) + " into the middle of a unit of leg " +
                std::to_string(out.unit_of));
        return;
      }
      out.unit_of = static_cast<int>(from);
      out.output += bytes;
      if (credit.left == 0 && !credit.unit_open) out.close_unit();
    }
    if (credit.left != 0) return;
    in.credits.pop_front();
  }
}

void KitHost::end_session(std::string why) {
  if (ended()) return;
  ended_ = std::move(why);
  for (KitLeg& leg : leg_) leg.credits.clear();
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
