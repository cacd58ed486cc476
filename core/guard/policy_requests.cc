// Masks of direction "request": what may not be sent into a target. And whose doing a hit is.
#include <algorithm>

#include "config/quantity.h"
#include "core/guard/policy_tables.h"

namespace sallyport::guard {
namespace {

DetectorSet detectors_for(const TargetTable& table, const GroupSet& who) {
  DetectorSet set;
  for (const MaskTable& mask : table.request_masks) {
    if ((mask.except & who).none()) set |= mask.detectors;
  }
  return set;
}

}  // namespace

std::string RequestBlock::message() const {
  return "blocked by mask " + config::in_quotes(mask->name) + ": " +
         (detector.empty() ? "the request cannot be looked through"
                           : "the request holds a secret (" + std::string(detector) + ")");
}

bool Policy::looks_at_requests(const config::Target& target, std::span<const std::string> groups) const {
  const TargetTable* table = tables_->find(target);
  return table != nullptr && !detectors_for(*table, tables_->group_set(groups)).empty();
}

std::optional<RequestBlock> Policy::blocked(Masker& masker, const config::Target& target,
                                            std::span<const std::string> groups,
                                            std::span<const std::string_view> texts, TokenKeys keys) const {
  const TargetTable* table = tables_->find(target);
  if (table == nullptr) return std::nullopt;
  const GroupSet who = tables_->group_set(groups);
  const DetectorSet wanted = detectors_for(*table, who);
  if (wanted.empty()) return std::nullopt;
  const std::optional<DetectorSet> found = masker.find(*table->scanner, wanted, texts, keys);
  if (found && found->empty()) return std::nullopt;
  for (const MaskTable& mask : table->request_masks) {
    if ((mask.except & who).any()) continue;
    if (!found) return RequestBlock{mask.mask, {}};
    // The later detector is the one that says more (detector.h).
    std::string_view name;
    (*found & mask.detectors).each([&](DetectorId id) { name = detector_name(id); });
    if (!name.empty()) return RequestBlock{mask.mask, name};
  }
  return std::nullopt;
}

std::string_view Policy::mask_name(const config::Target& target, std::span<const std::string> groups,
                                   const sp_field& field, std::optional<DetectorId> detector) const {
  const TargetTable* table = tables_->find(target);
  if (table == nullptr) return {};
  const MaskBits bits = table->masks_of(tables_->group_set(groups));
  const MaskTable* strictest = nullptr;
  for (size_t i = 0; i < table->masks.size(); ++i) {
    const MaskTable& mask = table->masks[i];
    if ((bits >> i & 1) == 0) continue;
    const bool applies = detector ? mask.detectors.has(*detector)
                                  : rule_field(*table, MaskBits{1} << i, field).whole != MaskAction::None;
    if (applies && (strictest == nullptr || mask.action > strictest->action)) strictest = &mask;
  }
  return strictest == nullptr ? std::string_view() : strictest->mask->name;
}

std::string_view Policy::detector_name(DetectorId id) const {
  if (!is_custom(id)) return Catalogue::at(id).name();
  return tables_->custom == nullptr ? std::string_view("custom") : tables_->custom->name(id);
}

}  // namespace sallyport::guard
