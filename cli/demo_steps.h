// The demo's proofs, one function each. A proof runs what a person would run (psql, this binary), prints it
// and its output, and says what it has proven, or fails with what it saw instead. Nothing here can be
// switched off.
#pragma once

#include <span>

#include "cli/demo_cluster.h"
#include "cli/setup.h"

namespace sallyport::cli {

class DemoSteps {
 public:
  // Scratch files go to setup.directory.
  DemoSteps(const Setup& setup, const DemoCluster& cluster) : setup_(setup), cluster_(cluster) {}

  Result<std::string> masks();
  Result<std::string> pauses();
  Result<std::string> refuses_requester();
  Result<std::string> runs_approved();
  Result<std::string> denies();
  Result<std::string> verifies();
  Result<std::string> replays();

 private:
  [[nodiscard]] ProcessOptions psql(const std::vector<std::string>& statements,
                                    const std::string& output) const;
  Result<Finished> sallyport(const std::vector<std::string>& words, const char* user, bool show);
  [[nodiscard]] Result<bool> table_stands() const;
  [[nodiscard]] Result<std::string> replay_of(const char* count);
  [[nodiscard]] std::string scratch(const char* name) const { return (setup_.directory / name).string(); }

  const Setup& setup_;
  const DemoCluster& cluster_;
  std::optional<Process> waiting_;  // the psql that was paused
  std::string approval_;
};

struct DemoStep {
  const char* title;
  Result<std::string> (DemoSteps::*prove)();
};
[[nodiscard]] std::span<const DemoStep> demo_steps();

}  // namespace sallyport::cli
