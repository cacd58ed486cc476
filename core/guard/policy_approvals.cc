// What an approval needs to know of a policy: every rule that wants one, and what the answer will be masked
// by.
#include <algorithm>

#include "core/guard/policy_tables.h"

namespace sallyport::guard {

std::vector<const config::Rule*> Policy::approval_rules(const config::Target& target,
                                                        std::span<const std::string> groups,
                                                        std::span<const sp_command> commands) const {
  std::vector<const config::Rule*> found;
  const TargetTable* table = tables_->find(target);
  if (table == nullptr) return found;
  const GroupSet who = tables_->group_set(groups);
  for (const sp_command& command : commands) {
    const Verdict verdict = table->judge(who, command);
    if (verdict.action != config::Action::approve || verdict.rule == nullptr) continue;
    if (std::ranges::find(found, verdict.rule) == found.end()) found.push_back(verdict.rule);
  }
  return found;
}

std::vector<std::string> Policy::mask_names(const config::Target& target,
                                            std::span<const std::string> groups) const {
  std::vector<std::string> names;
  const TargetTable* table = tables_->find(target);
  if (table == nullptr) return names;
  const MaskBits bits = table->masks_of(tables_->group_set(groups));
  for (size_t i = 0; i < table->masks.size(); ++i) {
    if ((bits >> i & 1) != 0) names.push_back(table->masks[i].mask->name);
  }
  return names;
}

}  // namespace sallyport::guard
