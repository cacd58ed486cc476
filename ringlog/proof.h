// One session of the log, proven alone and whole: its records, and what leads from them to the root key
// (proof.md). Nothing of another session stands in it but hashes. Any thread; reads only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ringlog/segment.h"
#include "ringlog/verify.h"

namespace sallyport::ringlog {

inline constexpr std::array<char, 8> proof_magic = {'S', 'P', 'P', 'R',
                                                    'O', 'O', 'F', 1};  // the last: version

// The file's first bytes. Then: rotations, segment frames as in the log, commits.
struct ProofFrame {
  std::array<char, 8> magic;
  uint64_t instance;  // of the session's records
  uint64_t session;
  uint64_t size;  // of the file, bytes
  uint32_t rotation_count;
  uint32_t segment_count;
  uint32_t commit_count;
  uint32_t zero;
};
static_assert(sizeof(ProofFrame) == 48);

// Followed by the leaf, the commit frame from its link to its signature, the path, the record frames.
struct ProofCommit {
  uint64_t instance;  // of the chain that the commit stands in
  uint32_t segment;
  uint32_t leaf_index;  // of the session's leaf among the commit's
  uint32_t path_count;
  uint32_t record_count;
};
static_assert(sizeof(ProofCommit) == 24);

// The proof's bytes. ENOENT: no such session in the log.
[[nodiscard]] Result<std::vector<std::byte>> prove_session(Files& files, const std::string& directory,
                                                           uint64_t instance, uint64_t session);

struct ProofReport {
  std::optional<VerifyFault> fault;  // the first; its file is empty
  uint64_t instance = 0, session = 0;
  uint64_t commits = 0, records = 0;
  uint64_t erased = 0;                 // records whose payload was erased under retention
  uint64_t first_ns = 0, last_ns = 0;  // of its records
  bool opened = false;                 // begins with SessionOpened
  bool ended = false;                  // SessionClosed is among the records: nothing was cut off
};

// Each proven record goes to `take` as its commit is proven: who must not act on a part waits for the report.
[[nodiscard]] ProofReport verify_proof(Bytes proof, const PublicKey& root,
                                       const std::function<void(const RecordView&)>& take = {});

}  // namespace sallyport::ringlog
