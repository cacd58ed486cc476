#include "core/control/approvals.h"

#include <algorithm>

#include "config/check.h"
#include "ringlog/record.h"

namespace sallyport {

namespace {

constexpr size_t ended_count_max = 1000;
// No vowels, no look-alikes: an id is read out over a phone.
constexpr char id_letters[] = "23456789BCDFGHJKMNPQRSTVWXZ";
constexpr size_t id_size = 5;

uint8_t number(ringlog::DecisionKind kind) { return static_cast<uint8_t>(kind); }

bool is_ended(const Approval& approval) {
  switch (approval.state) {
    case Approval::State::open:
    case Approval::State::approved:
    case Approval::State::handed: return false;
    case Approval::State::used:
    case Approval::State::denied:
    case Approval::State::expired:
    case Approval::State::voided: return true;
  }
  return true;
}

ApprovalAnswer answer(const Approval& approval, const Approval::Waiter& waiter, ApprovalState state) {
  return {.session = waiter.session,
          .ticket = waiter.ticket,
          .approval = approval.id,
          .state = state,
          .approver = approval.decided_by,
          .reason = approval.reason};
}

}  // namespace

void Approvals::wanted(ApprovalWanted&& wanted, int64_t now_ns, Effects& effects) {
  const Approval::Waiter waiter = {wanted.session, wanted.ticket, wanted.session_id};
  for (auto& [id, approval] : by_id_) {
    if (is_ended(approval) || approval.asked.digest != wanted.digest || approval.expires_ns <= now_ns)
      continue;
    approval.waiters.push_back(waiter);
    if (approval.state == Approval::State::approved) return hand_out(approval, effects);
    effects.answers.push_back(answer(approval, waiter, ApprovalState::pending));
    return;
  }
  if (open_count("") >= limits::approval_count_max ||
      open_count(wanted.identity) >= limits::approval_count_max_per_identity) {
    effects.answers.push_back({.session = wanted.session,
                               .ticket = wanted.ticket,
                               .approval = "",
                               .state = ApprovalState::refused,
                               .approver = "",
                               .reason = "too many pending"});
    return;
  }
  Approval approval;
  approval.id = new_id();
  approval.created_ns = now_ns;
  approval.expires_ns = now_ns + int64_t{wanted.timeout_ms} * 1'000'000;
  approval.asked = std::move(wanted);
  approval.waiters.push_back(waiter);
  record(approval, number(ringlog::DecisionKind::Asked), effects);
  effects.answers.push_back(answer(approval, waiter, ApprovalState::pending));
  by_id_.emplace(approval.id, std::move(approval));
  forget_oldest_ended();
}

// One yes, one run: the oldest waiter gets it, the others go on waiting for its fate.
void Approvals::hand_out(Approval& approval, Effects& effects) {
  CHECK(approval.state == Approval::State::approved);
  if (approval.waiters.empty()) return;
  approval.state = Approval::State::handed;
  effects.answers.push_back(answer(approval, approval.waiters.front(), ApprovalState::approved));
  approval.waiters.erase(approval.waiters.begin());
}

void Approvals::left(const ApprovalLeft& left, Effects& effects) {
  for (auto& [id, approval] : by_id_) {
    const auto found = std::ranges::find_if(approval.waiters, [&left](const Approval::Waiter& waiter) {
      return waiter.session == left.session && waiter.ticket == left.ticket;
    });
    if (found == approval.waiters.end()) continue;
    approval.waiters.erase(found);
    // What was asked inside a transaction is good for that one only, and it is over.
    if (left.transaction_over && !is_ended(approval) && approval.state != Approval::State::handed) {
      end(approval, Approval::State::voided, ApprovalState::expired, effects);
      record(approval, number(ringlog::DecisionKind::Cancelled), effects);
    }
    return;
  }
}

void Approvals::returned(const ApprovalReturned& returned, Effects& effects) {
  const auto found = by_id_.find(returned.approval);
  if (found == by_id_.end() || found->second.state != Approval::State::handed) return;
  Approval& approval = found->second;
  if (approval.asked.transaction != 0) {
    end(approval, Approval::State::voided, ApprovalState::expired, effects);
    record(approval, number(ringlog::DecisionKind::Cancelled), effects);
    return;
  }
  approval.state = Approval::State::approved;
  hand_out(approval, effects);
}

void Approvals::used(const ApprovalUsed& used, Effects& effects) {
  const auto found = by_id_.find(used.approval);
  if (found == by_id_.end() || found->second.state != Approval::State::handed) return;
  Approval& approval = found->second;
  approval.state = Approval::State::used;
  record(approval, number(ringlog::DecisionKind::Used), effects);
  // Who else waits with the same request needs a yes of its own.
  std::vector<Approval::Waiter> others = std::move(approval.waiters);
  approval.waiters.clear();
  if (others.empty()) return;
  Approval next;
  next.id = new_id();
  next.created_ns = approval.decided_ns;
  next.expires_ns = approval.expires_ns;
  next.asked = approval.asked;
  next.asked.session = others.front().session;
  next.asked.session_id = others.front().session_id;
  next.asked.ticket = others.front().ticket;
  next.waiters = std::move(others);
  record(next, number(ringlog::DecisionKind::Asked), effects);
  for (const Approval::Waiter& waiter : next.waiters) {
    effects.answers.push_back(answer(next, waiter, ApprovalState::pending));
  }
  by_id_.emplace(next.id, std::move(next));
}

void Approvals::expire(int64_t now_ns, Effects& effects) {
  for (auto& [id, approval] : by_id_) {
    if (is_ended(approval) || approval.state == Approval::State::handed || approval.expires_ns > now_ns)
      continue;
    end(approval, Approval::State::expired, ApprovalState::expired, effects);
    record(approval, number(ringlog::DecisionKind::Expired), effects);
  }
}

Result<void> Approvals::decide(const std::string& id, bool approve, const Approver& approver,
                               const std::string& reason, int64_t now_ns, Effects& effects) {
  const std::string& who = approver.name;
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return fail("no approval " + id + "; `sallyport approvals` lists them");
  Approval& approval = found->second;
  if (approval.expires_ns <= now_ns && !is_ended(approval)) expire(now_ns, effects);
  if (approval.state != Approval::State::open) return fail("approval " + id + " is no longer open");
  const bool is_asker =
      who == approval.asked.identity || std::ranges::any_of(approver.persons, [&](const std::string& person) {
        return std::ranges::find(approval.asked.persons, person) != approval.asked.persons.end();
      });
  if (approve && is_asker) {
    return fail(who + " asked for it and cannot approve it; somebody else of " + approval.asked.rule +
                "'s approvers must");
  }
  const bool may = std::ranges::any_of(approver.groups, [&approval](const std::string& group) {
    return std::ranges::find(approval.asked.approvers, group) != approval.asked.approvers.end();
  });
  // Taking back one's own request needs nobody's leave.
  if (!may && (approve || !is_asker)) {
    return fail(who + " is in none of the groups that rule \"" + approval.asked.rule +
                "\" names as approvers");
  }
  approval.decided_by = who;
  approval.decided_ns = now_ns;
  approval.reason = reason;
  if (!approve) {
    end(approval, Approval::State::denied, ApprovalState::denied, effects);
    record(approval, number(ringlog::DecisionKind::Denied), effects);
    return {};
  }
  approval.state = Approval::State::approved;
  record(approval, number(ringlog::DecisionKind::Approved), effects);
  hand_out(approval, effects);
  return {};
}

void Approvals::end(Approval& approval, Approval::State state, ApprovalState told, Effects& effects) {
  approval.state = state;
  for (const Approval::Waiter& waiter : approval.waiters)
    effects.answers.push_back(answer(approval, waiter, told));
  approval.waiters.clear();
}

void Approvals::record(const Approval& approval, uint8_t decision, Effects& effects) const {
  effects.records.push_back({.session_id = approval.asked.session_id,
                             .ticket = approval.asked.ticket,
                             .approval = approval.id,
                             .approver = approval.decided_by,
                             .reason = approval.reason,
                             .decision = decision,
                             .shown = shown_text(approval.asked)});
}

const Approval* Approvals::find(const std::string& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

std::vector<const Approval*> Approvals::list(bool with_ended) const {
  std::vector<const Approval*> all;
  for (const auto& [id, approval] : by_id_) {
    if (with_ended || !is_ended(approval)) all.push_back(&approval);
  }
  std::ranges::sort(all, {}, &Approval::created_ns);
  return all;
}

std::string Approvals::new_id() {
  for (;;) {
    std::string id;
    for (size_t i = 0; i < id_size; ++i) id += id_letters[random_() % (sizeof id_letters - 1)];
    if (!by_id_.contains(id)) return id;
  }
}

size_t Approvals::open_count(const std::string& identity) const {
  return static_cast<size_t>(std::ranges::count_if(by_id_, [&identity](const auto& entry) {
    return !is_ended(entry.second) && (identity.empty() || entry.second.asked.identity == identity);
  }));
}

void Approvals::forget_oldest_ended() {
  if (by_id_.size() <= limits::approval_count_max + ended_count_max) return;
  auto oldest = by_id_.end();
  for (auto it = by_id_.begin(); it != by_id_.end(); ++it) {
    if (is_ended(it->second) && (oldest == by_id_.end() || it->second.created_ns < oldest->second.created_ns))
      oldest = it;
  }
  if (oldest != by_id_.end()) by_id_.erase(oldest);
}

std::string shown_text(const ApprovalWanted& wanted) {
  std::string text = wanted.text;
  for (const auto& [name, value] : wanted.values) text += "\n-- " + name + " = " + value;
  return text;
}

}  // namespace sallyport
