#include "core/identity/grant.h"

namespace sallyport::identity {

void HeldGrants::add(GrantPointer grant) {
  const std::string& identity = grant->identity;
  by_identity_.emplace(identity, std::move(grant));
}

void HeldGrants::remove(std::string_view id) {
  std::erase_if(by_identity_, [id](const auto& entry) { return entry.second->id == id; });
}

GrantPointer HeldGrants::find(std::string_view identity, std::string_view actor, std::string_view target,
                              int64_t wall_ns) const {
  GrantPointer best;
  const auto [first, last] = by_identity_.equal_range(identity);
  for (auto one = first; one != last; ++one) {
    const GrantPointer& grant = one->second;
    const bool is_good = grant->target == target && grant->actor == actor && grant->expires_ns > wall_ns;
    if (is_good && (!best || best->expires_ns < grant->expires_ns)) best = grant;
  }
  return best;
}

}  // namespace sallyport::identity
