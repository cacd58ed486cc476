// LogDesk: reads the log for the admin API, and proves it whole in the background. Nothing of that happens on
// the control thread: few readers at once, a short queue, a deadline each. Control thread.
#pragma once

#include <atomic>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "core/control/workers.h"
#include "ringlog/files.h"

namespace sallyport {

struct LogDeskOptions {
  std::string directory;                                   // the log's
  std::string public_key;                                  // file
  std::string witness;                                     // file; empty: none
  int wake_fd = -1;                                        // eventfd of the control thread
  std::function<void(const nlohmann::json&)> on_verified;  // what each proof found; control thread
};

class LogDesk {
 public:
  using Reply = std::function<void(const nlohmann::json&)>;
  using Read = std::function<nlohmann::json(ringlog::Files& files, const std::string& directory)>;

  explicit LogDesk(LogDeskOptions options);
  ~LogDesk();  // reads under way are cut off
  LogDesk(const LogDesk&) = delete;
  LogDesk& operator=(const LogDesk&) = delete;

  // `read` runs on a worker. Refuses at once where too many wait.
  void ask(Read read, Reply reply);
  // False where one is under way.
  bool verify();
  // What the last one found; {} before the first.
  [[nodiscard]] nlohmann::json verification() const;
  // Runs what has come back, and begins what is due.
  void run(int64_t now_ns);

 private:
  const LogDeskOptions options_;
  std::atomic<bool> stopping_{false};
  nlohmann::json found_ = nlohmann::json::object();
  int64_t due_ns_ = 0;
  bool is_verifying_ = false;
  Workers readers_, verifier_;
};

}  // namespace sallyport
