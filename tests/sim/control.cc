#include "tests/sim/control.h"

#include <algorithm>

#include "tests/sim/setup.h"

namespace sallyport::sim {

void Control::poll() {
  while (std::optional<ToControl> message = from_core_.pop()) {
    if (auto* wanted = std::get_if<ApprovalWanted>(&*message)) on(*wanted);
    if (auto* left = std::get_if<ApprovalLeft>(&*message)) on(*left);
    if (auto* derive = std::get_if<DeriveWanted>(&*message)) on(*derive);
    if (auto* used = std::get_if<ApprovalUsed>(&*message)) {
      Approval& approval = approvals_[used->approval];
      ++approval.used;
      if (approval.fate != Fate::approved) scene_.journal.fail("an approval was used that nobody gave");
      if (approval.used > 1) scene_.journal.fail("approval " + used->approval + " was used twice");
    }
    if (auto* back = std::get_if<ApprovalReturned>(&*message)) take_back(approvals_[back->approval]);
    if (auto* started = std::get_if<SessionStarted>(&*message)) live.push_back(started->session);
    if (auto* ended = std::get_if<SessionEnded>(&*message)) std::erase(live, ended->session);
  }
}

void Control::send(ToCore&& message, int64_t delay_ns) {
  auto shared = std::make_shared<ToCore>(std::move(message));
  scene_.network.after(delay_ns, [this, shared] {
    if (!to_core_.push(std::move(*shared))) scene_.journal.fail("the core does not read its mailbox");
  });
}

void Control::answer(const Waiter& waiter, const std::string& id, ApprovalState state) {
  ApprovalAnswer answer;
  answer.session = waiter.session;
  answer.ticket = waiter.ticket;
  answer.approval = id;
  answer.state = state;
  answer.approver = state == ApprovalState::approved || state == ApprovalState::denied ? "dora" : "";
  const bool twice = scene_.mishap(100);
  ApprovalAnswer copy = answer;
  send(std::move(answer), scene_.delay(20));
  if (twice) send(std::move(copy), scene_.delay(50));
}

void Control::on(const ApprovalWanted& wanted) {
  if (wanted.text.find(planted_mark) != std::string::npos)
    scene_.journal.fail("an approver was shown a planted value");
  const Waiter waiter = {wanted.session, wanted.ticket};
  for (auto& [id, approval] : approvals_) {
    if (approval.digest != wanted.digest || approval.lent || approval.used > 0) continue;
    if (approval.fate == Fate::open) {
      approval.waiters.push_back(waiter);
      return answer(waiter, id, ApprovalState::pending);
    }
    if (approval.fate == Fate::approved) return lend(approval, id, waiter);
  }
  const std::string id = "A" + std::to_string(++approval_count_);
  Approval& approval = approvals_[id];
  approval.digest = wanted.digest;
  if (scene_.mishap(50)) {
    approval.fate = Fate::expired;
    return answer(waiter, id, ApprovalState::refused);
  }
  approval.waiters.push_back(waiter);
  if (scene_.random().chance(800)) answer(waiter, id, ApprovalState::pending);
  if (scene_.mishap(100)) return;  // nobody ever decides
  scene_.network.after(50 * ms + scene_.delay(3000), [this, id] { decide(id); });
}

void Control::decide(const std::string& id) {
  Approval& approval = approvals_[id];
  if (approval.fate != Fate::open) return;
  ++decided_count;
  const size_t chance = scene_.random().below(10);
  approval.fate = chance < 7 ? Fate::approved : chance < 9 ? Fate::denied : Fate::expired;
  for (const Waiter& waiter : std::exchange(approval.waiters, {})) {
    if (approval.fate == Fate::approved) {
      if (approval.lent) continue;  // for one only
      lend(approval, id, waiter);
    } else {
      answer(waiter, id, approval.fate == Fate::denied ? ApprovalState::denied : ApprovalState::expired);
    }
  }
}

// Some are asked back: from then on either it has run or it never does.
void Control::lend(Approval& approval, const std::string& id, const Waiter& waiter) {
  approval.lent = true;
  answer(waiter, id, ApprovalState::approved);
  if (!scene_.mishap(400)) return;
  approval.revoking = true;
  answer(waiter, id, ApprovalState::revoked);
}

void Control::take_back(Approval& approval) {
  approval.lent = false;
  if (!approval.revoking || approval.used > 0) return;
  if (approval.fate == Fate::approved) ++revoked_count;
  approval.fate = Fate::voided;
}

void Control::on(const ApprovalLeft& left) {
  for (auto& [id, approval] : approvals_) {
    const size_t gone = std::erase_if(approval.waiters, [&](const Waiter& waiter) {
      return waiter.session == left.session && waiter.ticket == left.ticket;
    });
    if (gone > 0 && left.transaction_over && approval.fate == Fate::open) approval.fate = Fate::voided;
  }
}

void Control::on(const DeriveWanted& wanted) {
  const bool answered = !scene_.mishap(30);
  const bool right = !scene_.mishap(30);
  scene_.catalogue_trouble |= !answered || !right;
  if (!answered) return unanswered_.push_back(wanted);
  DeriveAnswer answer;
  answer.session = wanted.session;
  answer.target_index = wanted.target_index;
  answer.login_index = wanted.login_index;
  answer.salt = wanted.salt;
  answer.iterations = wanted.iterations;
  if (right) {
    const std::string_view salt(reinterpret_cast<const char*>(wanted.salt.data()), wanted.salt.size());
    answer.salted_password =
        SecretBytes(std::string_view(derived_key(target_password, salt, wanted.iterations)));
  }
  send(std::move(answer), scene_.delay(20));
}

void Control::calm_down() {
  for (const DeriveWanted& wanted : std::exchange(unanswered_, {})) on(wanted);
}

void Control::check() {
  for (const auto& [id, count] : scene_.journal.approvals_used) {
    const auto found = approvals_.find(id);
    if (found == approvals_.end() || found->second.fate != Fate::approved) {
      scene_.journal.fail("the record lets something run under approval " + id + ", which nobody gave");
    }
    if (count > 1)
      scene_.journal.fail("approval " + id + " stands on " + std::to_string(count) + " requests");
  }
  for (const auto& [id, approval] : approvals_) {
    const auto found = scene_.journal.approvals_used.find(id);
    const uint64_t recorded = found == scene_.journal.approvals_used.end() ? 0 : found->second;
    if (approval.used != recorded)
      scene_.journal.fail("approval " + id + " was recorded and told differently");
  }
}

}  // namespace sallyport::sim
