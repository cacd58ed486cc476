// Speaking to the running gateway over its admin socket, and reading the config that says where it is.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/commands.h"
#include "config/config.h"

namespace sallyport::cli {

// The config, or its problems printed and nothing.
[[nodiscard]] std::optional<config::Config> read_config(const Context& context);

// Sends `request`; prints what went wrong and gives nothing on failure, with the exit code in `exit`.
// `as`: the local user to act as; the secret is read from SALLYPORT_SECRET or asked for.
[[nodiscard]] std::optional<nlohmann::json> ask_gateway(const Context& context, nlohmann::json request,
                                                        const std::string& as, int& exit);

// A secret typed without echo; from standard input where that is no terminal.
[[nodiscard]] std::string read_secret_line(const std::string& prompt);

// Prints an error: plainly, or as {"ok": false, "error": …} with --json.
void print_error(const Context& context, const std::string& text);

}  // namespace sallyport::cli
