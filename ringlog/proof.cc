// The making of a proof. What is read here is not verified: verify_proof says what the result is worth.
#include "ringlog/proof.h"

#include <algorithm>
#include <cerrno>

#include "ringlog/commits.h"
#include "ringlog/root_chain.h"
#include "ringlog/writer.h"

namespace sallyport::ringlog {
namespace {

class Prover {
 public:
  Prover(Files& files, const std::string& directory, uint64_t instance, uint64_t session)
      : files_(files), directory_(directory), instance_(instance), session_(session) {}

  Result<std::vector<std::byte>> run() {
    auto listed = list_segments(files_, directory_);
    if (!listed) return std::unexpected(std::move(listed.error()));
    segments_ = std::move(*listed);
    for (size_t i = 0; i < segments_.size(); i++) {
      const uint64_t chain = segments_[i].id.instance;
      if (chain < instance_) continue;
      if (chain > instance_ && passed_ == chain) continue;
      if (auto walked = walk(i); !walked) return std::unexpected(std::move(walked.error()));
    }
    if (commit_count_ == 0) return fail("no such session in " + directory_, ENOENT);
    return assemble();
  }

 private:
  // One segment's commits. Records of a dead instance stand before the first of the cores of the one that
  // brought them in.
  Result<void> walk(size_t index) {
    const SegmentInfo& info = segments_[index];
    const bool own = info.id.instance == instance_;
    uint64_t limit = UINT64_MAX;
    const bool has_successor =
        index + 1 < segments_.size() && segments_[index + 1].id.instance == info.id.instance;
    if (has_successor) limit = limit_by_successor(files_, directory_, segments_[index + 1].id);
    // Most instances bring nothing in: their beginning says so.
    constexpr uint64_t beginning = 1 << 20;
    for (const uint64_t size : {beginning, whole_file}) {
      if (own && size == beginning) continue;
      auto bytes = files_.read(directory_ + "/" + info.name, 0, size);
      if (!bytes) return std::unexpected(std::move(bytes.error()));
      const size_t commits_size = commits_.size();
      const uint32_t commit_count = commit_count_;
      each_commit(*bytes, limit, [&](const CommitView& commit) { return take(info.id, commit); });
      if (passed_ == info.id.instance || bytes->size() < size) break;
      if (size == whole_file) break;
      commits_.resize(commits_size);
      commit_count_ = commit_count;
    }
    return {};
  }

  // False: nothing of the session can follow in this chain.
  bool take(SegmentId id, const CommitView& commit) {
    if (id.instance != instance_) {
      const bool served = std::ranges::any_of(commit.records, [&](Bytes record) {
        const auto frame = load<RecordFrame>(record);
        return frame.instance == id.instance && frame.ring != writer_ring_index;
      });
      if (served) passed_ = id.instance;
    }
    const std::vector<Leaf> leaves = leaves_of(commit.frame);
    const auto own = std::ranges::find_if(
        leaves, [&](const Leaf& leaf) { return leaf.instance == instance_ && leaf.session == session_; });
    if (own != leaves.end()) add(id, commit, leaves, static_cast<size_t>(own - leaves.begin()));
    return passed_ != id.instance;
  }

  void add(SegmentId id, const CommitView& commit, std::span<const Leaf> leaves, size_t index) {
    const std::vector<SessionPart> parts = parts_of(sha_, commit.records);
    if (parts.size() != leaves.size()) return;  // a damaged log: the leaf is missed by verify_proof
    std::vector<Digest> hashes;
    for (size_t i = 0; i < parts.size(); i++)
      hashes.push_back(leaf_hash(sha_, leaves[i], parts[i].headers_digest));
    const std::vector<Digest> path = tree_path(sha_, hashes, index);
    append(bytes_of(ProofCommit{.instance = id.instance,
                                .segment = id.segment,
                                .leaf_index = static_cast<uint32_t>(index),
                                .path_count = static_cast<uint32_t>(path.size()),
                                .record_count = static_cast<uint32_t>(parts[index].records.size())}));
    append(bytes_of(leaves[index]));
    const size_t signed_size = hashed_part(commit.frame).size() + sizeof(Signature);
    append(commit.frame.subspan(sizeof(FramePrefix), signed_size));
    append(std::as_bytes(std::span(path)));
    for (const Bytes record : parts[index].records) append(record);
    commit_count_++;
    last_ = id;
  }

  // The keys that lead to the last commit: each instance's first segment, and all of those with commits.
  Result<std::vector<std::byte>> assemble() {
    const auto rotations = read_rotations(files_, directory_);
    if (!rotations) return std::unexpected(rotations.error());
    const Bytes rotation_bytes = std::as_bytes(std::span(*rotations));
    std::vector<std::byte> keys(rotation_bytes.begin(), rotation_bytes.end());
    uint32_t segment_count = 0;
    for (const SegmentInfo& info : segments_) {
      if (info.id > last_) break;
      if (info.id.segment != 1 && info.id.instance < instance_) continue;
      auto bytes = files_.read(directory_ + "/" + info.name, 0, sizeof(SegmentFrame));
      if (!bytes) return std::unexpected(std::move(bytes.error()));
      keys.insert(keys.end(), bytes->begin(), bytes->end());
      segment_count++;
    }
    const ProofFrame frame{.magic = proof_magic,
                           .instance = instance_,
                           .session = session_,
                           .size = sizeof(ProofFrame) + keys.size() + commits_.size(),
                           .rotation_count = static_cast<uint32_t>(rotations->size()),
                           .segment_count = segment_count,
                           .commit_count = commit_count_,
                           .zero = 0};
    std::vector<std::byte> proof(bytes_of(frame).begin(), bytes_of(frame).end());
    proof.insert(proof.end(), keys.begin(), keys.end());
    proof.insert(proof.end(), commits_.begin(), commits_.end());
    return proof;
  }

  void append(Bytes bytes) { commits_.insert(commits_.end(), bytes.begin(), bytes.end()); }

  Files& files_;
  const std::string& directory_;
  const uint64_t instance_, session_;
  Sha256 sha_;
  std::vector<SegmentInfo> segments_;
  std::vector<std::byte> commits_;
  uint32_t commit_count_ = 0;
  SegmentId last_;       // of the last commit
  uint64_t passed_ = 0;  // the later instance that has nothing more of the session
};

}  // namespace

Result<std::vector<std::byte>> prove_session(Files& files, const std::string& directory, uint64_t instance,
                                             uint64_t session) {
  return Prover(files, directory, instance, session).run();
}

}  // namespace sallyport::ringlog
