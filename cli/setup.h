// A new installation's files: the configuration, its secrets, its certificates. What `init` writes, and
// `demo` too.
//
//   DIR/sallyport.toml   DIR/tls/{ca,server}.{crt,key}   DIR/secrets/{TARGET,agent.txt,approver.txt}
//   DIR/state/
#pragma once

#include <filesystem>
#include <string>

#include "config/config.h"

namespace sallyport::cli {

struct SetupOptions {
  std::filesystem::path directory;  // made where it is missing
  std::string target_address;       // HOST:PORT
  std::string target_name;          // empty: the database's, where it is a name
  std::string target_database;
  std::string target_user;
  std::string target_password;
  std::string target_tls;  // "off", "require", "verify-ca", "verify-full"; empty: off on loopback
  std::string listen = "127.0.0.1:6432";       // numeric HOST:PORT
  std::filesystem::path certificate, key, ca;  // of the operator's own; empty: a private CA is made
  std::filesystem::path plugin_dir;            // empty: find_plugin_dir looks
};

struct Setup {
  std::filesystem::path directory, config_file, ca_file;
  std::string ca_fingerprint;
  std::string target, database;
  config::Address listen;
  config::Address target_address;

  [[nodiscard]] std::filesystem::path secret_file(const std::string& user) const;
  // A connection string for stock clients, TLS verified, with no secret in it.
  [[nodiscard]] std::string url(const std::string& user) const;
};

inline constexpr const char* setup_agent = "agent";
inline constexpr const char* setup_approver = "approver";

// Writes everything, or nothing where one of the files is there already.
[[nodiscard]] Result<Setup> make_setup(const SetupOptions& options);
// Of a folder that make_setup() once wrote.
[[nodiscard]] Result<Setup> read_setup(const std::filesystem::path& directory);

// 192 random bits in base64url.
[[nodiscard]] std::string random_secret();
// The folder of the plugins that belong to this executable: its build tree's or its installation's.
// `given` if it is not empty, else where a build or an installation leaves them.
[[nodiscard]] Result<std::filesystem::path> find_plugin_dir(const std::filesystem::path& given);

}  // namespace sallyport::cli
