// Retention: erases payloads that have grown older than [log] payload_retention while the gateway runs. A
// thread of its own. Segments are replaced whole (ringlog/erase.h), so that a crash leaves each as it was or
// as it should be, and the log verifies throughout.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "core/control/messages.h"
#include "ringlog/erase.h"

namespace sallyport {

class Retention {
 public:
  struct Options {
    std::string directory;  // the log's
    std::string state_dir;  // remembers what has no payloads left
    uint64_t age_ms = 0;
    std::function<void()> roll;  // begin a new segment, so that this one can be erased; any thread
    std::function<void(const std::string&)> say;
    std::function<void(ToCore)> record;  // any thread
  };
  explicit Retention(Options options);
  ~Retention();
  Retention(const Retention&) = delete;
  Retention& operator=(const Retention&) = delete;

  [[nodiscard]] nlohmann::json status() const;  // any thread

 private:
  void run();
  Result<ringlog::EraseReport> erase(uint64_t before_ns);
  void note(const Result<ringlog::EraseReport>& report, uint64_t before_ns);

  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  // For status().
  uint64_t runs_ = 0, records_ = 0, bytes_ = 0, kept_ = 0, before_ns_ = 0;
  int64_t last_ns_ = 0;
  std::string error_;
  std::thread thread_;
};

}  // namespace sallyport
