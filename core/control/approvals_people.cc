// The people's side of approvals: votes, revocation, revealing, plans; and what they are shown.
#include <algorithm>

#include "core/control/approvals.h"
#include "core/identity/delegation.h"

namespace sallyport {

namespace {

using ringlog::DecisionKind;

constexpr size_t latency_count_max = 1000;  // decisions that the percentiles are taken of

bool may_decide(const Approval& approval, std::span<const std::string> groups) {
  for (size_t i = 0; i < approval.asked.demands.size(); ++i) {
    if (config::may_vote(approval.asked.demands[i].terms, groups, approval.escalated[i])) return true;
  }
  return false;
}

bool has_enough(const Approval& approval) {
  std::vector<config::Voter> voters;
  for (const Approval::Vote& vote : approval.votes) voters.push_back(vote.voter);
  for (size_t i = 0; i < approval.asked.demands.size(); ++i) {
    if (!config::enough(approval.asked.demands[i].terms, voters, approval.escalated[i])) return false;
  }
  return true;
}

bool is_voter(const Approval& approval, const Approvals::Approver& who) {
  return std::ranges::any_of(approval.votes, [&who](const Approval::Vote& vote) {
    return vote.who == who.name || config::same_person(vote.voter.persons, who.persons);
  });
}

std::string in_groups(const Approval& approval) {
  return "none of the groups that rule \"" + approval.asked.rule + "\" names as approvers";
}

}  // namespace

bool Approvals::concerns(const Approval& approval, const Approver& who) {
  return is_asker(approval, who) || may_decide(approval, who.groups);
}

bool Approvals::is_asker(const Approval& approval, const Approver& who) {
  const auto& askers = approval.asked.persons;
  return who.name == approval.asked.identity || config::same_person(askers, who.persons) ||
         std::ranges::find(askers, identity::person_called(who.name)) != askers.end();
}

Result<void> Approvals::decide(const std::string& id, const Answer& answer, const Approver& approver,
                               int64_t now_ns, Effects& effects) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return fail("no approval " + id + "; `sallyport approvals` lists them");
  Approval& approval = found->second;
  if (approval.is_open()) tick(now_ns, effects);
  if (!approval.is_open()) {
    const bool unused = !approval.has_ended();
    return fail("approval " + id + " is no longer open" +
                (unused ? "; `sallyport revoke " + id + "` takes back what has not run yet" : ""));
  }
  const bool asked_for_it = is_asker(approval, approver);
  if (answer.approve && asked_for_it) {
    return fail(approver.name + " asked for it and cannot approve it; somebody else of " +
                approval.asked.rule + "'s approvers must");
  }
  // Taking back one's own request needs nobody's leave.
  if (!may_decide(approval, approver.groups) && (answer.approve || !asked_for_it))
    return fail(approver.name + " is in " + in_groups(approval));
  if (!answer.approve) {
    decided(approval, approver.name, answer.reason, now_ns);
    if (approval.access && !asked_for_it) access_denied(approval, now_ns);
    end(approval, Approval::State::denied, ApprovalState::denied, DecisionKind::Denied, effects);
    return {};
  }
  if (is_voter(approval, approver)) return fail(approver.name + " has said yes to it already");
  if (answer.again && approval.again_ms == 0)
    return fail("approval " + id + " is good for one run only: rule \"" + approval.asked.rule +
                "\" does not allow more, or a transaction is open; leave --again out");
  vote(approval, answer, approver, now_ns, effects);
  return {};
}

void Approvals::vote(Approval& approval, const Answer& answer, const Approver& approver, int64_t now_ns,
                     Effects& effects) {
  approval.votes.push_back({.who = approver.name,
                            .voter = {approver.persons, {approver.groups.begin(), approver.groups.end()}},
                            .reason = answer.reason,
                            .at_ns = now_ns,
                            .again = answer.again});
  if (!has_enough(approval))
    return record(approval, DecisionKind::Voted, approver.name, answer.reason, effects);
  std::string by;
  for (const Approval::Vote& vote : approval.votes) by += (by.empty() ? "" : ", ") + vote.who;
  decided(approval, by, answer.reason, now_ns);
  approval.state = Approval::State::approved;
  approval.again = std::ranges::all_of(approval.votes, &Approval::Vote::again);
  if (approval.again) approval.expires_ns = now_ns + int64_t{approval.again_ms} * 1'000'000;
  record(approval, DecisionKind::Approved, approver.name, answer.reason, effects);
  if (approval.access) {
    approval.state = Approval::State::used;
    return effects.granted.push_back(approval.id);
  }
  hand_out(approval, now_ns, effects);
}

void Approvals::decided(Approval& approval, std::string by, const std::string& reason, int64_t now_ns) {
  approval.decided_by = std::move(by);
  approval.reason = reason;
  approval.decided_ns = now_ns;
  ++decision_count_;
  latencies_.push_back(now_ns - approval.created_ns);
  if (latencies_.size() > latency_count_max) latencies_.pop_front();
}

Result<bool> Approvals::revoke(const std::string& id, const Approver& who, bool is_operator,
                               const std::string& reason, Effects& effects) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return fail("no approval " + id + "; `sallyport approvals` lists them");
  Approval& approval = found->second;
  if (approval.has_ended()) {
    return fail("approval " + id + " is over: " +
                (approval.grant.empty()
                     ? "there is nothing left to revoke"
                     : "`sallyport grants revoke " + approval.grant + "` ends what it gave"));
  }
  if (approval.revoking) return fail("approval " + id + " is being revoked");
  if (!is_operator && !is_voter(approval, who) && !is_asker(approval, who))
    return fail("only who said yes to " + id + ", who asked for it, or the operator may revoke it");
  approval.revoked_by = who.name;
  approval.revoke_reason = reason;
  if (approval.state != Approval::State::handed) {
    revoke_now(approval, effects);
    return true;
  }
  approval.revoking = true;
  effects.answers.push_back(approval.answer(approval.handed_to, ApprovalState::revoked));
  return false;
}

Result<const HiddenText*> Approvals::reveal(const std::string& id, const Approver& approver,
                                            Effects& effects) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return fail("no approval " + id + "; `sallyport approvals` lists them");
  const Approval& approval = found->second;
  if (!may_decide(approval, approver.groups)) return fail(approver.name + " is in " + in_groups(approval));
  if (!approval.asked.hidden)
    return fail("approval " + id +
                " hides nothing: it is over, too large, or the detectors found nothing in it");
  record(approval, DecisionKind::Revealed, approver.name, "", effects);
  return approval.asked.hidden.get();
}

Result<std::string> Approvals::submit(ApprovalWanted&& asked, std::vector<PlanStep>&& steps, int64_t now_ns,
                                      Effects& effects) {
  if (!has_room(asked)) return fail("too many approvals are pending");
  const int64_t expires_ns = now_ns + int64_t{asked.timeout_ms} * 1'000'000;
  Approval& approval = open(std::move(asked), now_ns, expires_ns, effects);
  approval.plan = std::move(steps);
  approval.again_ms = 0;
  return approval.id;
}

Approvals::Latency Approvals::latency() const {
  if (latencies_.empty()) return {};
  std::vector<int64_t> sorted(latencies_.begin(), latencies_.end());
  std::ranges::sort(sorted);
  const auto at = [&sorted](size_t percent) { return sorted[(sorted.size() - 1) * percent / 100]; };
  return {.count = decision_count_, .p50_ns = at(50), .p95_ns = at(95)};
}

}  // namespace sallyport
