// The approvals of this gateway: which requests wait for people, who said what, and who waits for it.
// Pure bookkeeping on the control thread: no clock, no I/O; effects are returned as messages. Nothing is kept
// over a restart, so a restart denies.
//
//   open (somebody asked) -> approved -> handed (to one session) -> used            a yes runs once
//                         -> denied | expired     -> approved again, given back unused
//   open, approved -> revoked | expired | void
//
// An approved request without a waiter stays until its timeout; the same digest, asked again, uses it. One
// that may be used again goes from `used` back to `approved` until its time is over; so does a plan, whose
// requests are used one by one. What is handed can be revoked only by the session that has it: it answers
// "used" or "returned".
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/control/messages.h"
#include "ringlog/record.h"

namespace sallyport {

// A request of a plan: approved ahead, run in order, once.
struct PlanStep {
  std::string text;                     // detectors applied
  Digest digest{};                      // SHA-256 of the text as it will be asked
  std::vector<ApprovalDemand> demands;  // none: it needs no approval, and does not count
  std::vector<std::string> verbs, objects;
  bool used = false;
};

struct Approval {
  enum class State : uint8_t { open, approved, handed, used, denied, expired, voided, revoked };
  struct Vote {
    std::string who;
    config::Voter voter;
    std::string reason;
    int64_t at_ns = 0;  // wall clock
    bool again = false;
  };
  struct Waiter {
    SessionRef session;
    uint64_t ticket = 0;
    uint64_t session_id = 0;
  };
  std::string id;  // short, for people
  State state = State::open;
  ApprovalWanted asked;     // the first ask; its text is what the approver sees
  int64_t created_ns = 0;   // wall clock
  int64_t expires_ns = 0;   // wall clock
  std::vector<Vote> votes;  // each a yes
  std::string decided_by, reason;
  int64_t decided_ns = 0;
  uint32_t again_ms = 0;        // what all of its rules allow
  bool again = false;           // every vote said so
  std::vector<bool> escalated;  // of each demand
  uint64_t use_count = 0;
  size_t text_size = 0;           // bytes
  std::vector<PlanStep> plan;     // empty: a single request
  std::optional<Digest> context;  // of a plan: where its first request ran
  std::vector<Waiter> waiters;    // connections that hold for it, oldest first
  Waiter handed_to;
  bool revoking = false;  // the session that has it was told
  std::string revoked_by, revoke_reason;
  // Of a request for access: the grant that it would become, but for its id, times and givers; else null. Its
  // last yes uses it.
  std::shared_ptr<const identity::Grant> access;
  uint32_t access_ms = 0;          // for how long
  std::string grant, grant_fault;  // what became of it: the grant's id, or why there is none

  [[nodiscard]] bool has_ended() const;
  [[nodiscard]] PlanStep* next_step();  // that needs the approval; null: none is left
  [[nodiscard]] ApprovalAnswer answer(const Waiter& waiter, ApprovalState told) const;
  [[nodiscard]] bool is_open() const { return state == State::open; }
};

class Approvals {
 public:
  // Messages to cores and records that the calls below give rise to.
  struct Effects {
    std::vector<ApprovalAnswer> answers;
    std::vector<RecordDecision> records;
    std::vector<std::string> granted;  // requests for access that got their last yes
    std::vector<std::string> settled;  // approvals whose revocation, asked for earlier, came to an end
  };
  using Random = std::function<uint32_t()>;

  explicit Approvals(Random random) : random_(std::move(random)) {}

  // What cores say.
  void wanted(ApprovalWanted&& wanted, int64_t now_ns, Effects& effects);
  void left(const ApprovalLeft& left, Effects& effects);
  void returned(const ApprovalReturned& returned, int64_t now_ns, Effects& effects);
  void used(const ApprovalUsed& used, int64_t now_ns, Effects& effects);

  // What time brings: escalation and expiry.
  void tick(int64_t now_ns, Effects& effects);
  // The policy was swapped: what may be used again was granted under the old one.
  void policy_changed(Effects& effects);

  // What people say. The errors say why it does not count.
  struct Approver {
    std::string name;
    std::span<const std::string> groups;
    std::vector<std::string> persons;  // as in identity::Identity
    std::string on_behalf_of;          // as well
  };
  struct Answer {
    bool approve = false;
    bool again = false;  // for as long as the rule allows
    std::string reason;
  };
  Result<void> decide(const std::string& id, const Answer& answer, const Approver& approver, int64_t now_ns,
                      Effects& effects);
  // Whoever asked or said yes may, and the operator. True: it will not run (again). False: the session that
  // has it was asked, and `settled` of a later call names it.
  Result<bool> revoke(const std::string& id, const Approver& who, bool is_operator, const std::string& reason,
                      Effects& effects);
  // What the detectors hid; lives until the next call.
  Result<const HiddenText*> reveal(const std::string& id, const Approver& approver, Effects& effects);
  // A plan, asked for ahead of its requests. `asked` names no session. The new approval's id.
  Result<std::string> submit(ApprovalWanted&& asked, std::vector<PlanStep>&& steps, int64_t now_ns,
                             Effects& effects);

  // Access (approvals_access.cc). The id of a new request, or of the same that is open.
  Result<std::string> ask_access(ApprovalWanted&& asked, const identity::Grant& wanted, uint32_t life_ms,
                                 int64_t now_ns, Effects& effects);
  // What became of what was named in Effects::granted.
  void settle_access(const std::string& id, const std::string& grant, const std::string& fault);
  // Revokes each open request for which `why` has a reason.
  void end_access(const std::function<std::string(const Approval&)>& why, Effects& effects);

  [[nodiscard]] const Approval* find(const std::string& id) const;
  // All that are open or approved and unused, oldest first; and those that ended lately.
  [[nodiscard]] std::vector<const Approval*> list(bool with_ended) const;

  // From the ask to the last word, of the decisions that people made.
  struct Latency {
    uint64_t count = 0;
    int64_t p50_ns = 0, p95_ns = 0;  // of the last ones
  };
  [[nodiscard]] Latency latency() const;
  // Who asked, or whose yes could count.
  [[nodiscard]] static bool concerns(const Approval& approval, const Approver& who);
  [[nodiscard]] static bool is_asker(const Approval& approval, const Approver& who);

 private:
  struct AccessAsk {
    std::string identity;
    std::vector<std::string> persons;
    std::string target;
    int64_t at_ns = 0, denied_ns = 0;  // wall clock; 0: nobody said no
  };
  [[nodiscard]] Result<void> may_ask_access(const ApprovalWanted& asked, int64_t now_ns);
  void access_denied(const Approval& approval, int64_t now_ns);
  [[nodiscard]] Approval* match(const ApprovalWanted& wanted, int64_t now_ns);
  [[nodiscard]] bool has_room(const ApprovalWanted& wanted) const;
  Approval& open(ApprovalWanted&& wanted, int64_t created_ns, int64_t expires_ns, Effects& effects);
  void open_for_others(Approval& used, Effects& effects);
  void vote(Approval& approval, const Answer& answer, const Approver& approver, int64_t now_ns,
            Effects& effects);
  void decided(Approval& approval, std::string by, const std::string& reason, int64_t now_ns);
  void escalate(Approval& approval, int64_t now_ns, Effects& effects);
  void hand_out(Approval& approval, int64_t now_ns, Effects& effects);
  void revoke_now(Approval& approval, Effects& effects);
  void end(Approval& approval, Approval::State state, ApprovalState told, ringlog::DecisionKind kind,
           Effects& effects);
  // `by` and `reason` of this record; the approval's own where it has one.
  void record(const Approval& approval, ringlog::DecisionKind kind, const std::string& by,
              const std::string& reason, Effects& effects) const;
  void record_use(Approval& approval, const ApprovalUsed& used, Effects& effects);
  [[nodiscard]] std::string new_id();
  void forget_oldest_ended();

  Random random_;
  std::map<std::string, Approval> by_id_;
  std::deque<int64_t> latencies_;
  std::deque<AccessAsk> access_asks_;  // of the last hour
  uint64_t decision_count_ = 0;
};

// Bytes of the request that an approval keeps.
[[nodiscard]] size_t text_size(const ApprovalWanted& wanted);
// What the approver is shown and what stands on the record of the decision.
[[nodiscard]] std::string shown_text(const Approval& approval);

}  // namespace sallyport
