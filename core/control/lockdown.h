// Targets that leaked stay closed until somebody says otherwise, also over a restart: they stand in
// STATE_DIR/lockdowns, one line each, "NAME SINCE".
#pragma once

#include <filesystem>

#include "config/error.h"
#include "core/control/messages.h"

namespace sallyport {

// None where there is no such file. A file that cannot be read is an error: it may name a target that must
// stay closed.
[[nodiscard]] Result<Lockdowns> read_lockdowns(const std::filesystem::path& state_dir);
// Whole or not at all; durable when it returns. Blocks for an fsync.
[[nodiscard]] Result<void> write_lockdowns(const std::filesystem::path& state_dir,
                                           const Lockdowns& lockdowns);

}  // namespace sallyport
