// What the canary plants at a target: for each mask of replies that applies to its groups, values that the
// mask must not let out, by each way that a values list can prove. Derived from the policy, so that what
// comes out as it was planted is a fault of the gateway and not of the config. Control plane only.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/guard/custom.h"
#include "core/guard/policy.h"

namespace sallyport::guard {

struct Plant {
  // content: in a column of no name that a mask knows, for a detector. name: in a column whose name `fields`
  // names. computed: among values of unknown origin in a statement that is not proven to read no masked
  // relation.
  enum class Way : uint8_t { content, name, computed };
  const config::Mask* mask = nullptr;
  Way way = Way::content;
  std::string what;    // for people: "email", "*.ssn", "computed"
  std::string column;  // the name of its column
  std::string text;
  std::string hidden;  // what of the text must not come out, not empty
};

// What of a mask a values list cannot prove.
struct Unprovable {
  const config::Mask* mask = nullptr;
  std::string what, why;
};

struct CanaryPlan {
  std::vector<Plant> plants;
  std::vector<Unprovable> unprovable;
};

// `target` has masks of replies; of those that do not apply to `groups` it says so.
[[nodiscard]] CanaryPlan plan_canary(const Policy& policy, const config::Target& target,
                                     std::span<const std::string> groups);

// Examples of [[detector]] that their own detector does not find: planted, they would seem to leak.
[[nodiscard]] std::vector<config::Problem> check_examples(const config::Config& config,
                                                          std::shared_ptr<const CustomDetectors> custom);

// Whether the target has any mask of replies, whoever asks.
[[nodiscard]] bool has_reply_masks(const Policy& policy, const config::Target& target);

}  // namespace sallyport::guard
