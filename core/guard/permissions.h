// What a plugin says that logins may be permitted.
#pragma once

#include <span>

#include "plugins/plugin.h"

namespace sallyport::guard {

// None of a plugin that was built before there were any.
[[nodiscard]] inline std::span<const sp_permission> permissions_of(const sp_manifest& manifest) {
  if (manifest.size < sizeof(sp_manifest) || manifest.permissions == nullptr) return {};
  return {manifest.permissions, manifest.permission_count};
}

}  // namespace sallyport::guard
