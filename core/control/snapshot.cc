#include "core/control/snapshot.h"

#include <algorithm>

namespace sallyport {

const TargetState* Snapshot::target(std::string_view name) const {
  const auto found =
      std::ranges::find_if(targets, [name](const TargetState& t) { return t.target->name == name; });
  return found == targets.end() ? nullptr : &*found;
}

}  // namespace sallyport
