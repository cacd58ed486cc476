#include "core/control/snapshot.h"

#include <algorithm>

namespace sallyport {

const TargetState* Snapshot::target(std::string_view name) const {
  const auto found =
      std::ranges::find_if(targets, [name](const TargetState& t) { return t.target->name == name; });
  return found == targets.end() ? nullptr : &*found;
}

const config::User* Snapshot::user(std::string_view name) const {
  if (name == config::canary_name) return canary.secret.empty() ? nullptr : &canary;
  return policy->user(name);
}

}  // namespace sallyport
