// The commits in one segment's bytes, for those who need more of them than the records. Checksums are
// checked; hashes and signatures are not. Any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ringlog/segment.h"

namespace sallyport::ringlog {

struct CommitView {
  uint64_t offset = 0;             // of the commit's own frame
  std::span<const Bytes> records;  // their frames, in order
  Bytes frame;
};

// Calls `take` for each whole commit of a segment up to byte `limit`, until it says false. Where the walk
// ended.
uint64_t each_commit(Bytes segment, uint64_t limit, const std::function<bool(const CommitView&)>& take);

// The leaves that stand behind a commit.
[[nodiscard]] std::vector<Leaf> leaves_of(Bytes commit_frame);

// Where the chain leaves a segment when the next one says so because a write had failed; else UINT64_MAX.
[[nodiscard]] uint64_t limit_by_successor(Files& files, const std::string& directory, SegmentId successor);

// The records of one session in a commit, by (instance, session), with the digest of their headers.
struct SessionPart {
  uint64_t instance = 0, session = 0;
  std::vector<Bytes> records;
  Digest headers_digest{};
};
// In the order of the leaves.
[[nodiscard]] std::vector<SessionPart> parts_of(Sha256& sha, std::span<const Bytes> records);
// Whether SessionClosed is among them: the session's leaves begin anew after it.
[[nodiscard]] bool closes_session(std::span<const Bytes> records);

// What is wrong with the payloads of one leaf; null: nothing.
inline constexpr std::string_view payloads_erased_in_part = "payloads erased in part";
[[nodiscard]] const char* payload_fault(Sha256& sha, const Leaf& leaf, std::span<const Bytes> records);

}  // namespace sallyport::ringlog
