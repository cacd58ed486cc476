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

// The config and its policy, for commands that judge without a gateway.
[[nodiscard]] std::expected<std::shared_ptr<const guard::Policy>, Problems> load_policy(
    const std::filesystem::path& file, Plugins& plugins);

// check: nothing is written, and what cannot be reached is a problem. start: the state's folder is made, and
// a target that cannot be resolved or whose secret cannot be read is none yet: it says so to callers. reload:
// as check, for serving. refresh: a reload of names alone, as forgiving as a start.
enum class Purpose : uint8_t { check, start, reload, refresh };

// Makes the folder for its owner alone, with its parents.
[[nodiscard]] Result<void> make_folder(const std::filesystem::path& path);

// From the file to what the gateway serves with. The problems of all steps at once. Without `canary_verifier`
// nobody can log in as the canary.
[[nodiscard]] std::expected<SnapshotPointer, Problems> load_snapshot(const std::filesystem::path& file,
                                                                     Plugins& plugins, Purpose purpose,
                                                                     const std::string& canary_verifier = "");

// Reads secrets and certificates and resolves names. Unreadable certificates of listeners are problems
// always.
[[nodiscard]] std::expected<SnapshotPointer, Problems> build_snapshot(
    std::shared_ptr<const guard::Policy> policy, const Plugins& plugins, Purpose purpose,
    const std::string& canary_verifier = "");

// getaddrinfo; blocks. Numeric addresses need no look-up.
[[nodiscard]] Result<std::vector<Address>> resolve(const config::Address& address);

}  // namespace sallyport
