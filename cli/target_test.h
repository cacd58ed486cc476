// Proves one target: dialled, its certificate verified, logged in through the running gateway, a fake e-mail
// address masked. Stops at the first step that fails. Blocks for seconds at most.
#pragma once

#include <string>
#include <vector>

#include "cli/commands.h"

namespace sallyport::cli {

struct TargetFinding {
  const char* step;
  bool good;
  std::string text;
};

struct TargetReport {
  std::vector<TargetFinding> findings;
  std::vector<std::string> pg_hba;  // lines that let only the gateway in

  [[nodiscard]] bool good() const { return !findings.empty() && findings.back().good; }
};

// `as`: the local user to log in as; empty: dialling and TLS alone.
[[nodiscard]] TargetReport test_target(const Context& context, const std::string& name,
                                       const std::string& as);

}  // namespace sallyport::cli
