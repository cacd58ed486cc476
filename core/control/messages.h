// What crosses between a core thread and the control thread. Plain values, moved through mailboxes; each
// names the session by index and generation, so that an answer for a session that has gone finds nobody. The
// simulation answers these in the control plane's place.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/approval_terms.h"
#include "config/scram_secret.h"
#include "core/control/secret_bytes.h"
#include "core/control/snapshot.h"
#include "core/credential/key.h"
#include "core/identity/grant.h"
#include "core/identity/identity.h"
#include "core/identity/ticket.h"

namespace sallyport {

struct SessionRef {
  uint16_t core = 0;
  uint32_t index = 0;
  uint32_t generation = 0;
  friend bool operator==(const SessionRef&, const SessionRef&) = default;
};

using Digest = std::array<uint8_t, 32>;  // SHA-256

// ---- Core to control -------------------------------------------------------------------------------------

// A rule and what it wants. A batch may meet several rules; each wants its own.
struct ApprovalDemand {
  std::string rule;
  config::ApprovalTerms terms;
  friend bool operator==(const ApprovalDemand&, const ApprovalDemand&) = default;
};

using NamedValues = std::vector<std::pair<std::string, std::string>>;

// What the detectors have hidden from approvers, for those who ask for it. Zeroed when it goes.
struct HiddenText {
  std::string text;
  NamedValues values;
  HiddenText() = default;
  ~HiddenText();
  HiddenText(const HiddenText&) = delete;
  HiddenText& operator=(const HiddenText&) = delete;
};

// A rule wants a person's yes. The same digest (identity, target, transaction if any, and the plugin's
// binding bytes) is the same request: it joins a pending one or uses an approval given earlier.
struct ApprovalWanted {
  SessionRef session;
  uint64_t session_id = 0;  // as on records
  uint64_t ticket = 0;
  Digest digest{};
  std::string identity, target, login, database, rule, peer;
  std::vector<std::string> persons;  // who asks, as in identity::Identity
  std::string actor;                 // who acts for the identity
  std::string on_behalf_of;          // as in identity::Identity
  NamedValues job;
  std::vector<ApprovalDemand> demands;  // at least one; `rule` is the first's
  std::string text;                     // what will run, detectors applied
  NamedValues values;
  std::shared_ptr<const HiddenText> hidden;  // null: they found nothing, or it is too large to keep
  std::vector<std::string> verbs, objects;
  std::vector<std::string> masks;  // that apply to the reply
  std::string reason;              // the caller's, detectors applied
  Digest text_digest{};            // SHA-256 of the text, of a request without bound values; else zeros
  Digest context_digest{};         // of where it would run, as far as the plugin says; else zeros
  bool plain_context = false;      // that is as the login left it
  uint64_t transaction = 0;        // not 0: good for this transaction of this session only
  int64_t transaction_age_ms = 0;
  uint32_t timeout_ms = 0;
};

// Nobody waits under this ticket any more (hold ended, cancelled, gone). `transaction_over` voids it.
struct ApprovalLeft {
  SessionRef session;
  uint64_t ticket = 0;
  std::string approval;  // empty: not yet told
  bool transaction_over = false;
};

// An approval reached a ticket that could not use it any more: it was not run.
struct ApprovalReturned {
  std::string approval;
};

// The request has been recorded as allowed and is on its way: the approval is spent.
struct ApprovalUsed {
  std::string approval;
  uint64_t session_id = 0;
  uint64_t ticket = 0;
};

// SaltedPassword of RFC 5802, too slow (3-4 ms) for a core.
struct DeriveWanted {
  SessionRef session;
  SnapshotPointer snapshot;    // keeps the secret alive
  credential::KeyPointer key;  // whose secret it is of; null: the login's own
  uint32_t target_index = 0;
  uint32_t login_index = 0;
  std::vector<uint8_t> salt;
  uint32_t iterations = 0;
};

// A token, whose answer may take as long as its issuer's keys; or a password, which takes milliseconds.
struct ProofWanted {
  SessionRef session;
  SecretBytes proof;
  std::optional<config::ScramSecret> verifier{};  // of the user who was named; none: the proof says who
};

// The login's key is one that is made or fetched for its caller; the answer may take as long as the target or
// a vault. CredentialLeft once the session is over, whatever was answered.
struct CredentialWanted {
  SessionRef session;
  SnapshotPointer snapshot;
  uint32_t target_index = 0;
  uint32_t login_index = 0;
  std::string identity;
};
struct CredentialLeft {
  SessionRef session;
};

// A session signals a key that was published somewhere, on any core.
struct SignalSent {
  uint16_t from_core = 0;
  std::vector<uint8_t> key;
};

// For the list of live sessions; sent at login and at the end.
struct SessionStarted {
  SessionRef session;
  uint64_t session_id = 0;
  std::vector<std::string> persons;
  std::string ticket;  // that proved it; empty: something else did
  std::string grant;   // that it stands on; empty: it needs none
  std::string identity, target, login, database, peer, protocol;
  int64_t since_ns = 0;  // wall clock
};
struct SessionEnded {
  SessionRef session;
  uint64_t session_id = 0;
};

struct CoreDrained {
  uint16_t core = 0;
};

// What was sent to the core before the Barrier of this number is in force there.
struct BarrierReached {
  uint16_t core = 0;
  uint64_t number = 0;
};

using ToControl = std::variant<std::monostate, ApprovalWanted, ApprovalLeft, ApprovalReturned, ApprovalUsed,
                               DeriveWanted, ProofWanted, CredentialWanted, CredentialLeft, SignalSent,
                               SessionStarted, SessionEnded, CoreDrained, BarrierReached>;

// ---- Control to core -------------------------------------------------------------------------------------

// refused: too many open; revoked: what was approved must not run any more, if it has not yet.
enum class ApprovalState : uint8_t { pending, approved, denied, expired, refused, revoked };

struct ApprovalAnswer {
  SessionRef session;
  uint64_t ticket = 0;
  std::string approval;  // its id
  ApprovalState state = ApprovalState::pending;
  std::string approver;
  std::string reason;
};

struct DeriveAnswer {
  SessionRef session;
  uint32_t target_index = 0;
  uint32_t login_index = 0;
  std::vector<uint8_t> salt;
  uint32_t iterations = 0;
  SecretBytes salted_password;  // empty: failed
};

struct ProofAnswer {
  SessionRef session;
  identity::IdentityPointer identity;  // null: refused
  identity::TicketPointer ticket;      // where the proof was one
  std::string fault;                   // why, for the record
  std::string issuer, subject;         // of a refused token that its issuer did sign; else empty
};

// Tickets that were made, and those that are good for nothing any more: sessions opened with them end.
struct TicketsChanged {
  std::vector<identity::TicketPointer> added;
  std::vector<std::string> removed;
  std::string reason;  // why they were removed, for the record and the callers
};

// Grants that were given, and those that are over. `at_once`: what stands on these ends now, else at its next
// idle point. Without a reason they expired long enough ago that nothing stands on them.
struct GrantsChanged {
  std::vector<identity::GrantPointer> added;
  std::vector<std::string> removed;
  std::string reason;  // for the record and the callers
  bool at_once = false;
};

// Whom the operators keep out; replaced whole.
struct Closed {
  std::string all;                                             // why nobody new is let in; empty: they are
  std::map<std::string, std::string, std::less<>> identities;  // and why each of these is not
};
struct ClosedChanged {
  std::shared_ptr<const Closed> closed;
};

struct CredentialAnswer {
  SessionRef session;
  credential::KeyPointer key;  // null: there is none
  std::string fault;           // for the caller
};

// The session's key is about to be taken back: it ends at its next idle point.
struct CredentialOver {
  SessionRef session;
  std::string reason;
};

struct SnapshotChanged {
  SnapshotPointer snapshot;
};

struct SignalReached {
  std::vector<uint8_t> key;
};

struct KillSession {
  SessionRef session;
  std::string reason;
};

// Answered with BarrierReached.
struct Barrier {
  uint64_t number = 0;
};

// Targets that leaked, and when that was seen: their sessions end, and nobody but the canary opens them.
using Lockdowns = std::map<std::string, std::string, std::less<>>;
struct LockdownChanged {
  Lockdowns lockdowns;  // all of them
};

// A fact that belongs on the record of core 0's ring: decisions, administrative acts, policy texts.
struct RecordDecision {
  uint64_t session_id = 0;
  uint64_t ticket = 0;
  std::string approval, approver, reason;
  uint8_t decision = 0;  // ringlog::DecisionKind
  std::string shown;     // what the approver was shown
};
struct RecordAdmin {
  std::string who, act, detail;
};
struct RecordPolicy {
  std::string text, reason;
};
struct RecordAlarm {
  std::string reason, detail;  // a Fault of no session
};

struct Drain {};  // stop accepting, end sessions at idle points, then stop

using ToCore =
    std::variant<std::monostate, ApprovalAnswer, DeriveAnswer, ProofAnswer, CredentialAnswer, CredentialOver,
                 SnapshotChanged, SignalReached, KillSession, Barrier, LockdownChanged, TicketsChanged,
                 GrantsChanged, ClosedChanged, RecordDecision, RecordAdmin, RecordPolicy, RecordAlarm, Drain>;

}  // namespace sallyport
