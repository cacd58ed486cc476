#include "cli/approval_text.h"

#include <stdio.h>

#include "cli/table.h"
#include "config/clock.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;

// No line of a caller's text may look like one of ours.
std::string indented(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "          ";
  }
  return out;
}

std::string joined(const json& list, const char* between = ", ") {
  std::string out;
  for (const json& one : list) {
    if (!one.is_string()) continue;
    out += (out.empty() ? "" : between) + visible(one.get<std::string>());
  }
  return out;
}

void print_line(const char* name, const std::string& text) {
  if (!text.empty()) printf("  %-7s %s\n", name, text.c_str());
}

void print_who(const json& approval, const auto& text) {
  const std::string actor = text("actor");
  print_line("who", (actor.empty() ? text("identity") : actor + " for " + text("identity")) + " from " +
                        text("peer") + (text("sid").empty() ? "" : ", session " + text("sid")));
  print_line("for", text("on_behalf_of"));
  for (const json& one : approval.value("job", json::array()))
    print_line("job", visible(one.value("name", "")) + " " + visible(one.value("value", "")));
  const std::string place = ", database " + text("database") + ", login " + text("login");
  print_line("where", text("target") + (approval.value("access_ms", 0) == 0 ? place : ""));
  print_line("why", indented(text("caller_reason")));
}

// Which rules want it, who has to say yes, and who has.
void print_demands(const json& approval) {
  for (const json& demand : approval.value("demands", json::array())) {
    std::string needs;
    for (const json& one : demand.value("needs", json::array())) {
      needs += (needs.empty() ? "" : " and ") + std::to_string(one.value("count", 1)) + " of " +
               joined(one.value("groups", json::array()), " or ");
    }
    const json escalation = demand.value("escalation", json::object());
    if (!escalation.empty()) {
      const bool reached = escalation.value("reached", false);
      needs += (reached ? "; now also " : "; later also ") + joined(escalation.value("to", json::array()));
    }
    print_line("rule", visible(demand.value("rule", "")) + ": " + needs);
  }
  for (const json& vote : approval.value("votes", json::array())) {
    const std::string reason = visible(vote.value("reason", ""));
    print_line("yes", visible(vote.value("who", "")) + (reason.empty() ? "" : ": " + indented(reason)));
  }
}

void print_times(const json& approval, const std::string& state) {
  if (approval.value("in_transaction", false)) {
    printf("  inside a transaction that has been open for %s\n",
           duration_text(approval.value("transaction_age_ms", int64_t{0}) * 1'000'000).c_str());
  }
  printf("  asked   %s ago", duration_text(wall_ns() - approval.value("created_ns", int64_t{0})).c_str());
  if (state == "pending" || state == "approved") {
    printf(", good for another %s",
           duration_text(approval.value("expires_ns", int64_t{0}) - wall_ns()).c_str());
  }
  if (state == "pending") printf(", %d waiting", approval.value("waiting", 0));
  if (approval.value("again", false))
    printf(", the same again until then, %d times by now", approval.value("uses", 0));
  putchar('\n');
  const int64_t again_ms = approval.value("again_ms", int64_t{0});
  if (state == "pending" && again_ms > 0) {
    printf("  may be approved for the same again, --again: for %s\n",
           duration_text(again_ms * 1'000'000).c_str());
  }
}

void print_values(const json& values) {
  for (const json& value : values) {
    printf("          %s = %s\n", visible(value.value("name", "")).c_str(),
           indented(visible(value.value("value", ""))).c_str());
  }
}

void print_runs(const json& approval, const auto& text) {
  const json plan = approval.value("plan", json::array());
  if (plan.empty()) {
    printf("  runs    %s\n", indented(text("text")).c_str());
    print_values(approval.value("values", json::array()));
    print_line("does", joined(approval.value("verbs", json::array())) + " " +
                           joined(approval.value("objects", json::array())));
  }
  int number = 0;
  for (const json& step : plan) {
    const std::string rules = joined(step.value("rules", json::array()));
    printf("  %-7d %s\n", ++number, indented(visible(step.value("text", ""))).c_str());
    printf("          %s %s%s%s\n", joined(step.value("verbs", json::array())).c_str(),
           joined(step.value("objects", json::array())).c_str(),
           rules.empty() ? ": allowed" : (": by rule " + rules).c_str(),
           step.value("used", false) ? ", has run" : "");
  }
  print_line("masks", joined(approval.value("masks", json::array())));
  if (approval.value("hides", false)) {
    printf(
        "  the detectors hide something of it: `sallyport approvals --reveal %s` shows it, on the record\n",
        text("id").c_str());
  }
}

}  // namespace

void print_approval(const json& approval) {
  const auto text = [&approval](const char* key) { return visible(approval.value(key, "")); };
  const std::string state = text("state");
  printf("%s  %s\n", bold(text("id")).c_str(), state.c_str());
  print_who(approval, text);
  print_demands(approval);
  print_times(approval, state);
  print_runs(approval, text);
  const bool revoked = state == "revoked";
  const std::string reason = text(revoked ? "revoke_reason" : "reason");
  print_line(revoked ? "revoked" : "decided",
             text(revoked ? "revoked_by" : "decided_by") + (reason.empty() ? "" : ": " + indented(reason)));
}

void print_revealed(const json& revealed) {
  printf("  hidden  %s\n", indented(visible(revealed.value("text", ""))).c_str());
  print_values(revealed.value("values", json::array()));
}

}  // namespace sallyport::cli
