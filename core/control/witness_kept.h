// What the gateway itself remembers of its witness, in the state folder.
#pragma once

#include "config/config.h"
#include "ringlog/segment.h"

namespace sallyport {

// The last head that a witness took. Replaces the one before, durable; a loss that was accepted is forgotten.
[[nodiscard]] Result<void> keep_witnessed(const config::Config& config, const ringlog::Head& head);

}  // namespace sallyport
