// The demo's first story: a program with a secret of its own, masked, paused, approved, denied, recorded.
#pragma once

#include "cli/demo_cluster.h"
#include "cli/demo_shell.h"

namespace sallyport::cli {

class DemoSteps {
 public:
  DemoSteps(const Setup& setup, const DemoCluster& cluster)
      : setup_(setup), cluster_(cluster), shell_(setup) {}

  [[nodiscard]] std::vector<DemoStep> all();

 private:
  Result<std::string> masks();
  Result<std::string> pauses();
  Result<std::string> refuses_requester();
  Result<std::string> runs_approved();
  Result<std::string> denies();
  Result<std::string> verifies();
  Result<std::string> replays();

  [[nodiscard]] ProcessOptions psql(const std::vector<std::string>& statements,
                                    const std::string& output) const;
  Result<Finished> sallyport(std::vector<std::string> words, const char* user, bool show) const;
  [[nodiscard]] Result<bool> table_stands() const;
  [[nodiscard]] Result<std::string> replay_of(const char* count);

  const Setup& setup_;
  const DemoCluster& cluster_;
  DemoShell shell_;
  std::optional<Process> waiting_;  // the psql that was paused
  std::string approval_;
};

}  // namespace sallyport::cli
