#include "core/control/approval_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ringlog/session_name.h"

namespace sallyport {

namespace {

using nlohmann::json;

constexpr int64_t ms = 1'000'000;

const char* name_of(Approval::State state);

// Access that was granted has no run of its own.
const char* state_of(const Approval& approval) {
  return approval.access && approval.state == Approval::State::used ? "approved" : name_of(approval.state);
}

const char* name_of(Approval::State state) {
  switch (state) {
    case Approval::State::open: return "pending";
    case Approval::State::approved: return "approved";
    case Approval::State::handed: return "approved";
    case Approval::State::used: return "used";
    case Approval::State::denied: return "denied";
    case Approval::State::expired: return "expired";
    case Approval::State::voided: return "void";
    case Approval::State::revoked: return "revoked";
  }
  return "";
}

json named(const NamedValues& values) {
  json all = json::array();
  for (const auto& [name, value] : values) all.push_back({{"name", name}, {"value", value}});
  return all;
}

// Groups who may say yes, each once.
std::vector<std::string> approvers_of(const Approval& approval) {
  std::vector<std::string> all;
  const auto add = [&all](const std::vector<std::string>& groups) {
    for (const std::string& group : groups) {
      if (std::ranges::find(all, group) == all.end()) all.push_back(group);
    }
  };
  for (size_t i = 0; i < approval.asked.demands.size(); ++i) {
    const config::ApprovalTerms& terms = approval.asked.demands[i].terms;
    for (const config::Quorum& quorum : terms.quorums) add(quorum.groups);
    if (approval.escalated[i]) add(terms.escalate_to);
  }
  return all;
}

json demands_json(const Approval& approval) {
  json all = json::array();
  for (size_t i = 0; i < approval.asked.demands.size(); ++i) {
    const ApprovalDemand& demand = approval.asked.demands[i];
    json needs = json::array();
    for (const config::Quorum& quorum : demand.terms.quorums)
      needs.push_back({{"groups", quorum.groups}, {"count", quorum.count}});
    json one = {{"rule", demand.rule}, {"needs", needs}};
    if (demand.terms.escalate_ms != 0) {
      one["escalation"] = {{"to", demand.terms.escalate_to},
                           {"at_ns", approval.created_ns + int64_t{demand.terms.escalate_ms} * ms},
                           {"reached", static_cast<bool>(approval.escalated[i])}};
    }
    all.push_back(std::move(one));
  }
  return all;
}

json votes_json(const Approval& approval) {
  json all = json::array();
  for (const Approval::Vote& vote : approval.votes) {
    all.push_back({{"who", vote.who}, {"reason", vote.reason}, {"at_ns", vote.at_ns}, {"again", vote.again}});
  }
  return all;
}

json plan_json(const Approval& approval) {
  json all = json::array();
  for (const PlanStep& step : approval.plan) {
    std::vector<std::string> rules;
    for (const ApprovalDemand& demand : step.demands) rules.push_back(demand.rule);
    all.push_back({{"text", step.text},
                   {"verbs", step.verbs},
                   {"objects", step.objects},
                   {"rules", rules},
                   {"used", step.used}});
  }
  return all;
}

// Of a transaction that is open still: as long as somebody waits in it.
int64_t transaction_age_ns(const Approval& approval, int64_t now_ns) {
  const int64_t then = approval.asked.transaction_age_ms * ms;
  return approval.waiters.empty() ? then : then + now_ns - approval.created_ns;
}

}  // namespace

json approval_json(const Approval& approval, int64_t now_ns) {
  const ApprovalWanted& asked = approval.asked;
  return {{"id", approval.id},
          {"state", state_of(approval)},
          {"identity", asked.identity},
          {"actor", asked.actor},
          {"on_behalf_of", asked.on_behalf_of},
          {"job", named(asked.job)},
          {"target", asked.target},
          {"login", asked.login},
          {"database", asked.database},
          {"rule", asked.rule},
          {"approvers", approvers_of(approval)},
          {"demands", demands_json(approval)},
          {"votes", votes_json(approval)},
          {"peer", asked.peer},
          {"session", asked.session_id},
          {"sid", asked.session_id == 0 ? "" : ringlog::session_text(asked.session_id)},
          {"text", asked.text},
          {"values", named(asked.values)},
          {"hides", asked.hidden != nullptr},
          {"plan", plan_json(approval)},
          {"verbs", asked.verbs},
          {"objects", asked.objects},
          {"masks", asked.masks},
          {"caller_reason", asked.reason},
          {"in_transaction", asked.transaction != 0},
          {"transaction_age_ms", transaction_age_ns(approval, now_ns) / ms},
          {"waiting", approval.waiters.size()},
          {"waits_ms", (now_ns - approval.created_ns) / ms},
          {"created_ns", approval.created_ns},
          {"expires_ns", approval.expires_ns},
          {"again_ms", approval.again_ms},
          {"again", approval.again},
          {"uses", approval.use_count},
          {"decided_by", approval.decided_by},
          {"decided_ns", approval.decided_ns},
          {"reason", approval.reason},
          {"revoked_by", approval.revoked_by},
          {"revoke_reason", approval.revoke_reason},
          {"access_ms", approval.access_ms},
          {"grant", approval.grant}};
}

json hidden_json(const HiddenText& hidden) {
  return {{"text", hidden.text}, {"values", named(hidden.values)}};
}

json own_approval_json(const Approval& approval, int64_t now_ns) {
  const char* go_on = "ask again";
  switch (approval.state) {
    case Approval::State::open: go_on = "wait"; break;
    case Approval::State::approved:
    case Approval::State::handed: go_on = "run exactly the same again"; break;
    case Approval::State::used: go_on = approval.access ? "log in" : "nothing: it has run"; break;
    case Approval::State::denied: go_on = "nothing: it was denied"; break;
    case Approval::State::expired:
    case Approval::State::voided:
    case Approval::State::revoked: break;
  }
  return {{"approval", approval.id},
          {"state", state_of(approval)},
          {"do", go_on},
          {"identity", approval.asked.identity},
          {"target", approval.asked.target},
          {"database", approval.asked.database},
          {"rule", approval.asked.rule},
          {"approvers", approvers_of(approval)},
          {"text", approval.asked.text},
          {"values", named(approval.asked.values)},
          {"plan", plan_json(approval)},
          {"in_transaction", approval.asked.transaction != 0},
          {"waiting", approval.waiters.size()},
          {"votes", approval.votes.size()},
          {"waits_ms", (now_ns - approval.created_ns) / ms},
          {"created_ns", approval.created_ns},
          {"expires_ns", approval.expires_ns},
          {"again", approval.again},
          {"uses", approval.use_count},
          {"reason", approval.state == Approval::State::revoked ? approval.revoke_reason : approval.reason},
          {"access_ms", approval.access_ms},
          {"grant", approval.grant}};
}

}  // namespace sallyport
