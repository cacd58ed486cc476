// Where heads of the log are sent, so that somebody else can tell when the log was cut, rolled back or
// replaced.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "config/place.h"

namespace sallyport::config {

enum class SyslogWay : uint8_t { none, local, udp, tcp };

struct Witness {
  std::filesystem::path file;  // heads are appended; empty: to no file
  std::string url;             // heads are posted; empty: nowhere
  Secret token;                // sent to the url as a bearer token, where there is one
  std::filesystem::path ca;    // PEM, of the url; empty: the system's
  SyslogWay syslog = SyslogWay::none;
  std::string syslog_path;  // local: the socket
  Address syslog_address;   // udp, tcp
  uint32_t interval_ms = 0;
  Place place;

  [[nodiscard]] bool is_wanted() const { return !file.empty() || !url.empty() || syslog != SyslogWay::none; }
};

}  // namespace sallyport::config
