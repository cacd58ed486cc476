// Loads a plugin's shared object and holds it to the contract (plugins/plugin.h) before any of it is called.
// A plugin is trusted code, so what may be loaded is strict: an absolute path, a regular file and its
// directory owned by root or by the user that runs this process and writable by nobody else, the digest that
// the config pins. What was checked is what is loaded: the file is opened once, its bytes are hashed, and the
// same open file is given to the dynamic linker. A plugin is never unloaded.
//
// Control thread, before serving or at a reload; may block. Errors say what is wrong and what to do.
#pragma once

#include <stddef.h>

#include <filesystem>
#include <string>

#include "config/error.h"
#include "plugins/plugin.h"

namespace sallyport {

struct LoadOptions {
  std::string digest;  // SHA-256 as 64 hexadecimal digits, as `sallyport plugin list` prints; empty: no pin
  bool check_ownership = true;  // false for `plugin check` of a file that is being written
};

struct Plugin {
  const sp_plugin* abi = nullptr;  // valid for the process's life
  std::filesystem::path path;
  std::string digest;  // of the bytes that were loaded: 64 lower-case hexadecimal digits

  [[nodiscard]] std::string_view name() const { return {abi->manifest->name.data, abi->manifest->name.size}; }
};

// Of what a plugin lends to be filled: up to and including the last member of ABI 1.0's first release. One
// that was built by then knows of no more.
inline constexpr size_t identity_size_min =
    offsetof(sp_identity, target_tls) + sizeof(sp_identity::target_tls);

inline constexpr size_t ask_size_min = offsetof(sp_ask, flags) + sizeof(sp_ask::flags);

[[nodiscard]] Result<Plugin> load_plugin(const std::filesystem::path& path, const LoadOptions& options = {});

// The checks of the exported table alone: magic, versions, sizes, functions, manifest.
[[nodiscard]] Result<void> check_plugin_table(const sp_plugin& plugin);

}  // namespace sallyport
