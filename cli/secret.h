// A local user's secret, for who acts as that user.
#pragma once

#include <string>

#include "config/error.h"

namespace sallyport::cli {

// The secret of local user `as`: from SALLYPORT_SECRET, or asked for. Error: there is none, and how to give
// it.
[[nodiscard]] Result<std::string> secret_of(const std::string& as);

}  // namespace sallyport::cli
