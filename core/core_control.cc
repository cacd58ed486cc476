// What a core does when the control thread speaks to it.
#include <openssl/evp.h>

#include "config/check.h"
#include "core/core.h"

namespace sallyport {

void Core::read_mailbox() {
  while (std::optional<ToCore> message = from_control_.pop()) on_message(std::move(*message));
}

void Core::on_message(ToCore&& message) {
  if (auto* answer = std::get_if<ApprovalAnswer>(&message)) {
    if (Session* session = find(answer->session)) {
      session->on_answer(*answer);
    } else if (answer->state == ApprovalState::approved) {
      (void)tell(ApprovalReturned{.approval = answer->approval});
    }
  } else if (auto* derived = std::get_if<DeriveAnswer>(&message)) {
    if (Session* session = find(derived->session)) session->on_derived(std::move(*derived));
  } else if (auto* proven = std::get_if<ProofAnswer>(&message)) {
    if (Session* session = find(proven->session)) session->on_proof(std::move(*proven));
  } else if (auto* credential = std::get_if<CredentialAnswer>(&message)) {
    if (Session* session = find(credential->session)) session->on_credential(std::move(*credential));
  } else if (auto* over = std::get_if<CredentialOver>(&message)) {
    if (Session* session = find(over->session)) session->on_credential_over(over->reason);
  } else if (auto* changed = std::get_if<SnapshotChanged>(&message)) {
    swap_snapshot(std::move(changed->snapshot));
  } else if (auto* reached = std::get_if<SignalReached>(&message)) {
    signal_local(std::string(reached->key.begin(), reached->key.end()));
  } else if (auto* kill = std::get_if<KillSession>(&message)) {
    if (Session* session = find(kill->session)) session->on_kill(kill->reason);
  } else if (auto* decision = std::get_if<RecordDecision>(&message)) {
    record(*decision);
  } else if (auto* admin = std::get_if<RecordAdmin>(&message)) {
    (void)recorder_.admin(0, {.who = admin->who, .act = admin->act, .detail = admin->detail});
  } else if (auto* policy = std::get_if<RecordPolicy>(&message)) {
    Digest digest{};
    unsigned size = 0;
    CHECK(EVP_Digest(policy->text.data(), policy->text.size(), digest.data(), &size, sha256_, nullptr) == 1);
    (void)recorder_.policy({.digest = std::as_bytes(std::span(digest)), .reason = policy->reason},
                           std::as_bytes(std::span(policy->text)));
  } else if (auto* alarm = std::get_if<RecordAlarm>(&message)) {
    (void)recorder_.fault(0, {.reason = alarm->reason, .detail = alarm->detail});
  } else if (auto* barrier = std::get_if<Barrier>(&message)) {
    (void)tell(BarrierReached{.core = index_, .number = barrier->number});
  } else if (auto* lockdown = std::get_if<LockdownChanged>(&message)) {
    lock_down(std::move(lockdown->lockdowns));
  } else if (auto* tickets = std::get_if<TicketsChanged>(&message)) {
    change_tickets(std::move(*tickets));
  } else if (auto* grants = std::get_if<GrantsChanged>(&message)) {
    change_grants(std::move(*grants));
  } else if (auto* closed = std::get_if<ClosedChanged>(&message)) {
    keep_out(std::move(closed->closed));
  } else if (std::holds_alternative<Drain>(message)) {
    drain();
  }
}

void Core::record(const RecordDecision& decision) {
  (void)recorder_.decision(decision.session_id,
                           {.approval = decision.approval,
                            .ticket = decision.ticket,
                            .decision = static_cast<ringlog::DecisionKind>(decision.decision),
                            .approver = decision.approver,
                            .reason = decision.reason},
                           std::as_bytes(std::span(decision.shown)));
}

void Core::swap_snapshot(SnapshotPointer snapshot) {
  snapshot_ = std::move(snapshot);
  throttle_.configure(snapshot_->policy->config().server.failed_login_count_max);
  derived_.clear();  // passwords may have changed
  for (const auto& scanner : snapshot_->policy->scanners())
    CHECK(masker_.prepare(*scanner) && text_masker_.prepare(*scanner));
  for (const auto& session : sessions_) session->on_snapshot();
}

void Core::lock_down(Lockdowns lockdowns) {
  lockdowns_ = std::move(lockdowns);
  for (const auto& session : sessions_) session->on_lockdown();
}

// Also who was let in here before the control thread, which ends those that it knows of, had heard of it.
void Core::keep_out(std::shared_ptr<const Closed> closed) {
  closed_ = std::move(closed);
  for (const auto& session : sessions_) {
    const auto found = closed_->identities.find(session->who());
    if (session->proven_ && session->state() != Session::State::ending && found != closed_->identities.end())
      session->on_kill(found->second);
  }
}

void Core::change_tickets(TicketsChanged&& changed) {
  for (identity::TicketPointer& ticket : changed.added) {
    const std::string& id = ticket->id;
    access_tickets_.insert_or_assign(id, std::move(ticket));
  }
  for (const std::string& id : changed.removed) {
    access_tickets_.erase(id);
    if (changed.reason.empty()) continue;  // forgotten long after it expired
    for (const auto& session : sessions_) session->on_ticket_gone(id, changed.reason);
  }
}

void Core::change_grants(GrantsChanged&& changed) {
  for (const std::string& id : changed.removed) grants_.remove(id);
  for (identity::GrantPointer& grant : changed.added) grants_.add(std::move(grant));
  for (const std::string& id : changed.removed) {
    for (const auto& session : sessions_) session->on_grant_gone(id, changed.reason, changed.at_once);
  }
}

void Core::drain() {
  if (draining_) return;
  draining_ = true;
  drain_deadline_ns_ = now_ns_ + int64_t{snapshot_->policy->config().server.drain_timeout_ms} * 1'000'000;
  for (int listener : listeners_) ring_->close(listener);
  listeners_.clear();
  listeners_to_arm_.clear();
  for (size_t i = 0; i < sessions_.size(); ++i) sessions_[i]->on_drain();
}

}  // namespace sallyport
