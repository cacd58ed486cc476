// The config's policy and plugins, for commands that judge without a gateway.
#pragma once

#include <memory>
#include <optional>

#include "cli/commands.h"
#include "core/control/world.h"

namespace sallyport::cli {

struct PolicySource {
  Plugins plugins;
  std::shared_ptr<const guard::Policy> policy;
};

// Or nothing, after printing every problem.
[[nodiscard]] std::optional<PolicySource> read_policy(const Context& context);

// Prints problems as `check` does: to stderr, or as JSON. Returns the exit code.
int report_problems(const Context& context, const Problems& problems);

}  // namespace sallyport::cli
