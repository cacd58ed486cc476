// The text of a new installation's configuration.
#pragma once

#include <string>

#include "cli/setup.h"

namespace sallyport::cli {

struct SetupSecrets {
  std::string agent, approver;  // SCRAM verifiers
};

// All values have been checked to need no escaping.
[[nodiscard]] std::string setup_config(const SetupOptions& options, const SetupSecrets& secrets,
                                       const std::string& plugin_dir);

}  // namespace sallyport::cli
