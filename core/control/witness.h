// Witness: sends the log's head to somebody else at an interval, so that a log that is cut, rolled back or
// replaced shows. A thread of its own; each push has a deadline. What was pushed last is looked for in the
// log at the next start, before anything is written.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "config/config.h"
#include "core/control/messages.h"
#include "core/control/witness_way.h"
#include "ringlog/segment.h"

namespace sallyport {

// Before the log is opened. An error where it lacks what was witnessed, unless an operator has accepted that
// very loss (`sallyport log accept`): then an act for the record.
[[nodiscard]] Result<std::vector<RecordAdmin>> check_witnessed(const config::Config& config);

// What was witnessed and is not in the log, each with why.
struct LostHead {
  ringlog::Head head;
  std::string kept_in;  // file
  std::string why;
};
[[nodiscard]] Result<std::vector<LostHead>> find_lost_heads(const config::Config& config);
// For the next start.
[[nodiscard]] Result<void> accept_lost_heads(const config::Config& config, const std::vector<LostHead>& lost,
                                             const std::string& who, const std::string& reason);

class Witness {
 public:
  struct Options {
    const config::Config* config = nullptr;  // outlives it
    std::function<ringlog::Head()> head;     // any thread
    std::function<void(const std::string&)> say;
    std::function<void(ToCore)> record;  // any thread
  };
  explicit Witness(Options options);
  ~Witness();  // stops without a last push
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  // Nothing is asked of head() or told to record() from its return on; then push_last may come.
  void stop();
  // The head that the closed log ends with.
  void push_last(const ringlog::Head& head);
  [[nodiscard]] nlohmann::json status() const;  // any thread

 private:
  struct State {
    int64_t last_ns = 0;  // wall clock; 0: never
    uint64_t pushes = 0, failures = 0;
    std::string error;  // of the last push; empty: it was taken
  };

  void run();
  void push(const ringlog::Head& head);
  void note(size_t way, const Result<void>& pushed);

  const Options options_;
  const config::Witness& config_;
  std::vector<WitnessWay> ways_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::vector<State> states_;  // of ways_
  ringlog::Head last_;         // taken by at least one way
  std::thread thread_;
};

}  // namespace sallyport
