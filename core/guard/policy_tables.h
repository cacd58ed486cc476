// What a Policy is compiled to. Private to core/guard/policy*.cc, explain.cc and canary.cc.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/guard/custom.h"
#include "core/guard/policy.h"
#include "core/guard/policy_match.h"

namespace sallyport::guard {

inline constexpr size_t mask_action_count = static_cast<size_t>(MaskAction::Redact) + 1;

using MaskBits = uint64_t;  // which of a target's masks
static_assert(limits::target_mask_count_max == 64);

struct MaskTable {
  const config::Mask* mask = nullptr;
  GroupSet except;
  DetectorSet detectors;
  MaskAction action = MaskAction::Redact;
  TokenKeyIndex key = 0;

  // Whether one of `fields` means this field: by its origin (from any dot on, so that "customers.email" means
  // any schema), or by its label where the pattern names a column of any table. Letter case does not count.
  [[nodiscard]] bool names(const sp_field& field) const;
};

// The plans of all identities whose masks are `masks`: one for each action on the whole value. Nodes of a
// list that only grows: a new one is published with release at its head, readers take the head with acquire.
struct PlanSet {
  MaskBits masks = 0;
  std::vector<MaskPlan> by_whole;  // by MaskAction; then Token with each key
  PlanSet* next = nullptr;
};

// What is wrong with what the logins of a target are permitted (policy_permissions.cc).
[[nodiscard]] std::vector<config::Problem> permission_problems(const config::Config& config,
                                                               const config::Target& target,
                                                               const sp_manifest& plugin);

struct TargetTable {
  const config::Target* target = nullptr;
  GroupSet allow;
  GroupSet requesters;                    // of on_request
  std::vector<const RuleMatcher*> rules;  // that cover this target, in the order of the files
  std::vector<MaskTable> masks;           // of replies
  std::vector<MaskTable> request_masks;   // of requests
  MaskPlan record_plan;
  std::shared_ptr<const Scanner> scanner;
  size_t token_key_count = 0;  // of the whole policy
  mutable std::atomic<PlanSet*> plans = nullptr;

  TargetTable() = default;
  TargetTable(const TargetTable&) = delete;
  TargetTable& operator=(const TargetTable&) = delete;
  ~TargetTable();

  [[nodiscard]] MaskBits masks_of(const GroupSet& who) const;
  [[nodiscard]] const PlanSet& plans_of(MaskBits bits) const;
  [[nodiscard]] Verdict judge(const GroupSet& who, const sp_command& command) const;
};

struct PolicyTables {
  config::Config config;
  uint64_t version = 0;
  std::vector<std::string> groups;  // sorted; the index is the bit
  std::map<std::string_view, const config::User*, std::less<>> users;
  std::map<std::string_view, size_t, std::less<>> target_indexes;
  std::shared_ptr<const CustomDetectors> custom;
  std::deque<RuleMatcher> rules;
  std::deque<TargetTable> targets;                       // as config.targets
  std::vector<config::TokenKey> token_keys;              // of all masks, each id once
  std::vector<std::shared_ptr<const Scanner>> scanners;  // the first knows @secrets

  [[nodiscard]] GroupSet group_set(std::span<const std::string> names) const;
  [[nodiscard]] const TargetTable* find(const config::Target& target) const;
};

[[nodiscard]] MaskAction mask_action_of(config::MaskAction action);
// Each id once, in the order of the masks; the config has seen to it that one id means one secret.
void collect_token_keys(PolicyTables& tables);
[[nodiscard]] TokenKeyIndex token_key_of(const PolicyTables& tables, const config::Mask& mask);

// What masks do to a field of an identity with `bits`: the action on the whole value, and whether computed
// values are refused.
struct FieldRuling {
  MaskAction whole = MaskAction::None;
  TokenKeyIndex key = 0;
  bool refused = false;

  void add(MaskAction action, TokenKeyIndex action_key) {
    if (action > whole) key = action_key;
    whole = strictest(whole, action);
  }
  // Into PlanSet::by_whole.
  [[nodiscard]] size_t plan_index() const {
    return whole == MaskAction::Token ? mask_action_count + key : static_cast<size_t>(whole);
  }
};
[[nodiscard]] FieldRuling rule_field(const TargetTable& table, MaskBits bits, const sp_field& field);

}  // namespace sallyport::guard
