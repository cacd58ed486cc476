// With whose key a login opens its target: one that stands somewhere (static), a role that is made for the
// caller (postgresql-role), or what a Vault or OpenBao gives out (vault).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "config/place.h"

namespace sallyport::config {

enum class CredentialKind : uint8_t { fixed, postgresql_role, vault };  // `fixed` is written "static"
enum class VaultEngine : uint8_t { key_value, database };

// The name and secret of `fixed`, and of the control connection of `postgresql_role`, stand in Login.
struct Credential {
  CredentialKind kind = CredentialKind::fixed;
  uint32_t age_max_days = 0;  // of the secret, before people are warned; 0: any
  uint32_t lease_ms = 0;      // how long a key lives after its last renewal
  uint32_t lease_max_ms = 0;  // and after its birth, whatever happens
  // postgresql_role
  std::string database;                // of the control connection
  std::string owner;                   // whom the role acts as from the start; empty: as itself
  std::vector<std::string> member_of;  // roles
  std::vector<std::string> grants;     // one GRANT each, with {role} where the role's name goes
  // vault
  std::string vault;              // of Config::vaults
  std::string path;               // "MOUNT/data/NAME" or "MOUNT/creds/ROLE"
  std::string field, user_field;  // of the answer's data
  VaultEngine engine = VaultEngine::key_value;
  // Made of the above, the control connection's user, and where the target is: two with the same one give
  // keys that stand for each other.
  std::string meaning;
};

struct Vault {
  std::string name;
  std::string url;           // https://…, without a / at its end
  std::filesystem::path ca;  // PEM; empty: the system's
  Secret token;              // or AppRole:
  std::string role_id;
  Secret secret_id;
  std::string mount = "approle";  // where AppRole is
  std::string name_space;         // of Vault Enterprise and OpenBao; empty: none
  Place place;
};

}  // namespace sallyport::config
