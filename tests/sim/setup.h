// What all seeds share: the policy, compiled from a config's text, the real plugin, the secrets. Immutable.
#pragma once

#include <string>
#include <string_view>

#include "core/control/snapshot.h"

namespace sallyport::sim {

inline constexpr std::string_view caller_password = "open sesame";
inline constexpr std::string_view target_password = "only the gateway knows";
inline constexpr std::string_view target_salt = "0123456789abcdef";
inline constexpr uint32_t scram_rounds = 4096;

struct TargetSetup {
  std::string_view name;
  std::string_view address;
  bool masked;   // for every caller but pia
  bool durable;  // forwarded only after its fsync
};
inline constexpr TargetSetup target_setups[] = {
    {"clear", "10.0.0.1:5432", false, false},
    {"sync", "10.0.0.2:5432", false, true},
    {"masked", "10.0.0.3:5432", true, false},
    {"gone", "10.0.0.4:5432", false, false},
};
inline constexpr size_t target_count = std::size(target_setups);

inline constexpr std::string_view listener_address = "127.0.0.1:6432";
// Where a client comes from.
[[nodiscard]] std::string source_of(uint32_t client);

// Made at the first call.
[[nodiscard]] SnapshotPointer shared_snapshot();

// SaltedPassword of RFC 5802; kept, since all seeds ask for the same few.
[[nodiscard]] std::string derived_key(std::string_view password, std::string_view salt, uint32_t rounds);

}  // namespace sallyport::sim
