// Whether a rule is about a command. Immutable; any thread; matching allocates nothing.
//
// A fact may have several values (the objects of a statement). An allow rule must cover every one of them; a
// rule that denies or pauses is hit by any one of them. So that neither a spelling nor a missing schema slips
// by, what restricts is read wide and what allows is read narrow:
//   verbs           letter case never counts
//   objects, fields narrow: as written, letter case counts
//                   wide: letter case does not count; a missing qualifier may be any: the pattern "public.t"
//                   also means the value "t", and "t" also means "public.t"
//   comparisons     a value that is no number: narrow no, wide yes
// A deny rule reads its values wide and its !values narrow, an allow rule the other way about. The !values of
// a condition are AND, the others OR. A fact without values meets a condition of !values only.
//
// UNPARSED is allowed only by a rule whose own `match` names that verb; other allow rules are not about it.
#pragma once

#include <bitset>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/limits.h"
#include "config/pattern.h"
#include "plugins/plugin.h"

namespace sallyport::guard {

using GroupSet = std::bitset<limits::policy_group_count_max>;

inline constexpr std::string_view unparsed_verb = "UNPARSED";

[[nodiscard]] inline std::string_view view(sp_text text) {
  return text.size == 0 ? std::string_view() : std::string_view(text.data, text.size);
}

// Of `targets` in rules and masks; none: every target.
[[nodiscard]] bool covers(const std::vector<std::string>& patterns, const std::string& name);

class FactCondition {
 public:
  // `fact` is "verb", "object" or "field.NAME"; `values` have passed parse_pattern.
  FactCondition(std::string_view fact, std::span<const std::string_view> values);

  [[nodiscard]] bool holds(const sp_command& command, config::Action action) const;

  [[nodiscard]] const std::string& fact() const { return fact_; }
  [[nodiscard]] std::string text() const;  // verb = ["A", "B"]
  // The values that the command has of this fact, for people.
  [[nodiscard]] std::vector<std::string> values_of(const sp_command& command) const;
  [[nodiscard]] bool names(std::string_view verb) const;  // literally, not by *

 private:
  enum class Kind : uint8_t { verb, object, field };
  struct Tally {
    size_t count = 0;
    size_t hits = 0;
  };

  [[nodiscard]] Tally tally(const sp_command& command, bool restricts) const;
  [[nodiscard]] bool covers(std::string_view value, bool restricts) const;
  [[nodiscard]] bool hits(const config::Pattern& pattern, std::string_view value, bool wide) const;

  Kind kind_;
  std::string fact_;
  std::string name_;  // of a field, without "field."
  std::vector<config::Pattern> patterns_;
  bool has_positive_ = false;
};

using Clause = std::vector<FactCondition>;  // AND

enum class Miss : uint8_t { none, group, unnamed, set, condition };

struct Look {
  Miss miss = Miss::none;
  const FactCondition* condition = nullptr;  // that did not hold
  [[nodiscard]] bool matched() const { return miss == Miss::none; }
};

// A rule for the targets of one protocol.
struct RuleMatcher {
  const config::Rule* rule = nullptr;
  GroupSet groups;
  bool any_group = true;
  bool any_command = true;      // no `use`
  std::vector<Clause> clauses;  // of the ready set, OR
  Clause match;
  bool names_unparsed = false;

  [[nodiscard]] Look look(const GroupSet& who, const sp_command& command) const;
};

}  // namespace sallyport::guard
