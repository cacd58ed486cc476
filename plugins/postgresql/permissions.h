// What a login may do that no other may: `permit` of a login in the config, told by `prove`. Names and
// meaning stand in the manifest.
#pragma once

#include <string_view>

#include "plugins/postgresql/login/link.h"

namespace sallyport::pg {

inline constexpr std::string_view permission_function_call = "function-call",
                                  permission_replication = "replication";

struct Permissions {
  bool function_call = false;  // FunctionCall, and large objects
  bool replication = false;    // the startup parameter of that name

  [[nodiscard]] static Permissions of(const sp_identity& identity) {
    Permissions out;
    for (size_t i = 0; i < identity.permission_count; ++i) {
      const std::string_view name = view_of(identity.permissions[i]);
      out.function_call = out.function_call || name == permission_function_call;
      out.replication = out.replication || name == permission_replication;
    }
    return out;
  }
};

}  // namespace sallyport::pg
