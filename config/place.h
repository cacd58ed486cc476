// Where things stand in a config, and where what it names is found. Plain data; any thread.
#pragma once

#include <cstdint>
#include <string>

namespace sallyport::config {

// Where something was written, for messages.
struct Place {
  std::string file;
  uint32_t line = 0;
  [[nodiscard]] std::string text() const { return file + ":" + std::to_string(line); }
};

struct Problem {
  Place place;
  std::string text;  // what is wrong and what to write instead
};

// Where a secret is found: file:PATH (relative to the config file's folder), env:NAME, systemd-cred:NAME.
struct Secret {
  enum class Source : uint8_t { none, file, environment, systemd_credential };
  Source source = Source::none;
  std::string name;  // absolute path for `file`
  Place place;
};

struct Address {
  std::string host;  // name or numeric; empty only for an unset address
  uint16_t port = 0;
  [[nodiscard]] std::string text() const {
    return (host.find(':') == host.npos ? host : "[" + host + "]") + ":" + std::to_string(port);
  }
};

}  // namespace sallyport::config
