// How the kit's host feeds a plugin, and what becomes of the bytes that it passes and drops.
#include <algorithm>
#include <cstring>
#include <utility>

#include "config/check.h"
#include "config/limits.h"
#include "core/path/kit_host.h"

namespace sallyport {
namespace {

// A plugin that makes progress in each of so many feeds, with no news from outside, would never rest.
constexpr int feed_round_max = 1000;
#if !defined(__SANITIZE_ADDRESS__)
constexpr size_t retired_count_max = 8;
#endif

}  // namespace

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

}  // namespace sallyport
