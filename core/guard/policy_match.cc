#include "core/guard/policy_match.h"

#include <algorithm>

#include "config/check.h"

namespace sallyport::guard {
namespace {

constexpr std::string_view field_prefix = "field.";

// A plugin may write "rows" or "field.rows", as its manifest has it: a rule must not miss either.
std::string_view field_name(const sp_pair& field) {
  const std::string_view name = view(field.name);
  return name.starts_with(field_prefix) ? name.substr(field_prefix.size()) : name;
}

size_t dot_count(std::string_view text) { return static_cast<size_t>(std::ranges::count(text, '.')); }

// "public.t" and "t" may be the same thing, as long as nobody knows the schema.
bool hits_wide(std::string_view pattern, std::string_view value) {
  if (config::glob_match(pattern, value, true)) return true;
  // The pattern says less than the value: "t" is meant in any schema.
  for (size_t dot = value.find('.'); dot != value.npos; dot = value.find('.', dot + 1)) {
    if (config::glob_match(pattern, value.substr(dot + 1), true)) return true;
  }
  // The value says less than the pattern: only the parts that it has can be compared.
  const size_t parts = dot_count(value);
  for (size_t dots = dot_count(pattern); dots > parts; --dots) pattern.remove_prefix(pattern.find('.') + 1);
  return config::glob_match(pattern, value, true);
}

}  // namespace

bool covers(const std::vector<std::string>& patterns, const std::string& name) {
  return patterns.empty() || std::ranges::any_of(patterns, [&name](const std::string& pattern) {
           return config::glob_match(pattern, name);
         });
}

FactCondition::FactCondition(std::string_view fact, std::span<const std::string_view> values) : fact_(fact) {
  kind_ = fact == "verb" ? Kind::verb : fact == "object" ? Kind::object : Kind::field;
  if (kind_ == Kind::field) {
    CHECK(fact.starts_with(field_prefix));
    name_ = fact.substr(field_prefix.size());
  }
  for (const std::string_view value : values) {
    Result<config::Pattern> pattern = config::parse_pattern(value);
    CHECK(pattern.has_value());
    has_positive_ = has_positive_ || !pattern->negated;
    patterns_.push_back(std::move(*pattern));
  }
  CHECK(!patterns_.empty());
}

bool FactCondition::hits(const config::Pattern& pattern, std::string_view value, bool wide) const {
  if (pattern.compares()) {
    double number = 0;
    return config::parse_number(value, number) ? pattern.compare(number) : wide;
  }
  if (kind_ == Kind::verb) return config::glob_match(pattern.text, value, true);
  return wide ? hits_wide(pattern.text, value) : config::glob_match(pattern.text, value);
}

bool FactCondition::covers(std::string_view value, bool restricts) const {
  bool hit = !has_positive_;
  for (const config::Pattern& pattern : patterns_) {
    if (pattern.negated) {
      if (hits(pattern, value, !restricts)) return false;
    } else {
      hit = hit || hits(pattern, value, restricts);
    }
  }
  return hit;
}

FactCondition::Tally FactCondition::tally(const sp_command& command, bool restricts) const {
  Tally tally;
  switch (kind_) {
    case Kind::verb: return {1, covers(view(command.verb), restricts) ? size_t{1} : 0};
    case Kind::object:
      tally.count = command.object_count;
      for (size_t i = 0; i < command.object_count; ++i) {
        tally.hits += covers(view(command.objects[i]), restricts) ? 1 : 0;
      }
      return tally;
    case Kind::field: break;
  }
  for (size_t i = 0; i < command.field_count; ++i) {
    if (field_name(command.fields[i]) != name_) continue;
    ++tally.count;
    tally.hits += covers(view(command.fields[i].value), restricts) ? 1 : 0;
  }
  return tally;
}

bool FactCondition::holds(const sp_command& command, config::Action action) const {
  const bool restricts = action != config::Action::allow;
  const Tally found = tally(command, restricts);
  if (found.count == 0) return !has_positive_;
  return restricts ? found.hits > 0 : found.hits == found.count;
}

std::string FactCondition::text() const {
  std::string text = fact_ + " = [";
  for (const config::Pattern& pattern : patterns_) {
    if (text.back() != '[') text += ", ";
    const auto number = [&] {
      std::string digits = std::to_string(pattern.number);
      digits.erase(digits.find_last_not_of('0') + 1);
      if (digits.ends_with('.')) digits.pop_back();
      return digits;
    };
    text += '"';
    switch (pattern.kind) {
      case config::Pattern::Kind::glob: text += (pattern.negated ? "!" : "") + pattern.text; break;
      case config::Pattern::Kind::less: text += "< " + number(); break;
      case config::Pattern::Kind::less_equal: text += "<= " + number(); break;
      case config::Pattern::Kind::greater: text += "> " + number(); break;
      case config::Pattern::Kind::greater_equal: text += ">= " + number(); break;
    }
    text += '"';
  }
  return text + "]";
}

std::vector<std::string> FactCondition::values_of(const sp_command& command) const {
  std::vector<std::string> values;
  if (kind_ == Kind::verb) values.emplace_back(view(command.verb));
  for (size_t i = 0; kind_ == Kind::object && i < command.object_count; ++i) {
    values.emplace_back(view(command.objects[i]));
  }
  for (size_t i = 0; kind_ == Kind::field && i < command.field_count; ++i) {
    if (field_name(command.fields[i]) == name_) values.emplace_back(view(command.fields[i].value));
  }
  return values;
}

bool FactCondition::names(std::string_view verb) const {
  return kind_ == Kind::verb && std::ranges::any_of(patterns_, [verb](const config::Pattern& pattern) {
           return !pattern.negated && !pattern.compares() && config::equal_ignoring_case(pattern.text, verb);
         });
}

Look RuleMatcher::look(const GroupSet& who, const sp_command& command) const {
  const auto holds = [&](const FactCondition& condition) { return condition.holds(command, rule->action); };
  if (!any_group && (groups & who).none()) return {Miss::group};
  if (rule->action == config::Action::allow && !names_unparsed &&
      (command.verb.size == 0 || config::equal_ignoring_case(view(command.verb), unparsed_verb))) {
    return {Miss::unnamed};
  }
  const auto all_hold = [&](const Clause& clause) { return std::ranges::all_of(clause, holds); };
  if (!any_command && !std::ranges::any_of(clauses, all_hold)) return {Miss::set};
  for (const FactCondition& condition : match) {
    if (!holds(condition)) return {Miss::condition, &condition};
  }
  return {};
}

}  // namespace sallyport::guard
