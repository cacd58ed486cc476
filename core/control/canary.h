// Canary: proves that masking is live. It logs in through the gateway's own listeners as a caller whose
// secret only this process knows, plants fake values at every masked target by a values list, and looks at
// what comes back. A value that comes back as it was planted is a leak. One run at a time; a worker of its
// own speaks to the targets.
//
//   idle -> gathering (every core has taken what was sent before) -> probing -> idle
//
// Control thread, but for `probe_targets`.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/control/snapshot.h"
#include "core/control/workers.h"
#include "core/guard/canary.h"

namespace sallyport {

// What a protocol's probe is given: where to log in, as whom, what to plant.
struct CanaryAim {
  std::string protocol, host, user, database;
  uint16_t port = 0;
  bool tls = false;         // the listener speaks it
  std::string_view secret;  // outlives the call
  std::vector<guard::Plant> plants;
  // Why policy would not let this text run at once; empty where it would. So nobody is asked to approve it.
  std::function<std::string(std::string_view)> refusal;
  const std::atomic<bool>* stopping = nullptr;
};

enum class CanaryOutcome : uint8_t { masked, leaked, unproven };

struct CanaryFinding {
  CanaryOutcome outcome = CanaryOutcome::unproven;
  std::string why;  // where it was looked for, where it came out, or what kept it from being planted
};

// One finding for each plant, in their order. Blocks for a bounded time. Any thread.
using CanaryProbe = std::function<std::vector<CanaryFinding>(const CanaryAim&)>;

struct CanaryRow {
  std::string mask, what;
  CanaryFinding finding;
};

struct CanaryTarget {
  std::string name;
  std::vector<CanaryRow> rows;
  [[nodiscard]] size_t count(CanaryOutcome outcome) const;
};

struct CanaryReport {
  std::vector<CanaryTarget> targets;  // those with masks, in the config's order
  [[nodiscard]] size_t count(CanaryOutcome outcome) const;
  [[nodiscard]] nlohmann::json json() const;
};

// The caller's secret, made at start and kept nowhere else.
struct CanaryKey {
  SecretBytes secret;
  std::string verifier;  // as a user's `secret` in the config
  [[nodiscard]] static Result<CanaryKey> make();
};

struct CanaryOptions {
  const CanaryKey* key = nullptr;
  CanaryProbe probe;                   // empty: none of the protocols has one
  std::vector<std::string> addresses;  // of the listeners, in the config's order
  size_t core_count = 0;
};

class Canary {
 public:
  struct Order {
    std::string who;
    std::string target;                                 // empty: all
    std::function<void(const nlohmann::json&)> answer;  // empty: nobody waits
  };
  struct Hooks {
    std::function<void(uint64_t)> barrier;  // sends Barrier of this number to every core
    std::function<void(const CanaryReport&, const Order&)> over;
  };

  Canary(CanaryOptions options, Hooks hooks, int wake_fd);
  ~Canary();
  Canary(const Canary&) = delete;
  Canary& operator=(const Canary&) = delete;

  void ask(Order order);
  void on_snapshot(SnapshotPointer snapshot);
  void on_barrier(uint64_t number);
  // Begins what is due. Each turn of the control thread; steady clock.
  void tick(int64_t now_ns);
  void drain();
  [[nodiscard]] nlohmann::json status() const;

 private:
  enum class State : uint8_t { idle, gathering, probing };

  void begin(Order order, int64_t now_ns);
  void gather(int64_t now_ns);
  void probe();
  void finish(CanaryReport report);

  CanaryOptions options_;
  Hooks hooks_;
  std::atomic<bool> stopping_ = false;
  SnapshotPointer snapshot_;  // in force
  SnapshotPointer probed_;    // of the run
  State state_ = State::idle;
  Order order_;
  std::deque<Order> waiting_;
  uint64_t barrier_ = 0;
  size_t reached_count_ = 0;
  uint32_t attempt_ = 0;
  int64_t gather_deadline_ns_ = 0;
  int64_t next_ns_ = 0;  // of the interval
  bool draining_ = false;

  uint64_t run_count_ = 0, leak_count_ = 0, unproven_count_ = 0;
  int64_t last_ns_ = 0;  // wall clock; 0: never
  CanaryOutcome last_ = CanaryOutcome::unproven;

  Workers worker_;  // last: its thread ends first
};

// The run itself, on the worker.
[[nodiscard]] CanaryReport probe_targets(const Snapshot& snapshot, const CanaryOptions& options,
                                         const std::string& only, const std::atomic<bool>& stopping);
// Where nothing was planted: every plant of every masked target, with the same reason.
[[nodiscard]] CanaryReport unproven(const Snapshot& snapshot, const std::string& only,
                                    const std::string& why);

}  // namespace sallyport
