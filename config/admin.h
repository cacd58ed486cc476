// The doors by which the gateway itself is spoken to: who may do what there, and where they are. Plain data.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/place.h"

namespace sallyport::config {

// What a group of callers may do at the admin doors. Ordered as in Admin::roles.
enum class Role : uint8_t { viewer, approver, auditor, admin };
inline constexpr size_t role_count = 4;

// Where a listener's certificate and key are found; PEM.
struct CertificateFiles {
  std::filesystem::path certificate, key;
};

struct Admin {
  std::filesystem::path socket;  // default STATE_DIR/admin.sock
  Address address;               // of the HTTP API; unset: none
  std::optional<CertificateFiles> tls;
  std::vector<std::string> names;  // that callers may call it by (Host), beside its address
  std::string url;                 // what links begin with: "https://gateway.example.com:8420"
  std::array<std::vector<std::string>, role_count> roles;  // groups
  uint32_t ticket_life_ms = 0;                             // of a ticket, at most
  Place place;
};

}  // namespace sallyport::config
