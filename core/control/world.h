// World: what the gateway serves with, built from the config file: plugins, policy, secrets, certificates,
// addresses. Building may block (files, name look-ups); it is done at start and at reload, never by a core.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <vector>

#include "core/control/snapshot.h"

namespace sallyport {

// Plugins by protocol; loaded once, never unloaded.
using Plugins = std::map<std::string, Plugin>;

// Everything that is wrong, at once.
using Problems = std::vector<config::Problem>;

// Loads what `server.plugins` names and is not loaded yet.
[[nodiscard]] Problems load_plugins(const config::Config& config, Plugins& plugins);

// The config and its policy; for `check`, `explain` and as the first half of a Snapshot.
[[nodiscard]] std::expected<std::shared_ptr<const guard::Policy>, Problems> load_policy(
    const std::filesystem::path& file, Plugins& plugins);

// Reads secrets and certificates and resolves names. Unreadable certificates of listeners are problems; a
// target that cannot be resolved or whose secret cannot be read is one only when `strict`, else it says so to
// callers.
[[nodiscard]] std::expected<SnapshotPointer, Problems> build_snapshot(
    std::shared_ptr<const guard::Policy> policy, const Plugins& plugins, bool strict);

// getaddrinfo; blocks. Numeric addresses need no look-up.
[[nodiscard]] Result<std::vector<Address>> resolve(const config::Address& address);

}  // namespace sallyport
