// The control plane's answers: approvals decided by chance, late, twice or never; derived keys; signals.
// Holds the core to the rules of approvals as it goes.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/core.h"
#include "tests/sim/scene.h"

namespace sallyport::sim {

class Control {
 public:
  Control(Scene& scene, ControlInbox& from_core, CoreInbox& to_core)
      : scene_(scene), from_core_(from_core), to_core_(to_core) {}

  // Reads what the core has said.
  void poll();
  void send(ToCore&& message, int64_t delay_ns);
  // Answers what it had not.
  void calm_down();
  // At the end, against the record.
  void check();

  std::vector<SessionRef> live;  // sessions that have begun and not ended
  uint64_t decided_count = 0;
  uint64_t revoked_count = 0;  // in time

 private:
  struct Waiter {
    SessionRef session;
    uint64_t ticket = 0;
  };
  enum class Fate : uint8_t { open, approved, denied, expired, voided };
  struct Approval {
    Digest digest{};
    Fate fate = Fate::open;
    bool lent = false;      // told to a waiter, and neither used nor returned
    bool revoking = false;  // who has it was asked to give it back
    uint64_t used = 0;
    std::vector<Waiter> waiters;
  };

  void on(const ApprovalWanted& wanted);
  void on(const ApprovalLeft& left);
  void on(const DeriveWanted& wanted);
  void decide(const std::string& id);
  void lend(Approval& approval, const std::string& id, const Waiter& waiter);
  void take_back(Approval& approval);
  void answer(const Waiter& waiter, const std::string& id, ApprovalState state);

  Scene& scene_;
  ControlInbox& from_core_;
  CoreInbox& to_core_;
  std::map<std::string, Approval> approvals_;
  std::vector<DeriveWanted> unanswered_;
  uint64_t approval_count_ = 0;
};

}  // namespace sallyport::sim
