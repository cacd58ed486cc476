// How approvals end, what stands on the record of them, and how many are kept.
#include <algorithm>

#include "config/check.h"
#include "core/control/approvals.h"

namespace sallyport {

namespace {

using ringlog::DecisionKind;

constexpr size_t ended_count_max = 1000;
constexpr size_t own_text_size_max = limits::approval_text_size_max / 16;  // of what one identity waits for
// No vowels, no look-alikes: an id is read out over a phone.
constexpr char id_letters[] = "23456789BCDFGHJKMNPQRSTVWXZ";
constexpr size_t id_size = 5;

size_t size_of(const NamedValues& values) {
  size_t size = 0;
  for (const auto& [name, value] : values) size += name.size() + value.size();
  return size;
}

}  // namespace

bool Approval::has_ended() const {
  switch (state) {
    case State::open:
    case State::approved:
    case State::handed: return false;
    case State::used:
    case State::denied:
    case State::expired:
    case State::voided:
    case State::revoked: return true;
  }
  return true;
}

ApprovalAnswer Approval::answer(const Waiter& waiter, ApprovalState told) const {
  const bool revoked = told == ApprovalState::revoked;
  return {.session = waiter.session,
          .ticket = waiter.ticket,
          .approval = id,
          .state = told,
          .approver = revoked ? revoked_by : decided_by,
          .reason = revoked ? revoke_reason : reason};
}

PlanStep* Approval::next_step() {
  const auto found =
      std::ranges::find_if(plan, [](const PlanStep& step) { return !step.used && !step.demands.empty(); });
  return found == plan.end() ? nullptr : &*found;
}

void Approvals::revoke_now(Approval& approval, Effects& effects) {
  approval.revoking = false;
  if (approval.revoked_by.empty()) {
    approval.revoked_by = "gateway";
    approval.revoke_reason = "the policy has changed";
  }
  end(approval, Approval::State::revoked, ApprovalState::revoked, DecisionKind::Revoked, effects);
}

void Approvals::end(Approval& approval, Approval::State state, ApprovalState told, DecisionKind kind,
                    Effects& effects) {
  approval.state = state;
  for (const Approval::Waiter& waiter : approval.waiters)
    effects.answers.push_back(approval.answer(waiter, told));
  approval.waiters.clear();
  approval.asked.hidden.reset();
  const bool revoked = kind == DecisionKind::Revoked;
  record(approval, kind, revoked ? approval.revoked_by : approval.decided_by,
         revoked ? approval.revoke_reason : approval.reason, effects);
}

void Approvals::record(const Approval& approval, DecisionKind kind, const std::string& by,
                       const std::string& reason, Effects& effects) const {
  effects.records.push_back({.session_id = approval.asked.session_id,
                             .ticket = approval.asked.ticket,
                             .approval = approval.id,
                             .approver = by,
                             .reason = reason,
                             .decision = static_cast<uint8_t>(kind),
                             .shown = shown_text(approval)});
}

// Under the session that ran it.
void Approvals::record_use(Approval& approval, const ApprovalUsed& used, Effects& effects) {
  ++approval.use_count;
  record(approval, DecisionKind::Used, approval.decided_by, approval.reason, effects);
  effects.records.back().session_id = used.session_id;
  effects.records.back().ticket = used.ticket;
  if (approval.plan.empty()) return;
  PlanStep* step = approval.next_step();
  CHECK(step);
  step->used = true;
  effects.records.back().shown = step->text;
}

const Approval* Approvals::find(const std::string& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

std::vector<const Approval*> Approvals::list(bool with_ended) const {
  std::vector<const Approval*> all;
  for (const auto& [id, approval] : by_id_) {
    if (with_ended || !approval.has_ended()) all.push_back(&approval);
  }
  std::ranges::sort(all, {}, &Approval::created_ns);
  return all;
}

bool Approvals::has_room(const ApprovalWanted& wanted) const {
  size_t count = 0, own_count = 0, size = text_size(wanted), own_size = size;
  for (const auto& [id, approval] : by_id_) {
    size += approval.text_size;
    if (approval.has_ended()) continue;
    ++count;
    if (approval.asked.identity != wanted.identity) continue;
    ++own_count;
    own_size += approval.text_size;
  }
  return count < limits::approval_count_max && own_count < limits::approval_count_max_per_identity &&
         own_size <= own_text_size_max && size <= limits::approval_text_size_max;
}

std::string Approvals::new_id() {
  for (;;) {
    std::string id;
    for (size_t i = 0; i < id_size; ++i) id += id_letters[random_() % (sizeof id_letters - 1)];
    if (!by_id_.contains(id)) return id;
  }
}

// Of what ended, so many are kept to be looked at, and no more text than leaves room for new ones.
void Approvals::forget_oldest_ended() {
  for (;;) {
    auto oldest = by_id_.end();
    size_t size = 0, ended_count = 0;
    for (auto it = by_id_.begin(); it != by_id_.end(); ++it) {
      size += it->second.text_size;
      if (!it->second.has_ended()) continue;
      ++ended_count;
      if (oldest == by_id_.end() || it->second.created_ns < oldest->second.created_ns) oldest = it;
    }
    if (oldest == by_id_.end()) return;
    if (ended_count <= ended_count_max && size <= limits::approval_text_size_max / 2) return;
    by_id_.erase(oldest);
  }
}

size_t text_size(const ApprovalWanted& wanted) {
  size_t size = wanted.text.size() + size_of(wanted.values);
  if (wanted.hidden) size += wanted.hidden->text.size() + size_of(wanted.hidden->values);
  return size;
}

std::string shown_text(const Approval& approval) {
  std::string text = approval.asked.text;
  for (const auto& [name, value] : approval.asked.values) text += "\n-- " + name + " = " + value;
  if (!approval.asked.reason.empty()) text += "\n-- reason: " + approval.asked.reason;
  return text;
}

}  // namespace sallyport
