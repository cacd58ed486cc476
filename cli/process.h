// Programs that a command runs. They end with it: the kernel terminates them when this process dies, however.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "config/error.h"

namespace sallyport::cli {

struct ProcessOptions {
  std::vector<std::string> argv;         // argv[0] is looked for in PATH
  std::vector<std::string> environment;  // NAME=VALUE, added to this process's
  std::string output;                    // file that takes stdout and stderr; made anew
  std::optional<uid_t> uid;              // with gid: drop to this user first
  std::optional<gid_t> gid;
  int death_signal = 15;  // when this process dies
};

class Process {
 public:
  static Result<Process> start(const ProcessOptions& options);
  Process(Process&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), output_(std::move(other.output_)) {}
  Process& operator=(Process&& other) noexcept;
  // Kills it where it still runs.
  ~Process();

  // The exit code once it has ended; 128 + signal where one ended it.
  [[nodiscard]] std::optional<int> ended();
  // Waits at most so long; nothing where it still runs then.
  [[nodiscard]] std::optional<int> wait(int timeout_ms);
  // Asks it to end with `signal`, waits, and kills it after the time.
  void stop(int signal, int timeout_ms);
  // What it has written until now.
  [[nodiscard]] std::string output() const;

 private:
  Process(pid_t pid, std::string output) : pid_(pid), output_(std::move(output)) {}
  pid_t pid_;
  std::optional<int> exit_;
  std::string output_;
};

struct Finished {
  int exit = 0;
  std::string output;  // stdout and stderr, in the order of writing
};

// Runs it to its end, at most `timeout_ms`.
[[nodiscard]] Result<Finished> run(ProcessOptions options, int timeout_ms);

// A TCP port on 127.0.0.1 that nobody listens at now.
[[nodiscard]] Result<uint16_t> free_port();

}  // namespace sallyport::cli
