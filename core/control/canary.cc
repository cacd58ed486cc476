#include "core/control/canary.h"

#include <nlohmann/json.hpp>

#include "config/clock.h"
#include "config/limits.h"

namespace sallyport {

namespace {

constexpr int64_t ms = 1'000'000;
constexpr int64_t gather_timeout_ns = 10'000 * ms;
constexpr uint32_t attempt_count_max = 3;  // of a run during which the policy changes

const char* text_of(CanaryOutcome outcome) {
  switch (outcome) {
    case CanaryOutcome::masked: return "masked";
    case CanaryOutcome::leaked: return "leaked";
    case CanaryOutcome::unproven: break;
  }
  return "unproven";
}

}  // namespace

size_t CanaryTarget::count(CanaryOutcome outcome) const {
  size_t count = 0;
  for (const CanaryRow& row : rows) count += row.finding.outcome == outcome ? 1 : 0;
  return count;
}

size_t CanaryReport::count(CanaryOutcome outcome) const {
  size_t all = 0;
  for (const CanaryTarget& target : targets) all += target.count(outcome);
  return all;
}

nlohmann::json CanaryReport::json() const {
  nlohmann::json all = nlohmann::json::array();
  for (const CanaryTarget& target : targets) {
    nlohmann::json rows = nlohmann::json::array();
    for (const CanaryRow& row : target.rows) {
      rows.push_back({{"mask", row.mask},
                      {"what", row.what},
                      {"outcome", text_of(row.finding.outcome)},
                      {"why", row.finding.why}});
    }
    all.push_back({{"target", target.name}, {"rows", rows}});
  }
  return {{"ok", true},
          {"targets", all},
          {"masked", count(CanaryOutcome::masked)},
          {"leaked", count(CanaryOutcome::leaked)},
          {"unproven", count(CanaryOutcome::unproven)}};
}

Canary::Canary(CanaryOptions options, Hooks hooks, int wake_fd)
    : options_(std::move(options)), hooks_(std::move(hooks)), worker_(1, 1, wake_fd) {}

// The probe looks at this between statements.
Canary::~Canary() { stopping_ = true; }

void Canary::ask(Order order) {
  const bool known = order.target.empty() || snapshot_->target(order.target) != nullptr;
  std::string refusal;
  if (options_.key == nullptr) refusal = "this gateway has no canary";
  if (!known) refusal = "no target \"" + order.target + "\"; `sallyport targets` lists them";
  if (draining_) refusal = "the gateway is shutting down";
  if (waiting_.size() >= limits::canary_waiting_count_max) refusal = "too many runs are waiting; try again";
  if (refusal.empty()) return waiting_.push_back(std::move(order));
  if (order.answer) order.answer({{"ok", false}, {"error", refusal}});
}

// A policy that has just come into force is the one most in need of proof.
void Canary::on_snapshot(SnapshotPointer snapshot) {
  if (!snapshot_ || snapshot_->policy != snapshot->policy) next_ns_ = 0;
  snapshot_ = std::move(snapshot);
}

void Canary::tick(int64_t now_ns) {
  worker_.collect();
  if (draining_ || options_.key == nullptr) return;
  if (state_ == State::gathering && now_ns > gather_deadline_ns_)
    return finish(unproven(*snapshot_, order_.target, "a core of the gateway did not answer in time"));
  if (state_ != State::idle) return;
  const config::Canary& config = snapshot_->policy->config().canary;
  if (config.interval_ms != 0 && now_ns >= next_ns_ && waiting_.empty()) {
    next_ns_ = now_ns + int64_t{config.interval_ms} * ms;
    waiting_.push_back({.who = "interval", .target = "", .answer = {}});
  }
  if (waiting_.empty()) return;
  Order order = std::move(waiting_.front());
  waiting_.pop_front();
  begin(std::move(order), now_ns);
}

void Canary::begin(Order order, int64_t now_ns) {
  order_ = std::move(order);
  attempt_ = 0;
  gather(now_ns);
}

// A core that still serves with the policy before would seem to leak what only the new one masks.
void Canary::gather(int64_t now_ns) {
  state_ = State::gathering;
  probed_ = snapshot_;
  reached_count_ = 0;
  gather_deadline_ns_ = now_ns + gather_timeout_ns;
  hooks_.barrier(++barrier_);
}

void Canary::on_barrier(uint64_t number) {
  if (state_ != State::gathering || number != barrier_ || ++reached_count_ < options_.core_count) return;
  probe();
}

void Canary::probe() {
  state_ = State::probing;
  const auto work = [this, snapshot = probed_, only = order_.target]() -> Workers::Done {
    CanaryReport report = probe_targets(*snapshot, options_, only, stopping_);
    return [this, report = std::move(report)] { finish(report); };
  };
  if (!worker_.submit(work)) finish(unproven(*probed_, order_.target, "the canary's worker is busy"));
}

void Canary::finish(CanaryReport report) {
  // What was expected is no longer what the sessions had to do: what came out proves nothing either way.
  if (probed_->policy != snapshot_->policy && !draining_) {
    if (++attempt_ < attempt_count_max) return gather(steady_ns());
    report = unproven(*snapshot_, order_.target, "the policy changed while it was tried, three times");
  }
  state_ = State::idle;
  const size_t leaked = report.count(CanaryOutcome::leaked), open = report.count(CanaryOutcome::unproven);
  ++run_count_;
  leak_count_ += leaked;
  unproven_count_ += open;
  last_ns_ = wall_ns();
  last_ = leaked > 0                                             ? CanaryOutcome::leaked
          : open > 0 || report.count(CanaryOutcome::masked) == 0 ? CanaryOutcome::unproven
                                                                 : CanaryOutcome::masked;
  const Order order = std::exchange(order_, {});
  hooks_.over(report, order);
  if (order.answer) order.answer(report.json());
}

void Canary::drain() {
  draining_ = true;
  stopping_ = true;
  for (const Order& order : std::exchange(waiting_, {})) {
    if (order.answer) order.answer({{"ok", false}, {"error", "the gateway is shutting down"}});
  }
}

nlohmann::json Canary::status() const {
  return {{"runs", run_count_},
          {"leaks", leak_count_},
          {"unproven", unproven_count_},
          {"last_ns", last_ns_},
          {"last", last_ns_ == 0 ? "never" : text_of(last_)},
          {"running", state_ != State::idle}};
}

}  // namespace sallyport
