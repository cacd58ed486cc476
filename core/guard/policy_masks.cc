// Which masks apply to a field, and the plan that comes of them.
#include <algorithm>

#include "core/guard/policy_tables.h"

namespace sallyport::guard {
namespace {

bool pattern_names(std::string_view pattern, std::string_view label, std::string_view path) {
  // "*.column" means the column of any table, one without an origin included.
  const std::string_view column = pattern.starts_with("*.") ? pattern.substr(2) : pattern;
  if (column.find('.') == column.npos && config::glob_match(column, label, true)) return true;
  if (path.empty()) return false;
  if (config::glob_match(pattern, path, true)) return true;
  for (size_t dot = path.find('.'); dot != path.npos; dot = path.find('.', dot + 1)) {
    if (config::glob_match(pattern, path.substr(dot + 1), true)) return true;
  }
  return false;
}

// Where nothing is known of a target any more.
const MaskPlan& closed_plan() {
  static const MaskPlan plan = [] {
    MaskPlan closed;
    closed.add_whole(MaskAction::Redact);
    return closed;
  }();
  return plan;
}

// For values that no detector looks at.
const MaskPlan& no_plan() {
  static const MaskPlan plan;
  return plan;
}

bool is_computed(const sp_field& field) {
  return (field.flags & SP_FIELD_NO_ORIGIN) != 0 && (field.flags & SP_FIELD_UNRELATED) == 0;
}

}  // namespace

bool MaskTable::names(const sp_field& field) const {
  return std::ranges::any_of(mask->fields, [&field](const std::string& pattern) {
    return pattern_names(pattern, view(field.label), view(field.path));
  });
}

FieldRuling rule_field(const TargetTable& table, MaskBits bits, const sp_field& field) {
  FieldRuling ruling;
  const bool computed = is_computed(field);
  for (size_t i = 0; i < table.masks.size(); ++i) {
    const MaskTable& mask = table.masks[i];
    if ((bits >> i & 1) == 0 || mask.mask->fields.empty()) continue;
    if (mask.names(field)) ruling.add(mask.action, mask.key);
    if (!computed) continue;
    switch (mask.mask->computed) {
      case config::Computed::content: break;
      case config::Computed::refuse: ruling.refused = true; break;
      case config::Computed::mask:
        // A number's shape is kept for counts and sums; its digits still pass the detectors.
        if (field.kind != SP_KIND_DIGITS) ruling.whole = MaskAction::Redact;
        break;
    }
  }
  return ruling;
}

MaskAction mask_action_of(config::MaskAction action) {
  switch (action) {
    case config::MaskAction::keep_shape: return MaskAction::KeepShape;
    case config::MaskAction::partial: return MaskAction::Partial;
    case config::MaskAction::token: return MaskAction::Token;
    case config::MaskAction::redact: break;
  }
  return MaskAction::Redact;
}

void collect_token_keys(PolicyTables& tables) {
  for (const config::Mask& mask : tables.config.masks) {
    if (!mask.token_key.id.empty() && token_key_of(tables, mask) == tables.token_keys.size())
      tables.token_keys.push_back(mask.token_key);
  }
}

TokenKeyIndex token_key_of(const PolicyTables& tables, const config::Mask& mask) {
  const auto found = std::ranges::find(tables.token_keys, mask.token_key.id, &config::TokenKey::id);
  return static_cast<TokenKeyIndex>(found - tables.token_keys.begin());
}

MaskBits TargetTable::masks_of(const GroupSet& who) const {
  MaskBits bits = 0;
  for (size_t i = 0; i < masks.size(); ++i) {
    if ((masks[i].except & who).none()) bits |= MaskBits{1} << i;
  }
  return bits;
}

const PlanSet& TargetTable::plans_of(MaskBits bits) const {
  PlanSet* head = plans.load(std::memory_order_acquire);
  for (const PlanSet* set = head; set != nullptr; set = set->next) {
    if (set->masks == bits) return *set;
  }
  auto made = std::make_unique<PlanSet>();
  made->masks = bits;
  MaskPlan content;
  for (size_t i = 0; i < masks.size(); ++i) {
    if ((bits >> i & 1) != 0) content.add(masks[i].detectors, masks[i].action, masks[i].key);
  }
  made->by_whole.assign(mask_action_count + token_key_count, content);
  for (size_t i = 0; i < made->by_whole.size(); ++i) {
    const bool is_token = i >= mask_action_count;
    made->by_whole[i].add_whole(is_token ? MaskAction::Token : static_cast<MaskAction>(i),
                                static_cast<TokenKeyIndex>(is_token ? i - mask_action_count : 0));
  }
  // Two threads may make the same set at once; both stay, and the first one found serves.
  made->next = head;
  while (!plans.compare_exchange_weak(made->next, made.get(), std::memory_order_acq_rel)) {
  }
  return *made.release();
}

TargetTable::~TargetTable() {
  for (PlanSet* set = plans.load(std::memory_order_acquire); set != nullptr;) {
    const std::unique_ptr<PlanSet> owned(set);
    set = owned->next;
  }
}

const MaskPlan* Policy::mask_plan(const config::Target& target, std::span<const std::string> groups,
                                  const sp_field& field) const {
  const TargetTable* table = tables_->find(target);
  if (table == nullptr) return &closed_plan();
  const MaskBits bits = table->masks_of(tables_->group_set(groups));
  FieldRuling ruling = rule_field(*table, bits, field);
  if (ruling.refused) ruling.whole = MaskAction::Redact;
  if (field.kind == SP_KIND_PLAIN && ruling.whole == MaskAction::None) return &no_plan();
  return &table->plans_of(bits).by_whole[ruling.plan_index()];
}

bool Policy::withhold(const config::Target& target, std::span<const std::string> groups,
                      const sp_field& field) const {
  const TargetTable* table = tables_->find(target);
  if (table == nullptr) return true;
  const MaskBits bits = table->masks_of(tables_->group_set(groups));
  const FieldRuling ruling = rule_field(*table, bits, field);
  if (ruling.refused) return true;
  // A date or a truth value has no masked form that is not another date.
  if (field.kind == SP_KIND_PLAIN) return ruling.whole != MaskAction::None;
  return field.kind == SP_KIND_OPAQUE && !table->plans_of(bits).by_whole[ruling.plan_index()].empty();
}

bool Policy::names_masked(const config::Target& target, std::span<const std::string> groups,
                          std::span<const sp_text> paths) const {
  const TargetTable* table = tables_->find(target);
  if (table == nullptr) return true;
  const MaskBits bits = table->masks_of(tables_->group_set(groups));
  for (size_t i = 0; i < table->masks.size(); ++i) {
    if ((bits >> i & 1) == 0) continue;
    if (paths.empty() && !table->masks[i].mask->fields.empty()) return true;
    for (const sp_text& path : paths) {
      sp_field field{};
      field.path = path;
      if (table->masks[i].names(field)) return true;
    }
  }
  return false;
}

bool Policy::masks(const config::Target& target, std::span<const std::string> groups) const {
  const TargetTable* table = tables_->find(target);
  return table == nullptr || table->masks_of(tables_->group_set(groups)) != 0;
}

const MaskPlan& Policy::record_plan(const config::Target& target) const {
  const TargetTable* table = tables_->find(target);
  return table == nullptr ? closed_plan() : table->record_plan;
}

const Scanner& Policy::scanner(const config::Target& target) const {
  const TargetTable* table = tables_->find(target);
  return table == nullptr ? *tables_->scanners.front() : *table->scanner;
}

std::span<const std::shared_ptr<const Scanner>> Policy::scanners() const { return tables_->scanners; }

}  // namespace sallyport::guard
