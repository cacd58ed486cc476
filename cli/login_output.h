// Where a new ticket goes: the state folder always, libpq's own files, standard output. Control of what a
// terminal may show is here.
#pragma once

#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/ready_lines.h"

namespace sallyport::cli {

struct OutputWish {
  bool pgpass = false, service = false, env = false, json = false, show = false;
  std::string service_prefix, env_target;
};

struct Ticketed {
  Gateway gateway;
  Granted ticket;
  std::vector<ReadyLine> lines;
};

// Writes the state folder's files and those that were wished for: all or an error that says which.
// `written`: their paths.
[[nodiscard]] Result<void> write_login(const Ticketed& login, const OutputWish& wish,
                                       std::vector<std::string>& written);
// An error before anything is asked of anybody where the wish would put a secret on a terminal.
[[nodiscard]] Result<void> check_output(const OutputWish& wish);
// To standard output, in the form that was wished for.
[[nodiscard]] Result<void> print_login(const Ticketed& login, const OutputWish& wish,
                                       const std::vector<std::string>& written);

}  // namespace sallyport::cli
