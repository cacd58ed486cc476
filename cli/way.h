// The way to a gateway: the admin socket of this config, or the API of one elsewhere with a ticket. The same
// acts go both ways. Blocks.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cli/commands.h"

namespace sallyport::cli {

struct Way {
  std::string gateway, ca;  // --gateway, --ca
  std::string as;           // --as: a local user, over the admin socket
};
// The options above. `as`: what --as means for this command.
void add_way(CLI::App* command, Way& way, const std::string& as);

// An act of the admin socket and the same of the API.
struct Asked {
  nlohmann::json act;
  const char* method;
  std::string path, body;
};

// Prints what went wrong and gives nothing on failure, with the exit code in `exit`.
[[nodiscard]] std::optional<nlohmann::json> ask(const Context& context, const Way& way, const Asked& asked,
                                                int& exit);

}  // namespace sallyport::cli
