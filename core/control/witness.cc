#include "core/control/witness.h"

#include <pthread.h>
#include <unistd.h>

#include "config/check.h"
#include "config/clock.h"
#include "config/log_limits.h"
#include "core/control/witness_kept.h"

namespace sallyport {

Witness::Witness(Options options)
    : options_(std::move(options)),
      config_(options_.config->log.witness),
      ways_(witness_ways(config_)),
      states_(ways_.size()) {
  CHECK(!ways_.empty());
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "log-witness");
}

Witness::~Witness() { stop(); }

void Witness::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Witness::push_last(const ringlog::Head& head) {
  CHECK(!thread_.joinable());
  push(head);
}

void Witness::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    push(options_.head());
    lock.lock();
    wake_.wait_for(lock, std::chrono::milliseconds(config_.interval_ms), [this] { return stopping_; });
  }
}

void Witness::push(const ringlog::Head& head) {
  bool taken = false;
  for (size_t way = 0; way < ways_.size(); ++way) {
    const Result<void> pushed = ways_[way].push(head);
    taken |= pushed.has_value();
    note(way, pushed);
  }
  if (!taken) return;
  // The next start looks for it, also where no way can be asked what it holds.
  const Result<void> kept = keep_witnessed(*options_.config, head);
  const std::lock_guard lock(mutex_);
  last_ = head;
  if (!kept) options_.say("what was witnessed could not be kept: " + kept.error().text);
}

void Witness::note(size_t way, const Result<void>& pushed) {
  bool was_failing = false, stopping = false;
  {
    const std::lock_guard lock(mutex_);
    State& state = states_[way];
    was_failing = !state.error.empty();
    stopping = stopping_;
    ++(pushed ? state.pushes : state.failures);
    if (pushed) state.last_ns = wall_ns();
    state.error = pushed ? "" : pushed.error().text;
  }
  if (was_failing == !pushed) return;
  const std::string where = "the log's witness (" + ways_[way].kind + ", " + ways_[way].to + ")";
  options_.say(pushed ? where + " takes heads again" : where + " takes no heads: " + pushed.error().text);
  if (stopping) return;  // the record is closed
  if (pushed) {
    options_.record(RecordAdmin{.who = "gateway", .act = "witness-works", .detail = ways_[way].to});
  } else {
    options_.record(
        RecordAlarm{.reason = "witness-failed", .detail = ways_[way].to + ": " + pushed.error().text});
  }
}

nlohmann::json Witness::status() const {
  const std::lock_guard lock(mutex_);
  nlohmann::json ways = nlohmann::json::array();
  const int64_t now_ns = wall_ns();
  bool failing = false;
  for (size_t i = 0; i < ways_.size(); ++i) {
    const State& state = states_[i];
    const int64_t age_s =
        state.last_ns == 0 ? -1 : std::max<int64_t>(0, (now_ns - state.last_ns) / 1'000'000'000);
    failing |= !state.error.empty();
    ways.push_back({{"way", ways_[i].kind},
                    {"to", ways_[i].to},
                    {"last_ns", state.last_ns},
                    {"age_s", age_s},
                    {"pushes", state.pushes},
                    {"failures", state.failures},
                    {"error", state.error}});
  }
  return {{"failing", failing},
          {"interval_s", config_.interval_ms / 1000},
          {"head", last_.number == 0 ? "" : ringlog::to_text(last_)},
          {"ways", ways}};
}

}  // namespace sallyport
