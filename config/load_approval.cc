// Of [[rule]]: what belongs to action = "approve".
#include <algorithm>

#include "config/limits.h"
#include "config/loader.h"
#include "config/quantity.h"

namespace sallyport::config {
namespace {

constexpr const char* own_keys[] = {"approvers", "approvals",    "hold",    "timeout",
                                    "again",     "needs_reason", "escalate"};

// { dba = 1, security = 1 }: so many of each.
void load_group_counts(Reader& reader, const Value& table, Rule& rule) {
  uint32_t sum = 0;
  for (const Value& item : table.items) {
    const std::string what = "approvers: " + item.key;
    if (const Result<void> fits = check_name(item.key); !fits) {
      reader.problem_at(item.place, what + " " + fits.error().text);
    } else if (item.kind != Value::Kind::integer || item.integer < 1 ||
               item.integer > int64_t{limits::approval_vote_count_max}) {
      reader.problem_at(item.place, what + ": write how many of them must say yes, 1 to 10");
    } else {
      rule.approvers.push_back(item.key);
      rule.terms.quorums.push_back({{item.key}, static_cast<uint32_t>(item.integer)});
      sum += static_cast<uint32_t>(item.integer);
    }
  }
  if (table.items.empty()) reader.problem("approvers", "approvers is empty: write { dba = 1, security = 1 }");
  if (sum > limits::approval_vote_count_max)
    reader.problem("approvers", "approvers asks for more than 10 persons");
  if (reader.has("approvals")) {
    reader.problem(
        "approvals",
        "approvals counts persons of any of the groups: leave it out where approvers says how many "
        "of each");
  }
}

void load_approvers(Reader& reader, Rule& rule) {
  const Value* const value = reader.find("approvers");
  if (value == nullptr) return;
  rule.approvers_place = value->place;
  if (value->kind == Value::Kind::table) return load_group_counts(reader, *value, rule);
  uint32_t count = 1;
  reader.names("approvers", rule.approvers);
  reader.count("approvals", count, 1, limits::approval_vote_count_max);
  if (!rule.approvers.empty()) rule.terms.quorums = {{rule.approvers, count}};
}

void load_escalation(Loader& loader, Reader& reader, Rule& rule) {
  const char* const write = "{ after = \"5m\", to = [\"lead\"] }";
  const Value* const table = reader.table("escalate", write);
  if (table == nullptr) return;
  Reader escalate(*table, reader.where() + ": escalate", loader.problems);
  escalate.require("after", "after = \"5m\"");
  escalate.require("to", "to = [\"lead\"], the groups that may say yes from then on");
  escalate.duration("after", rule.terms.escalate_ms, limits::approval_timeout_max_ms);
  escalate.names("to", rule.terms.escalate_to);
  escalate.finish();
  if (escalate.has("after") && rule.terms.escalate_ms == 0) {
    escalate.problem("after", "after is 0: add the groups to approvers");
  } else if (rule.terms.escalate_ms >= rule.timeout_ms) {
    escalate.problem("after", "after is not before timeout (" + duration_text(rule.timeout_ms) +
                                  "): nobody would be left to ask");
  }
}

void load_times(Reader& reader, Rule& rule) {
  const bool has_hold = reader.duration("hold", rule.hold_ms, limits::approval_timeout_max_ms, true);
  if (reader.duration("timeout", rule.timeout_ms, limits::approval_timeout_max_ms) && rule.timeout_ms == 0) {
    reader.problem("timeout", "timeout is 0: nobody could answer in time");
  }
  if (reader.duration("again", rule.terms.again_ms, limits::approval_again_max_ms) &&
      rule.terms.again_ms == 0) {
    reader.problem("again", "again is 0: leave it out, and each yes is good for one run");
  }
  if (rule.action != Action::approve || rule.hold_ms == forever_ms || rule.hold_ms <= rule.timeout_ms) return;
  if (has_hold) {
    reader.problem("hold", "hold is longer than timeout (" + duration_text(rule.timeout_ms) +
                               "): write \"forever\" to wait until then");
  } else {
    rule.hold_ms = rule.timeout_ms;
  }
}

}  // namespace

void load_terms(Loader& loader, Reader& reader, Rule& rule) {
  load_approvers(reader, rule);
  reader.boolean("needs_reason", rule.terms.needs_reason);
  load_escalation(loader, reader, rule);
}

void load_approval(Loader& loader, Reader& reader, Rule& rule, bool has_action) {
  rule.approvers_place = rule.place;
  if (rule.action == Action::approve) {
    rule.hold_ms = limits::hold_default_ms;
    rule.timeout_ms = limits::approval_timeout_default_ms;
    reader.require("approvers", "approvers = [\"…\"], the groups that may say yes");
  } else if (has_action) {
    for (const char* key : own_keys) {
      if (reader.has(key)) reader.problem(key, std::string(key) + " belongs to action = \"approve\" only");
    }
  }
  load_times(reader, rule);
  load_terms(loader, reader, rule);
}

}  // namespace sallyport::config
