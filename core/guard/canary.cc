#include "core/guard/canary.h"

#include <algorithm>

#include "core/guard/fakes.h"
#include "core/guard/policy_tables.h"

namespace sallyport::guard {

namespace {

constexpr size_t column_size_max = 63;                      // of PostgreSQL's names
constexpr const char* neutral_column = "planted";           // which `fields` would hardly name
constexpr const char* plain_text = "canary Quartz 7319 Z";  // that no detector knows

// The column that a pattern of `fields` means in any table: nothing where it names a table too.
std::string column_of(const std::string& pattern) {
  std::string column = pattern.starts_with("*.") ? pattern.substr(2) : pattern;
  if (column.find('.') != column.npos) return "";
  for (size_t star = column.find('*'); star != column.npos; star = column.find('*'))
    column.replace(star, 1, "canary");
  return column.size() > column_size_max ? "" : column;
}

class Planner {
 public:
  Planner(const Policy& policy, CanaryPlan& plan) : policy_(policy), plan_(plan) {}

  void add(const MaskTable& table) {
    const config::Mask& mask = *table.mask;
    table.detectors.each([&](DetectorId id) { add_detector(mask, id); });
    for (const std::string& field : mask.fields) add_field(mask, field);
    if (!mask.fields.empty()) add_computed(mask);
  }

 private:
  void add_detector(const config::Mask& mask, DetectorId id) {
    const std::string name(policy_.detector_name(id));
    if (is_custom(id)) return add_custom(mask, name);
    Fake fake = fake_of(id);
    plan_.plants.push_back(
        {&mask, Plant::Way::content, name, neutral_column, std::move(fake.text), std::move(fake.hidden)});
  }

  void add_custom(const config::Mask& mask, const std::string& name) {
    const auto& detectors = policy_.config().detectors;
    const auto found = std::ranges::find(detectors, name, &config::CustomDetector::name);
    if (found == detectors.end() || found->example.empty()) {
      plan_.unprovable.push_back(
          {&mask, name, "no fake value is known for it: give [[detector]] an example"});
      return;
    }
    plan_.plants.push_back(
        {&mask, Plant::Way::content, name, neutral_column, found->example, found->example});
  }

  void add_field(const config::Mask& mask, const std::string& field) {
    std::string column = column_of(field);
    if (column.empty()) {
      plan_.unprovable.push_back(
          {&mask, field,
           "it names a table, and a values list has none: SELECT it as a caller and look, or at `sallyport "
           "report masks`"});
      return;
    }
    plan_.plants.push_back({&mask, Plant::Way::name, field, std::move(column), plain_text, plain_text});
  }

  void add_computed(const config::Mask& mask) {
    if (mask.computed == config::Computed::content) return;
    plan_.plants.push_back({&mask, Plant::Way::computed, "computed", neutral_column, plain_text, plain_text});
  }

  const Policy& policy_;
  CanaryPlan& plan_;
};

}  // namespace

CanaryPlan plan_canary(const Policy& policy, const config::Target& target,
                       std::span<const std::string> groups) {
  CanaryPlan plan;
  const TargetTable* table = policy.tables().find(target);
  if (table == nullptr) return plan;
  const GroupSet who = policy.tables().group_set(groups);
  Planner planner(policy, plan);
  for (const MaskTable& mask : table->masks) {
    if ((mask.except & who).any()) {
      plan.unprovable.push_back({mask.mask, "all", "a group of [canary] is excepted"});
    } else {
      planner.add(mask);
    }
  }
  return plan;
}

std::vector<config::Problem> check_examples(const config::Config& config,
                                            std::shared_ptr<const CustomDetectors> custom) {
  std::vector<config::Problem> problems;
  for (const config::CustomDetector& detector : config.detectors) {
    const auto id = custom == nullptr ? std::nullopt : custom->find(detector.name);
    if (!id || detector.example.empty()) continue;
    const auto scanner = Scanner::compile(*id, custom);
    Masker masker;
    const std::string_view text = detector.example;
    const bool found = scanner && masker.prepare(**scanner) &&
                       masker.find(**scanner, *id, {&text, 1}).value_or(DetectorSet()).overlaps(*id);
    if (found) continue;
    problems.push_back(
        {detector.example_place, "detector \"" + detector.name +
                                     "\": example is not what it finds: write a fake value that "
                                     "fits the pattern, with its word of context if it needs one"});
  }
  return problems;
}

bool has_reply_masks(const Policy& policy, const config::Target& target) {
  const TargetTable* table = policy.tables().find(target);
  return table != nullptr && !table->masks.empty();
}

}  // namespace sallyport::guard
