#include "core/guard/cases.h"

#include <algorithm>

#include "config/file.h"
#include "config/quantity.h"
#include "config/reader.h"
#include "core/guard/explain.h"
#include "core/guard/policy_match.h"

namespace sallyport::guard {
namespace {

using config::in_quotes;
using config::Problem;
using config::Problems;
using config::Value;

// Strings that may be empty or hold several lines, unlike those of the config.
const std::string* free_text(config::Reader& reader, const char* key) {
  const Value* value = reader.find(key);
  if (value == nullptr) return nullptr;
  if (value->kind == Value::Kind::string) return &value->text;
  reader.problem(key, std::string(key) + " is " + kind_text(value->kind) + ": write a string");
  return nullptr;
}

void read_who(const Policy& policy, config::Reader& reader, Case& made) {
  if (reader.has("user") == reader.has("groups")) {
    reader.problem("user", "write either user = \"…\" or groups = [\"…\"]");
  }
  reader.names("groups", made.groups);
  if (!reader.name("user", made.user)) return;
  if (const config::User* user = policy.user(made.user)) {
    made.groups = user->groups;
  } else {
    reader.problem("user", "no user " + in_quotes(made.user));
  }
}

Case read_case(const Policy& policy, const Value& table, Problems& problems) {
  config::Reader reader(table, "case", problems);
  Case made;
  made.place = table.place;
  read_who(policy, reader, made);
  std::string target;
  reader.require("target", "target = \"…\"");
  if (reader.name("target", target)) {
    made.target = policy.target(target);
    if (made.target == nullptr) reader.problem("target", "no target " + in_quotes(target));
  }
  reader.require("statement", "statement = \"…\"");
  if (const std::string* statement = free_text(reader, "statement")) made.statement = *statement;
  reader.require("expect", "expect = \"allow\", \"deny\" or \"approve\"");
  reader.choice("expect", made.expected,
                {{"allow", config::Action::allow},
                 {"deny", config::Action::deny},
                 {"approve", config::Action::approve}});
  if (const std::string* rule = free_text(reader, "rule")) {
    made.rule = *rule;
    const auto& rules = policy.config().rules;
    const bool is_mask = std::ranges::any_of(policy.config().masks, [rule](const config::Mask& mask) {
      return mask.direction == config::MaskDirection::request && mask.name == *rule;
    });
    if (!rule->empty() && !is_mask && std::ranges::find(rules, *rule, &config::Rule::name) == rules.end()) {
      reader.problem("rule", "no rule " + in_quotes(*rule));
    }
  }
  reader.finish();
  return made;
}

std::vector<Case> read_cases(const Policy& policy, const std::filesystem::path& file, Problems& problems) {
  std::vector<Case> cases;
  const Result<std::string> text = config::read_file(file, limits::config_file_size_max);
  if (!text) {
    problems.add({file.string(), 1}, text.error().text);
    return cases;
  }
  const std::expected<Value, Problem> whole = config::parse_toml(*text, file.string());
  if (!whole) {
    problems.add(whole.error().place, whole.error().text);
    return cases;
  }
  config::Reader reader(*whole, "cases", problems);
  const Value* list = reader.find("case");
  if (list == nullptr || !list->is_table_array()) {
    reader.problem("case", "there are no cases: write [[case]] with its keys below");
  } else {
    for (const Value& table : list->items) cases.push_back(read_case(policy, table, problems));
  }
  reader.finish();
  return cases;
}

// Empty where it came as expected.
std::string difference(const Policy& policy, const Case& each, const sp_plugin& plugin) {
  const Result<Explanation> explanation = explain(policy, *each.target, each.groups, plugin, each.statement);
  if (!explanation) return explanation.error().text;
  const auto& blocked = explanation->blocked;
  Verdict verdict = explanation->may_open ? explanation->verdict : Verdict{};
  std::string rule = verdict.rule == nullptr ? "" : verdict.rule->name;
  if (explanation->may_open && blocked && (verdict.action != config::Action::deny || verdict.observed)) {
    verdict = {};
    rule = blocked->mask->name;
  }
  if (verdict.action == each.expected && (!each.rule || *each.rule == rule)) return "";
  std::string text = std::string("expected ") + action_text(each.expected);
  if (each.rule) text += each.rule->empty() ? " by no rule" : " by rule " + in_quotes(*each.rule);
  text += std::string(", got ") + action_text(verdict.action);
  if (!explanation->may_open) return text + ": may not open target " + in_quotes(each.target->name);
  if (blocked && rule == blocked->mask->name) return text + ": " + blocked->message();
  text += verdict.rule == nullptr ? " by no rule" : " by rule " + in_quotes(rule);
  for (const CommandNote& command : explanation->commands) {
    if (command.action == verdict.action && command.rule == verdict.rule) {
      return text + " for " + in_quotes(command.verb) + ": " + command.why;
    }
  }
  return text;
}

}  // namespace

std::expected<CasesReport, std::vector<Problem>> run_cases(const Policy& policy,
                                                           const std::filesystem::path& file,
                                                           std::span<const sp_plugin* const> plugins) {
  Problems problems;
  const std::vector<Case> cases = read_cases(policy, file, problems);
  if (problems.count() != 0) return std::unexpected(std::move(problems).sorted({file.string()}));

  CasesReport report;
  report.count = cases.size();
  for (const Case& each : cases) {
    const auto plugin = std::ranges::find_if(plugins, [&each](const sp_plugin* candidate) {
      return view(candidate->manifest->name) == each.target->protocol;
    });
    std::string text = plugin == plugins.end() ? "no plugin speaks " + in_quotes(each.target->protocol)
                                               : difference(policy, each, **plugin);
    if (!text.empty()) report.differences.push_back({each.place, std::move(text)});
  }
  return report;
}

}  // namespace sallyport::guard
