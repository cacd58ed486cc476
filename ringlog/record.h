// What is written to the log: one small FlatBuffers header (record.fbs) of facts and, apart from it, the raw
// payload (request text, reply bytes), so that a payload can be erased or sealed while the header still
// verifies. These are the facts as producers give them: plain views, lent for the one call. Strings that may
// hold personal data or secrets have passed the detectors before they come here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sallyport::ringlog {

using Bytes = std::span<const std::byte>;
using Names = std::span<const std::string_view>;

// The numbers stand in files: append only.
enum class Kind : uint8_t {
  None = 0,
  Boot = 1,
  Policy = 2,
  SessionOpened = 3,
  Login = 4,
  Request = 5,
  Decision = 6,
  Note = 7,
  Forward = 8,
  Reply = 9,
  ReplyEnd = 10,
  SessionClosed = 11,
  Admin = 12,
  Fault = 13,
  Gap = 14,
};
inline constexpr uint8_t kind_max = 14;

enum class Outcome : uint8_t { Refused = 0, Accepted = 1 };
enum class Stage : uint8_t { Prepare = 0, Execute = 1 };
enum class Verdict : uint8_t {
  Allow = 0,
  Deny = 1,
  Wait = 2,
  Observe = 3
};  // Observe: would have been denied
enum class DecisionKind : uint8_t {
  Asked = 0,
  Approved = 1,
  Denied = 2,
  Expired = 3,
  Cancelled = 4,
  Used = 5,
  Voted = 6,      // a yes, of several that it takes
  Revoked = 7,    // taken back before it ran, or no longer good for the same again
  Revealed = 8,   // somebody was shown what the detectors had hidden
  Escalated = 9,  // more groups may say yes from now on
};

// A name and its value: `field.*` facts of a request, metadata of a note, totals of a closed session.
struct Field {
  std::string_view name;
  std::string_view value;
};
using Fields = std::span<const Field>;

// The instance's first record.
struct BootFacts {
  std::string_view instance;  // host name, or what the operator calls this gateway
  std::string_view version;
  Bytes config_digest;  // SHA-256 of the config as loaded
};

// The whole policy text, without secrets, is the payload.
struct PolicyFacts {
  Bytes digest;             // SHA-256 of the policy
  std::string_view reason;  // "start", "reload"
};

struct SessionOpenedFacts {
  std::string_view peer;  // "10.1.2.3:50123"
  std::string_view listener;
  std::string_view protocol;
};

struct LoginFacts {
  std::string_view identity;
  Names groups;
  std::string_view target;
  std::string_view login;
  std::string_view database;
  std::string_view proof;  // "scram", "certificate", ...
  Outcome outcome = Outcome::Refused;
  std::string_view reason;  // the true one; the caller sees the same error for every refusal
  // Of a token, besides.
  std::string_view issuer;   // `iss`
  std::string_view subject;  // `sub`
  std::string_view actor;    // who acts for the identity; empty: it itself
  Fields job;                // what a machine's token says of its work
  uint64_t until_ns = 0;     // wall clock; the session's life ends then; 0: it has no such end
  // With whose key the target is opened.
  std::string_view credential;    // "static", "postgresql-role", "vault"; empty: there is none
  std::string_view lease;         // what it is called there: the role, the vault's lease
  std::string_view on_behalf_of;  // for whom the identity says that it asks; empty: for itself
};

// Payload: the request's text and bound values.
struct RequestFacts {
  uint64_t ticket = 0;
  Stage stage = Stage::Execute;
  Names verbs;
  Names objects;
  Fields fields;
  Verdict verdict = Verdict::Deny;
  std::string_view rule;      // empty: the target's default
  std::string_view approval;  // empty: none
  bool in_transaction = false;
  bool ours = false;    // asked by the gateway itself (catalogue look-ups, cancel), not by the caller
  uint64_t policy = 0;  // that judged it: the first 8 bytes of its digest, big-endian; 0: none did
};

// Payload: what the approver was shown.
struct DecisionFacts {
  std::string_view approval;
  uint64_t ticket = 0;
  DecisionKind decision = DecisionKind::Asked;
  std::string_view approver;  // empty for expiry and cancel
  std::string_view reason;
};

// What a plugin tells about its session (parameter status, columns); payload: optional bytes.
struct NoteFacts {
  std::string_view name;
  Fields fields;
  bool ours = false;
};

// Bytes sent to target Leg `leg` that no Request covers; the payload may hold them.
struct ForwardFacts {
  uint16_t leg = 0;
  uint64_t count = 0;  // bytes
  bool ours = false;
};

// Payload: a chunk of client-bound bytes, after masking.
struct ReplyFacts {
  uint64_t ticket = 0;  // 0: not tied to a request (notices, greetings)
  uint64_t offset = 0;  // of the chunk, in the session's client-bound stream, bytes
};

// What a mask has hit in a reply.
struct HitFacts {
  std::string_view mask;      // empty: hits beyond what is counted one by one
  std::string_view detector;  // empty: the value as a whole, by the field's name
  std::string_view field;     // its path, or its label where it has none
  uint64_t hits = 0;
  uint64_t values = 0;
};

struct ReplyEndFacts {
  uint64_t ticket = 0;
  uint64_t bytes = 0;       // client-bound, recorded or not
  uint64_t units = 0;       // rows, messages: what the plugin counts
  uint64_t masked = 0;      // values
  uint64_t withheld = 0;    // values
  uint64_t unrecorded = 0;  // bytes that no Reply holds
  Bytes unrecorded_digest;  // SHA-256 of them; empty where none
  std::string_view status;  // the protocol's outcome: "SELECT 3", "42501", "200"
  std::span<const HitFacts> hits;
};

struct SessionClosedFacts {
  std::string_view reason;  // a stable code: "client-closed", "idle-timeout", ...
  uint64_t requests = 0;
  uint64_t bytes_in = 0;   // from the client
  uint64_t bytes_out = 0;  // to the client
  uint64_t masked = 0;
};

struct AdminFacts {
  std::string_view who;
  std::string_view act;  // "reload", "kill", "approve"
  std::string_view detail;
};

struct FaultFacts {
  std::string_view reason;  // a stable code
  std::string_view detail;
};

// Records that are missing on purpose or by a fault: `count` of them (0: unknown), and why.
struct GapFacts {
  uint64_t instance = 0;  // whose records
  uint16_t ring = 0;
  uint64_t first = 0;  // sequence
  uint64_t count = 0;
  std::string_view reason;
};

// A session's id, unique in one instance; 0 stands for the core itself. `counter` starts at 1.
[[nodiscard]] constexpr uint64_t session_id(uint16_t core, uint64_t counter) {
  return (static_cast<uint64_t>(core) << 48) | (counter & 0xffff'ffff'ffffULL);
}

// A record as it lies in a ring or a segment. Views live as long as what they were read from.
struct RecordView {
  uint64_t instance = 0;  // that produced it
  uint16_t ring = 0;
  Kind kind = Kind::None;
  uint64_t sequence = 0;  // in its ring; the first is 1
  uint64_t time_ns = 0;   // wall clock, since 1970
  uint64_t session = 0;
  Bytes header;   // a FlatBuffers `fbs::Header`
  Bytes payload;  // zeros of the old size once erased
  bool erased = false;
  bool sealed = false;  // the payload can be read with the auditor's key only (seal.h)
};

}  // namespace sallyport::ringlog
