// Config + manifests -> PolicyTables, with every problem that needs a manifest.
#include <algorithm>
#include <array>
#include <set>

#include "config/quantity.h"
#include "core/guard/canary.h"
#include "core/guard/policy_tables.h"

namespace sallyport::guard {
namespace {

using config::did_you_mean;
using config::in_quotes;
using config::Problem;

template <typename T>
std::vector<std::string> names_of(const T* items, size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.emplace_back(view(items[i].name));
  return names;
}

class Compiler {
 public:
  Compiler(PolicyTables& tables, std::span<const sp_manifest* const> manifests)
      : tables_(tables), config_(tables.config), manifests_(manifests) {}

  std::vector<Problem> run() {
    collect_names();
    auto custom = CustomDetectors::compile(config_.detectors);
    if (!custom) problems_ = std::move(custom.error());
    if (custom) {
      tables_.custom = std::move(*custom);
      problems_ = check_examples(config_, tables_.custom);
    }
    // Without a single target there is still one, so that Policy::scanner can always answer.
    const DetectorSet secrets = Catalogue::find("@secrets").value_or(DetectorSet());
    (void)scanner({config_.file.string(), 1}, secrets);
    for (const config::Listener& listener : config_.listeners) check(listener);
    collect_token_keys(tables_);
    for (const config::Target& target : config_.targets) compile(target);
    return std::move(problems_);
  }

 private:
  void problem(const config::Place& place, std::string text) {
    // A rule that covers several targets would be told of once for each.
    if (told_.insert(place.text() + text).second) problems_.push_back({place, std::move(text)});
  }

  void collect_names() {
    std::set<std::string> groups;
    const auto add = [&groups](const std::vector<std::string>& names) {
      groups.insert(names.begin(), names.end());
    };
    for (const config::User& user : config_.users) {
      add(user.groups);
      tables_.users.emplace(user.name, &user);
    }
    for (size_t i = 0; i < config_.targets.size(); ++i) {
      add(config_.targets[i].allow);
      add(config_.targets[i].on_request.groups);
      tables_.target_indexes.emplace(config_.targets[i].name, i);
    }
    for (const config::Rule& rule : config_.rules) add(rule.groups);
    for (const config::Mask& mask : config_.masks) add(mask.except);
    tables_.groups.assign(groups.begin(), groups.end());
    if (tables_.groups.size() > limits::policy_group_count_max) {
      problem({config_.file.string(), 1}, "the config names more than 1024 groups");
      tables_.groups.resize(limits::policy_group_count_max);
    }
  }

  const sp_manifest* manifest(const std::string& protocol) const {
    const auto found = std::ranges::find_if(
        manifests_, [&](const sp_manifest* each) { return view(each->name) == protocol; });
    return found == manifests_.end() ? nullptr : *found;
  }

  void check(const config::Listener& listener) {
    const sp_manifest* plugin = manifest(listener.protocol);
    const std::string where = "listener " + listener.address.text();
    if (plugin == nullptr) {
      problem(listener.place, where + ": no plugin speaks " + in_quotes(listener.protocol));
    } else if (listener.tls && (plugin->capabilities & SP_CAN_TLS) == 0) {
      problem(listener.place, where + ": " + listener.protocol + " has no TLS: leave tls out");
    }
  }

  void compile(const config::Target& target) {
    TargetTable& table = tables_.targets.emplace_back();
    table.target = &target;
    table.allow = tables_.group_set(target.allow);
    table.requesters = tables_.group_set(target.on_request.groups);
    const sp_manifest* plugin = manifest(target.protocol);
    if (plugin == nullptr) {
      problem(target.place,
              "target " + in_quotes(target.name) + ": no plugin speaks " + in_quotes(target.protocol));
      return;
    }
    if (target.tls != config::TargetTls::off && (plugin->capabilities & SP_CAN_TLS) == 0) {
      problem(target.place, "target " + in_quotes(target.name) + ": " + target.protocol +
                                " has no TLS: write tls = \"off\"");
    }
    check_options(target, *plugin);
    for (config::Problem& found : permission_problems(config_, target, *plugin))
      problem(found.place, std::move(found.text));
    for (const config::Rule& rule : config_.rules) {
      if (covers(rule.targets, target.name)) table.rules.push_back(rule_matcher(rule, target, *plugin));
    }
    compile_masks(table, *plugin);
  }

  void check_options(const config::Target& target, const sp_manifest& plugin) {
    const std::vector<std::string> known = names_of(plugin.options, plugin.option_count);
    for (const auto& [name, value] : target.options) {
      const auto place = target.option_places.find(name);
      const config::Place& at = place == target.option_places.end() ? target.place : place->second;
      const std::string where = "target " + in_quotes(target.name) + ": options." + name;
      const auto found = std::ranges::find(known, name);
      if (found == known.end()) {
        problem(at, where + ": " + target.protocol + " has no such option" + did_you_mean(name, known));
        continue;
      }
      const sp_option& option = plugin.options[found - known.begin()];
      std::string allowed;
      bool fits = option.value_count == 0;
      for (size_t i = 0; i < option.value_count; ++i) {
        fits = fits || view(option.values[i]) == value;
        allowed += (i == 0 ? "" : ", ") + in_quotes(view(option.values[i]));
      }
      if (!fits) problem(at, where + " is " + in_quotes(value) + ": write one of " + allowed);
    }
  }

  // One for each rule and protocol: ready sets and facts are the plugin's.
  const RuleMatcher* rule_matcher(const config::Rule& rule, const config::Target& target,
                                  const sp_manifest& plugin) {
    const RuleMatcher*& made = matchers_[{&rule, &plugin}];
    if (made != nullptr) return made;
    RuleMatcher& matcher = tables_.rules.emplace_back();
    made = &matcher;
    matcher.rule = &rule;
    matcher.any_group = rule.groups.empty();
    matcher.groups = tables_.group_set(rule.groups);
    matcher.any_command = rule.use.empty();
    const std::string where = "rule " + in_quotes(rule.name);
    const std::string on = " (target " + in_quotes(target.name) + ", " + target.protocol + ")";
    if (!rule.use.empty()) compile_set(rule, plugin, where, on, matcher);
    for (const config::Condition& condition : rule.match)
      compile_condition(condition, plugin, where, on, matcher);
    if (rule.action == config::Action::approve && (plugin.capabilities & SP_CAN_HOLD) == 0) {
      problem(rule.place, where + " pauses commands, which " + target.protocol + " cannot" + on);
    }
    return made;
  }

  void compile_set(const config::Rule& rule, const sp_manifest& plugin, const std::string& where,
                   const std::string& on, RuleMatcher& matcher) {
    const std::vector<std::string> known = names_of(plugin.sets, plugin.set_count);
    const auto found = std::ranges::find(known, rule.use);
    if (found == known.end()) {
      std::string text =
          where + ": no ready set " + in_quotes(rule.use) + did_you_mean(rule.use, known) + ": there are";
      for (const std::string& name : known) text += " " + name;
      problem(rule.use_place, (known.empty() ? where + ": use: the plugin has no ready sets" : text) + on);
      return;
    }
    const sp_rule_set& set = plugin.sets[found - known.begin()];
    for (size_t i = 0; i < set.clause_count; ++i) {
      Clause& clause = matcher.clauses.emplace_back();
      for (size_t k = 0; k < set.clauses[i].condition_count; ++k) {
        const sp_condition& condition = set.clauses[i].conditions[k];
        std::vector<std::string_view> values;
        for (size_t v = 0; v < condition.value_count; ++v) values.push_back(view(condition.values[v]));
        const bool right =
            is_fact(view(condition.fact)) && !values.empty() &&
            std::ranges::all_of(values, [](auto value) { return config::parse_pattern(value).has_value(); });
        if (!right) {
          problem(rule.use_place,
                  where + ": the plugin's ready set " + in_quotes(rule.use) + " is broken" + on);
          return;
        }
        clause.emplace_back(view(condition.fact), values);
      }
    }
  }

  static bool is_fact(std::string_view name) {
    return name == "verb" || name == "object" || (name.starts_with("field.") && name.size() > 6);
  }

  void compile_condition(const config::Condition& condition, const sp_manifest& plugin,
                         const std::string& where, const std::string& on, RuleMatcher& matcher) {
    const std::vector<std::string> known = names_of(plugin.facts, plugin.fact_count);
    const bool has_fact = std::ranges::find(known, condition.fact) != known.end();
    if (!has_fact || !is_fact(condition.fact)) {
      std::string text = where + ": no fact " + in_quotes(condition.fact) +
                         did_you_mean(condition.fact, known) + ": there are";
      for (const std::string& name : known) text += " " + name;
      return problem(condition.place, text + on);
    }
    std::vector<std::string_view> values;
    for (const std::string& value : condition.values) {
      if (const Result<config::Pattern> pattern = config::parse_pattern(value); !pattern) {
        return problem(condition.place, where + ": " + condition.fact + " " + pattern.error().text);
      }
      values.push_back(value);
    }
    if (values.empty()) return problem(condition.place, where + ": " + condition.fact + " has no values");
    matcher.names_unparsed =
        matcher.match.emplace_back(condition.fact, values).names(unparsed_verb) || matcher.names_unparsed;
  }

  void compile_masks(TargetTable& table, const sp_manifest& plugin) {
    for (const config::Mask& mask : config_.masks) {
      if (!covers(mask.targets, table.target->name)) continue;
      if ((plugin.capabilities & SP_CAN_MASK) == 0) {
        problem(mask.place, "mask " + in_quotes(mask.name) + ": " + table.target->protocol +
                                " cannot mask: name targets without " + in_quotes(table.target->name));
        continue;
      }
      if (table.masks.size() + table.request_masks.size() == limits::target_mask_count_max) {
        problem(mask.place, "target " + in_quotes(table.target->name) + " has more than 64 masks");
        break;
      }
      const bool requests = mask.direction == config::MaskDirection::request;
      MaskTable& made = (requests ? table.request_masks : table.masks).emplace_back();
      made.mask = &mask;
      made.except = tables_.group_set(mask.except);
      made.detectors = detectors_of(mask);
      made.action = mask_action_of(mask.action);
      if (made.action == MaskAction::Token) made.key = token_key_of(tables_, mask);
      table.record_plan.add(made.detectors, made.action, made.key);
    }
    const std::optional<DetectorSet> secrets = Catalogue::find("@secrets");
    if (secrets) table.record_plan.add(*secrets, MaskAction::Redact);
    table.scanner = scanner(table.target->place, table.record_plan.detectors);
    table.token_key_count = tables_.token_keys.size();
  }

  DetectorSet detectors_of(const config::Mask& mask) {
    DetectorSet set;
    for (const std::string& name : mask.detect) {
      if (const std::optional<DetectorSet> found = find_detectors(name, tables_.custom.get())) {
        set |= *found;
        continue;
      }
      // Of a detector that cannot be used enough has been said.
      if (std::ranges::find(config_.detectors, name, &config::CustomDetector::name) !=
          config_.detectors.end())
        continue;
      problem(mask.detect_place,
              "mask " + in_quotes(mask.name) + ": " + no_detector(name, tables_.custom.get()));
    }
    return set;
  }

  // Equal sets share one: a compiled database is large, and a scan of several targets' values stays possible.
  std::shared_ptr<const Scanner> scanner(const config::Place& place, DetectorSet detectors) {
    for (const auto& made : tables_.scanners) {
      if (made->detectors() == detectors) return made;
    }
    Result<std::shared_ptr<const Scanner>> made = Scanner::compile(detectors, tables_.custom);
    if (!made) {
      problem(place, "the detectors cannot be compiled: " + made.error().text);
      return nullptr;
    }
    return tables_.scanners.emplace_back(std::move(*made));
  }

  PolicyTables& tables_;
  const config::Config& config_;
  std::span<const sp_manifest* const> manifests_;
  std::vector<Problem> problems_;
  std::set<std::string> told_;
  std::map<std::pair<const config::Rule*, const sp_manifest*>, const RuleMatcher*> matchers_;
};

std::atomic<uint64_t> last_version = 0;

}  // namespace

std::expected<std::shared_ptr<const Policy>, std::vector<Problem>> Policy::compile(
    config::Config config, std::span<const sp_manifest* const> manifests) {
  auto tables = std::make_unique<PolicyTables>();
  tables->config = std::move(config);
  Compiler compiler(*tables, manifests);
  std::vector<Problem> problems = compiler.run();
  if (!problems.empty()) return std::unexpected(std::move(problems));
  tables->version = last_version.fetch_add(1, std::memory_order_relaxed) + 1;
  return std::shared_ptr<const Policy>(new Policy(std::move(tables)));
}

}  // namespace sallyport::guard
