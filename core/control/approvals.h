// The approvals of this gateway: which requests wait for a person, what was decided, and who waits for it.
// Pure bookkeeping on the control thread: no clock, no I/O; effects are returned as messages. Nothing is kept
// over a restart, so a restart denies.
//
//   open (somebody asked) -> approved -> used            a yes runs once
//                         -> denied | expired
//
// An approved request without a waiter stays until its timeout; the same digest, asked again, uses it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/control/messages.h"

namespace sallyport {

struct Approval {
  enum class State : uint8_t { open, approved, handed, used, denied, expired, voided };
  std::string id;  // short, for people
  State state = State::open;
  ApprovalWanted asked;    // the first ask; its text is what the approver sees
  int64_t created_ns = 0;  // wall clock
  int64_t expires_ns = 0;  // wall clock
  std::string decided_by, reason;
  int64_t decided_ns = 0;
  struct Waiter {
    SessionRef session;
    uint64_t ticket = 0;
    uint64_t session_id = 0;
  };
  std::vector<Waiter> waiters;  // connections that hold for it, oldest first
};

class Approvals {
 public:
  // Messages to cores and records that the calls below give rise to.
  struct Effects {
    std::vector<ApprovalAnswer> answers;
    std::vector<RecordDecision> records;
  };
  using Random = std::function<uint32_t()>;

  explicit Approvals(Random random) : random_(std::move(random)) {}

  void wanted(ApprovalWanted&& wanted, int64_t now_ns, Effects& effects);
  void left(const ApprovalLeft& left, Effects& effects);
  void returned(const ApprovalReturned& returned, Effects& effects);
  void used(const ApprovalUsed& used, Effects& effects);
  void expire(int64_t now_ns, Effects& effects);
  struct Approver {
    std::string name;
    std::span<const std::string> groups;
    std::vector<std::string> persons;  // as in identity::Identity
  };
  // A person decides. The error says why it does not count.
  Result<void> decide(const std::string& id, bool approve, const Approver& approver,
                      const std::string& reason, int64_t now_ns, Effects& effects);

  [[nodiscard]] const Approval* find(const std::string& id) const;
  // All that are open or approved and unused, oldest first; and those that ended lately.
  [[nodiscard]] std::vector<const Approval*> list(bool with_ended) const;

 private:
  void hand_out(Approval& approval, Effects& effects);
  void end(Approval& approval, Approval::State state, ApprovalState told, Effects& effects);
  void record(const Approval& approval, uint8_t decision, Effects& effects) const;
  [[nodiscard]] std::string new_id();
  [[nodiscard]] size_t open_count(const std::string& identity) const;
  void forget_oldest_ended();

  Random random_;
  std::map<std::string, Approval> by_id_;
};

// What the approver is shown and what stands on the record of the decision.
[[nodiscard]] std::string shown_text(const ApprovalWanted& wanted);

}  // namespace sallyport
