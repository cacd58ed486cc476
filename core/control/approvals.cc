#include "core/control/approvals.h"

#include <algorithm>

#include "config/check.h"

namespace sallyport {

namespace {

using ringlog::DecisionKind;

// A yes for one more run of the very same: of a request, of a plan's next, under the same demands.
bool fits(Approval& approval, const ApprovalWanted& wanted) {
  if (approval.access) return false;
  if (approval.plan.empty())
    return approval.asked.digest == wanted.digest && approval.asked.demands == wanted.demands;
  const PlanStep* step = approval.next_step();
  const ApprovalWanted& asked = approval.asked;
  if (approval.state != Approval::State::approved || !step) return false;
  const bool same_place = asked.identity == wanted.identity && asked.target == wanted.target &&
                          asked.login == wanted.login && asked.database == wanted.database &&
                          asked.on_behalf_of == wanted.on_behalf_of && asked.actor == wanted.actor &&
                          wanted.plain_context && wanted.context_digest != Digest{} &&
                          (approval.use_count == 0 || approval.context == wanted.context_digest);
  return same_place && wanted.transaction == 0 && step->digest == wanted.text_digest &&
         step->demands == wanted.demands;
}

}  // namespace

// ---- What cores say ---------------------------------------------------------------------------------------

void Approvals::wanted(ApprovalWanted&& wanted, int64_t now_ns, Effects& effects) {
  const Approval::Waiter waiter = {wanted.session, wanted.ticket, wanted.session_id};
  if (Approval* approval = match(wanted, now_ns)) {
    if (!approval->plan.empty()) approval->context = wanted.context_digest;
    approval->waiters.push_back(waiter);
    if (approval->state == Approval::State::approved) return hand_out(*approval, now_ns, effects);
    effects.answers.push_back(approval->answer(waiter, ApprovalState::pending));
    return;
  }
  if (!has_room(wanted)) {
    effects.answers.push_back({.session = wanted.session,
                               .ticket = wanted.ticket,
                               .approval = "",
                               .state = ApprovalState::refused,
                               .approver = "",
                               .reason = "too many pending"});
    return;
  }
  const int64_t expires_ns = now_ns + int64_t{wanted.timeout_ms} * 1'000'000;
  Approval& approval = open(std::move(wanted), now_ns, expires_ns, effects);
  approval.waiters.push_back(waiter);
  effects.answers.push_back(approval.answer(waiter, ApprovalState::pending));
}

// A yes that is there comes before a plan, and a plan before waiting for a yes.
Approval* Approvals::match(const ApprovalWanted& wanted, int64_t now_ns) {
  Approval* planned = nullptr;
  Approval* pending = nullptr;
  for (auto& [id, approval] : by_id_) {
    if (approval.has_ended() || approval.revoking || approval.expires_ns <= now_ns) continue;
    if (!fits(approval, wanted)) continue;
    if (!approval.plan.empty()) {
      planned = &approval;
    } else if (approval.state == Approval::State::approved) {
      return &approval;
    } else {
      pending = &approval;
    }
  }
  return planned ? planned : pending;
}

Approval& Approvals::open(ApprovalWanted&& wanted, int64_t created_ns, int64_t expires_ns, Effects& effects) {
  Approval approval;
  approval.id = new_id();
  approval.created_ns = created_ns;
  approval.expires_ns = expires_ns;
  approval.asked = std::move(wanted);
  approval.escalated.resize(approval.asked.demands.size());
  uint32_t again_ms = UINT32_MAX;
  for (const ApprovalDemand& demand : approval.asked.demands)
    again_ms = std::min(again_ms, demand.terms.again_ms);
  if (approval.asked.transaction == 0 && !approval.asked.demands.empty()) approval.again_ms = again_ms;
  approval.text_size = text_size(approval.asked);
  forget_oldest_ended();
  Approval& kept = by_id_.emplace(approval.id, std::move(approval)).first->second;
  record(kept, DecisionKind::Asked, "", "", effects);
  return kept;
}

// One yes, one run: the oldest waiter gets it, the others go on waiting for its fate.
void Approvals::hand_out(Approval& approval, int64_t now_ns, Effects& effects) {
  CHECK(approval.state == Approval::State::approved);
  if (approval.expires_ns <= now_ns) {
    return end(approval, Approval::State::expired, ApprovalState::expired, DecisionKind::Expired, effects);
  }
  if (approval.waiters.empty()) return;
  approval.state = Approval::State::handed;
  approval.handed_to = approval.waiters.front();
  approval.waiters.erase(approval.waiters.begin());
  effects.answers.push_back(approval.answer(approval.handed_to, ApprovalState::approved));
}

void Approvals::left(const ApprovalLeft& left, Effects& effects) {
  for (auto& [id, approval] : by_id_) {
    const auto found = std::ranges::find_if(approval.waiters, [&left](const Approval::Waiter& waiter) {
      return waiter.session == left.session && waiter.ticket == left.ticket;
    });
    if (found == approval.waiters.end()) continue;
    approval.waiters.erase(found);
    // What was asked inside a transaction is good for that one only, and it is over.
    if (left.transaction_over && !approval.has_ended() && approval.state != Approval::State::handed)
      end(approval, Approval::State::voided, ApprovalState::expired, DecisionKind::Cancelled, effects);
    return;
  }
}

void Approvals::returned(const ApprovalReturned& returned, int64_t now_ns, Effects& effects) {
  const auto found = by_id_.find(returned.approval);
  if (found == by_id_.end() || found->second.state != Approval::State::handed) return;
  Approval& approval = found->second;
  if (approval.revoking) {
    effects.settled.push_back(approval.id);
    return revoke_now(approval, effects);
  }
  if (approval.asked.transaction != 0)
    return end(approval, Approval::State::voided, ApprovalState::expired, DecisionKind::Cancelled, effects);
  approval.state = Approval::State::approved;
  if (approval.plan.empty() && approval.use_count > 0 && !approval.again)
    return revoke_now(approval, effects);
  hand_out(approval, now_ns, effects);
}

void Approvals::used(const ApprovalUsed& used, int64_t now_ns, Effects& effects) {
  const auto found = by_id_.find(used.approval);
  if (found == by_id_.end() || found->second.state != Approval::State::handed) return;
  Approval& approval = found->second;
  record_use(approval, used, effects);
  const bool was_revoking = approval.revoking;
  if (was_revoking) effects.settled.push_back(approval.id);
  const bool goes_on = approval.plan.empty() ? approval.again : approval.next_step() != nullptr;
  if (goes_on && was_revoking) return revoke_now(approval, effects);
  if (goes_on) {
    approval.state = Approval::State::approved;
    return hand_out(approval, now_ns, effects);
  }
  approval.state = Approval::State::used;
  approval.revoking = false;
  open_for_others(approval, effects);
}

// Who else waits with the same request needs a yes of its own.
void Approvals::open_for_others(Approval& used, Effects& effects) {
  std::vector<Approval::Waiter> others = std::move(used.waiters);
  used.waiters.clear();
  ApprovalWanted asked = used.asked;
  used.asked.hidden.reset();
  if (others.empty()) return;
  asked.session = others.front().session;
  asked.session_id = others.front().session_id;
  asked.ticket = others.front().ticket;
  // No longer than the caller was told; where that was lengthened for `again`, as long as it was at first.
  const int64_t expires_ns =
      std::min(used.expires_ns, used.created_ns + int64_t{asked.timeout_ms} * 1'000'000);
  Approval& next = open(std::move(asked), used.decided_ns, expires_ns, effects);
  next.waiters = std::move(others);
  for (const Approval::Waiter& waiter : next.waiters)
    effects.answers.push_back(next.answer(waiter, ApprovalState::pending));
}

// ---- What time and the policy bring
// -------------------------------------------------------------------------

void Approvals::tick(int64_t now_ns, Effects& effects) {
  for (auto& [id, approval] : by_id_) {
    if (approval.has_ended() || approval.state == Approval::State::handed) continue;
    if (approval.expires_ns <= now_ns) {
      end(approval, Approval::State::expired, ApprovalState::expired, DecisionKind::Expired, effects);
    } else if (approval.is_open()) {
      escalate(approval, now_ns, effects);
    }
  }
}

void Approvals::escalate(Approval& approval, int64_t now_ns, Effects& effects) {
  for (size_t i = 0; i < approval.asked.demands.size(); ++i) {
    const config::ApprovalTerms& terms = approval.asked.demands[i].terms;
    const int64_t after_ns = int64_t{terms.escalate_ms} * 1'000'000;
    if (after_ns == 0 || approval.escalated[i] || now_ns < approval.created_ns + after_ns) continue;
    approval.escalated[i] = true;
    std::string to;
    for (const std::string& group : terms.escalate_to) to += (to.empty() ? "to " : ", ") + group;
    record(approval, DecisionKind::Escalated, "", to, effects);
  }
}

void Approvals::policy_changed(Effects& effects) {
  for (auto& [id, approval] : by_id_) {
    if (approval.has_ended() || !approval.again) continue;
    approval.again = false;
    if (approval.state != Approval::State::approved || approval.use_count == 0) continue;
    approval.revoked_by = "gateway";
    approval.revoke_reason = "the policy has changed";
    revoke_now(approval, effects);
  }
}

}  // namespace sallyport
