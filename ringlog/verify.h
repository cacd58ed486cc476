// Proves a log whole, offline, from its files and the public key alone. Any thread; reads only.
//
// What a fault is and what is not: a process or machine that dies leaves an unfinished end in its last
// segment (a torn tail), which no signed checkpoint covers. That is reported and is no fault. Damage before a
// signed checkpoint that was made after it had been synced, or that no lost sector explains, is one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ringlog/digest.h"
#include "ringlog/segment.h"

namespace sallyport::ringlog {

enum class FaultKind {
  Unreadable,       // the file cannot be read
  StrangerFile,     // a .splog name that no writer makes
  MissingSegment,   // a gap in an instance's segments
  MissingInstance,  // the chain before is not the one named
  BadFrame,         // sizes or reserved bytes that no writer makes
  BadCrc,           // a frame's bytes were changed
  BadPayload,       // a payload's bytes were changed
  BadRecord,        // a header that is no record of its kind
  BadSequence,      // records missing, repeated or out of order
  BadHash,          // what was signed is not what stands there
  BadSignature,
  BadChain,       // a link that does not follow the one before
  BadKey,         // signed by a key that the chain does not name
  Swapped,        // a segment under another's name
  TrailingBytes,  // behind the end
  Truncated,      // ends before a link that is known to have existed
  WrongHead,      // the saved head is not in this log
};
[[nodiscard]] std::string_view name_of(FaultKind kind);

struct VerifyFault {
  std::string file;  // without the directory
  uint64_t offset = 0;
  FaultKind kind = FaultKind::Unreadable;
  std::string text;
};

struct TornTail {
  std::string file;
  uint64_t offset = 0;  // where the last whole commit ends
};

struct VerifyReport {
  std::optional<VerifyFault> fault;  // the first
  std::vector<TornTail> torn;
  uint64_t instances = 0, segments = 0, commits = 0, records = 0, bytes = 0;
  uint64_t erased = 0;     // records whose payload was erased under retention
  uint64_t sealed = 0;     // records whose payload is sealed to an auditor
  uint64_t disowned = 0;   // segments given up after a failed write
  uint64_t rotations = 0;  // of the root key
  uint64_t heads = 0;      // kept elsewhere, and found in the log
  bool closed = false;     // the newest instance has ended as it should
  Head head;               // of the newest instance
  [[nodiscard]] bool whole() const { return !fault; }
};

// An error only where the directory itself cannot be listed. `saved`: a head kept elsewhere, which must be in
// the log.
[[nodiscard]] Result<VerifyReport> verify(Files& files, const std::string& directory, const PublicKey& root,
                                          const std::optional<Head>& saved = std::nullopt);
// The same, with all the heads that a witness has (witness_head.h).
[[nodiscard]] Result<VerifyReport> verify(Files& files, const std::string& directory, const PublicKey& root,
                                          std::vector<Head> saved);

}  // namespace sallyport::ringlog
