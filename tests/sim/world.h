// One seed: the real core, plugin, policy, guard and log; the network, the clock, the far ends and the
// control plane are simulated. First faults, then calm, then the end; what must hold is checked on the way
// and after.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/core.h"
#include "ringlog/memory_files.h"
#include "ringlog/writer.h"
#include "tests/sim/client.h"
#include "tests/sim/control.h"
#include "tests/sim/target.h"

namespace sallyport::sim {

// What one seed did, to see that the seeds together do what they are for.
struct Tally {
  uint64_t seeds = 0, sessions = 0, served = 0, requests = 0, executed = 0, compared = 0, approved = 0,
           denied = 0, revoked = 0;
  uint64_t held = 0, faults = 0, log_failures = 0, flooded = 0, masked = 0, copied_in = 0, copies_failed = 0,
           left_in_copy = 0, kinds[kind_count] = {};
  int64_t longest_calm_ms = 0, longest_drain_ms = 0;
  size_t most_inside = 0, most_chunks = 0;
  void add(const Tally& other);
  [[nodiscard]] std::string text() const;
};

class World {
 public:
  explicit World(uint64_t seed);
  ~World();

  // The failures; empty: the seed is well.
  std::vector<std::string> run();
  [[nodiscard]] const Tally& tally() const { return tally_; }
  // Clients and their targets' connections as they stand, for a person.
  [[nodiscard]] std::string picture() const;
  // The same for the same seed.
  [[nodiscard]] uint64_t trace() const;

 private:
  void make_core();
  void make_log();
  void make_clients();
  void make_mishaps();

  void step(int64_t until_ns);
  bool run_until(const std::function<bool()>& done, int64_t longest_ns);
  void check_bounds();
  [[nodiscard]] bool clients_rest() const;

  // world_end.cc
  void end_sessions();
  void end_log();
  void check_leaks();
  void check_log();
  void check_clients();
  void check_counts();
  void count();

  uint64_t seed_;
  SimRandom plan_;  // of the world's shape; the network has its own
  SimNetwork network_;
  ringlog::MemoryFiles files_;
  std::optional<ringlog::ByteRing> ring_;
  Journal journal_, from_log_;
  std::optional<Scene> scene_;
  std::unique_ptr<ControlInbox> to_control_;
  std::unique_ptr<CoreInbox> to_core_;
  std::unique_ptr<Core> core_;
  std::unique_ptr<ringlog::Writer> writer_;
  std::optional<Control> control_;
  std::vector<std::unique_ptr<Target>> targets_;
  std::vector<std::unique_ptr<Client>> clients_;
  bool log_breaks_ = false;
  bool log_broke_ = false;
  bool quiet_ = true;  // the core serves
  int64_t log_step_ns_ = 0;
  int64_t next_log_ns_ = 0;
  Tally tally_;
};

}  // namespace sallyport::sim
