// Leases: which key is whose, for how long, and what has to be done about it. Pure bookkeeping of the control
// thread: it is told what happened and what time it is, and says what to do; work comes back as minted(),
// renewed(), dropped().
//
//   minting -> live -> retiring -> dropping -> gone     (live -> dropping where nobody uses it any more)
//           -> gone, or dropping where something may have been made
//
// A lease is of one Place and used by every session there that begins while it is fresh. While it is used it
// is renewed, up to its cap; then its sessions are told that it is over, have limits::lease_retiring_ms to
// end, and what was made is taken back. That is tried until it has worked.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/control/messages.h"

namespace sallyport::credential {

struct SessionOrder {
  bool operator()(const SessionRef& a, const SessionRef& b) const {
    return std::tie(a.core, a.index, a.generation) < std::tie(b.core, b.index, b.generation);
  }
};

class Leases {
 public:
  using Id = uint64_t;

  // Who may share a key.
  struct Place {
    std::string target, login, identity, meaning;  // meaning: config::Credential's
    friend auto operator<=>(const Place&, const Place&) = default;
  };

  // Times are nanoseconds of a clock that never goes backwards.
  struct Terms {
    int64_t lease_ns = 0;
    int64_t lease_max_ns = 0;
    bool is_kept = true;  // else it is only read: nothing to renew, to drop or to tell
  };

  enum class State : uint8_t { minting, live, retiring, dropping };
  enum class Work : uint8_t { mint, renew, drop };
  struct Job {
    Work work = Work::mint;
    Id lease = 0;
    int64_t life_ns = 0;  // of renew: from now on
  };
  struct Answer {
    SessionRef session;
    Id lease = 0;  // 0: none, and why
    std::string fault;
  };
  struct Effects {
    std::vector<Answer> answers;
    std::vector<Job> jobs;         // to begin now
    std::vector<SessionRef> over;  // their key is about to be taken back
    std::vector<Id> gone;
  };

  // Of a mint that failed.
  struct Failure {
    std::string fault;      // for the caller
    bool may_exist = true;  // something may have been made
  };

  struct Lease {
    Place place;
    Terms terms;
    State state = State::minting;
    std::set<SessionRef, SessionOrder> sessions;  // that wait for it, or use it
    int64_t born_ns = 0, until_ns = 0;
    int64_t again_ns = 0;    // renewing or dropping has failed: not before
    uint32_t tries = 0;      // of dropping
    bool is_queued = false;  // for work, or at work
    bool is_at_work = false;
  };

  // Answered at once where a key is there, else when it is, or is not.
  Id wanted(const Place& place, const SessionRef& session, const Terms& terms, int64_t now_ns,
            Effects& effects);
  void left(const SessionRef& session);
  // It lives until now + life_ns.
  void minted(Id id, int64_t life_ns, int64_t now_ns, Effects& effects);
  void not_minted(Id id, const Failure& failure, int64_t now_ns, Effects& effects);
  void renewed(Id id, bool done, int64_t life_ns, int64_t now_ns, Effects& effects);
  void dropped(Id id, bool done, int64_t now_ns, Effects& effects);
  void tick(int64_t now_ns, Effects& effects);
  // Takes everything back, whoever uses it; nothing is minted any more.
  void close(int64_t now_ns, Effects& effects);

  [[nodiscard]] const Lease* find(Id id) const;
  [[nodiscard]] const std::map<Id, Lease>& all() const { return leases_; }
  [[nodiscard]] size_t session_count() const { return joined_.size(); }
  // Whether a job is under way.
  [[nodiscard]] bool is_working() const;
  void check() const;  // invariants

 private:
  // Minting has its own share of a target's work, so that logins do not wait for what is taken back.
  struct Queue {
    std::deque<Job> minting, keeping;
    size_t minting_count = 0, keeping_count = 0;  // under way
  };

  [[nodiscard]] bool is_fresh(const Lease& lease, int64_t now_ns) const;
  void queue(Id id, Job job, Effects& effects);
  void finish_work(Id id, Work work, Effects& effects);
  void start_work(Queue& queue, Effects& effects);
  void start_dropping(Id id, Lease& lease, Effects& effects);
  void forget(Id id, Effects& effects);
  void age(Id id, Lease& lease, int64_t now_ns, Effects& effects);

  std::map<Id, Lease> leases_;
  std::map<Place, std::set<Id>> by_place_;
  std::map<SessionRef, Id, SessionOrder> joined_;
  std::map<std::string, Queue> queues_;      // by target
  std::map<std::string, size_t> by_target_;  // count of leases
  Id last_id_ = 0;
  bool closed_ = false;
};

}  // namespace sallyport::credential
