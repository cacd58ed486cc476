// With what the command line goes to a gateway elsewhere: the ticket of the environment before the kept one,
// the gateway that was named before the last login's.
#pragma once

#include <string>

#include "cli/ticket.h"

namespace sallyport::cli {

struct Bearer {
  Gateway gateway;
  std::string ticket;
};
// `named` (a URL) and `ca` as the options have them; empty: not given.
[[nodiscard]] Result<Bearer> find_bearer(const std::string& named, const std::string& ca);

}  // namespace sallyport::cli
