// The reading of a proof. Every byte of it is under a signature, a hash that one leads to, or has one value
// only; what is no longer there is missed by a count, by the leaf that should follow, or by the session's
// end.
#include <algorithm>
#include <map>

#include "ringlog/commits.h"
#include "ringlog/facts.h"
#include "ringlog/proof.h"
#include "ringlog/root_chain.h"

namespace sallyport::ringlog {
namespace {

class ProofVerifier {
 public:
  ProofVerifier(Bytes proof, const PublicKey& root, const std::function<void(const RecordView&)>& take)
      : proof_(proof), root_(root), take_(take) {}

  ProofReport run() {
    if (check_all() && at_ != proof_.size()) fault(FaultKind::TrailingBytes, "bytes behind the last commit");
    return std::move(report_);
  }

 private:
  bool fault(FaultKind kind, std::string text) {
    if (!report_.fault) report_.fault = {.file = {}, .offset = at_, .kind = kind, .text = std::move(text)};
    return false;
  }
  bool has(uint64_t size) {
    if (proof_.size() - at_ >= size) return true;
    return fault(FaultKind::Truncated, "the proof ends in the middle");
  }

  bool check_all() {
    if (proof_.size() < sizeof(ProofFrame)) return fault(FaultKind::Truncated, "no whole proof");
    frame_ = load<ProofFrame>(proof_);
    if (frame_.magic != proof_magic) return fault(FaultKind::BadFrame, "no proof of this version");
    if (frame_.zero != 0) return fault(FaultKind::BadFrame, "fields that no prover writes");
    if (frame_.size > proof_.size()) return fault(FaultKind::Truncated, "the proof was longer");
    if (frame_.size < proof_.size()) return fault(FaultKind::TrailingBytes, "the proof was shorter");
    report_.instance = frame_.instance;
    report_.session = frame_.session;
    at_ = sizeof(ProofFrame);
    if (!check_rotations()) return false;
    for (uint32_t i = 0; i < frame_.segment_count; i++) {
      if (!check_segment()) return false;
    }
    for (uint32_t i = 0; i < frame_.commit_count; i++) {
      if (!check_commit()) return false;
    }
    if (report_.commits == 0) return fault(FaultKind::Truncated, "no record of the session");
    return true;
  }

  bool check_rotations() {
    const uint64_t size = uint64_t{frame_.rotation_count} * sizeof(Rotation);
    if (!has(size)) return false;
    std::vector<Rotation> rotations(frame_.rotation_count);
    if (size > 0) std::memcpy(rotations.data(), proof_.data() + at_, size);
    const char* wrong = roots_.begin(root_, std::move(rotations));
    if (wrong != nullptr) return fault(FaultKind::BadKey, wrong);
    at_ += size;
    return true;
  }

  // The next key of the chain: signed by the one before, at an instance's start by the root key of its time.
  bool check_segment() {
    if (!has(sizeof(SegmentFrame))) return false;
    Bytes bytes;
    const FrameStatus status = check_frame(proof_.first(at_ + sizeof(SegmentFrame)), at_, bytes);
    if (status == FrameStatus::BadCrc) return fault(FaultKind::BadCrc, "a segment's header was changed");
    if (status != FrameStatus::Good || type_of(bytes) != FrameType::Segment)
      return fault(FaultKind::BadFrame, "no segment's header");
    const auto header = load<SegmentFrame>(bytes);
    const SegmentId id{.instance = header.instance, .segment = header.segment};
    const bool genesis = (header.flags & segment_genesis) != 0;
    if (header.magic != segment_magic || genesis != (id.segment == 1) || header.zero != 0 ||
        header.zero64 != 0)
      return fault(FaultKind::BadFrame, "header fields that no writer makes");
    if (genesis ? !check_genesis(header) : !check_follower(header)) return false;
    const Digest hash = link_hash(sha_, FrameType::Segment, hashed_part(bytes));
    if (!signature_is_valid(header.signer, hash, header.signature))
      return fault(FaultKind::BadSignature, "a segment's header is not signed by the key that it names");
    keys_[id] = header.key;
    last_ = id;
    at_ += sizeof(SegmentFrame);
    return true;
  }

  bool check_genesis(const SegmentFrame& header) {
    if (last_.instance == 0) {
      if (header.predecessor != 0)
        return fault(FaultKind::MissingInstance, "the first instance's key is missing");
    } else {
      if (header.predecessor != last_.instance || header.instance <= last_.instance)
        return fault(FaultKind::MissingInstance, "an instance's key is missing");
    }
    const char* wrong = roots_.check(header, header.predecessor);
    return wrong == nullptr || fault(FaultKind::BadKey, wrong);
  }

  bool check_follower(const SegmentFrame& header) {
    if (header.instance != last_.instance || header.segment != last_.segment + 1)
      return fault(FaultKind::MissingSegment, "a segment's key is missing");
    if (header.signer != keys_[last_]) return fault(FaultKind::BadKey, "not signed by the segment before");
    return true;
  }

  bool check_commit() {
    if (!has(sizeof(ProofCommit) + sizeof(Leaf) + sizeof(CommitFrame) - sizeof(FramePrefix))) return false;
    const auto commit = load<ProofCommit>(proof_, at_);
    const auto leaf = load<Leaf>(proof_, at_ + sizeof commit);
    const uint64_t link_at = at_ + sizeof commit + sizeof leaf;
    CommitFrame signed_frame{};
    std::memcpy(reinterpret_cast<std::byte*>(&signed_frame) + sizeof(FramePrefix), proof_.data() + link_at,
                sizeof signed_frame - sizeof(FramePrefix));
    const uint64_t hashed_size = sizeof(CommitFrame) - sizeof(FramePrefix) +
                                 uint64_t{signed_frame.watermark_count} * sizeof(Watermark);
    const uint64_t path_size = uint64_t{commit.path_count} * sizeof(Digest);
    if (!has(link_at - at_ + hashed_size + sizeof(Signature) + path_size)) return false;

    const auto key = keys_.find({.instance = commit.instance, .segment = commit.segment});
    if (key == keys_.end()) return fault(FaultKind::BadKey, "a commit of a segment whose key is not proven");
    const Digest hash = link_hash(sha_, FrameType::Commit, proof_.subspan(link_at, hashed_size));
    if (!signature_is_valid(key->second, hash, load<Signature>(proof_, link_at + hashed_size)))
      return fault(FaultKind::BadSignature, "a commit that is not signed by its segment's key");
    const std::pair place(commit.instance, signed_frame.link.number);
    if (place <= place_) return fault(FaultKind::BadSequence, "commits out of order");
    if (!check_leaf(commit, leaf)) return false;

    std::vector<Digest> path(commit.path_count);
    const uint64_t path_at = link_at + hashed_size + sizeof(Signature);
    if (path_size > 0) std::memcpy(path.data(), proof_.data() + path_at, path_size);
    const uint64_t begin = at_;
    std::vector<Bytes> records;
    if (!read_records(path_at + path_size, commit.record_count, records)) return false;
    const uint64_t end = std::exchange(at_, begin);
    if (const char* wrong = payload_fault(sha_, leaf, records); wrong != nullptr)
      return fault(FaultKind::BadPayload, wrong);
    const Digest leaf_digest = leaf_hash(sha_, leaf, parts_of(sha_, records).front().headers_digest);
    if (root_by_path(sha_, leaf_digest, commit.leaf_index, signed_frame.leaf_count, path) !=
        signed_frame.root)
      return fault(FaultKind::BadHash, "the records are not those that were signed");
    place_ = place;
    previous_ = closes_session(records) ? Digest{} : leaf_digest;
    accept(records);
    at_ = end;
    return true;
  }

  // Each leaf names the one before, so that none is missing between the first and the last; the first of each
  // chain names none.
  bool check_leaf(const ProofCommit& commit, const Leaf& leaf) {
    if (leaf.instance != frame_.instance || leaf.session != frame_.session)
      return fault(FaultKind::Swapped, "a leaf of another session");
    if (commit.instance != place_.first) previous_ = {};
    if (leaf.previous == previous_) return true;
    return fault(FaultKind::BadChain, "records before these are missing");
  }

  bool read_records(uint64_t at, uint32_t count, std::vector<Bytes>& records) {
    for (uint32_t i = 0; i < count; i++) {
      at_ = at;
      Bytes bytes;
      // Frames in the log lie on multiples of 8, and so they do here.
      switch (check_frame(proof_, at, bytes)) {
        case FrameStatus::Good: break;
        case FrameStatus::BadCrc: return fault(FaultKind::BadCrc, "a record was changed");
        case FrameStatus::BadPayload: return fault(FaultKind::BadPayload, "a payload was changed");
        case FrameStatus::End:
        case FrameStatus::Cut: return fault(FaultKind::Truncated, "the proof ends in the middle");
        case FrameStatus::BadShape: return fault(FaultKind::BadFrame, "no record");
      }
      if (type_of(bytes) != FrameType::Record) return fault(FaultKind::BadFrame, "no record");
      const auto fixed = load<RecordFrame>(bytes);
      const RecordView record = view_of(bytes);
      if (record.instance != frame_.instance || record.session != frame_.session)
        return fault(FaultKind::Swapped, "a record of another session");
      if (!has_known_shape(fixed)) return fault(FaultKind::BadFrame, "record fields that no writer makes");
      if (facts_of(record) == nullptr)
        return fault(FaultKind::BadRecord, "a header that is no record of its kind");
      const auto zero = [](std::byte byte) { return byte == std::byte{0}; };
      if (record.erased && !std::ranges::all_of(record.payload, zero))
        return fault(FaultKind::BadPayload, "erased and not empty");
      records.push_back(bytes);
      at += bytes.size();
    }
    if (records.empty()) return fault(FaultKind::BadFrame, "a commit without records");
    at_ = at;
    return true;
  }

  void accept(std::span<const Bytes> records) {
    report_.commits++;
    for (const Bytes bytes : records) {
      const RecordView record = view_of(bytes);
      if (report_.records++ == 0) {
        report_.first_ns = record.time_ns;
        report_.opened = record.kind == Kind::SessionOpened;
      }
      report_.last_ns = record.time_ns;
      report_.erased += record.erased ? 1 : 0;
      report_.ended |= record.kind == Kind::SessionClosed;
      if (take_) take_(record);
    }
  }

  const Bytes proof_;
  const PublicKey root_;
  const std::function<void(const RecordView&)>& take_;
  ProofReport report_;
  ProofFrame frame_{};
  Sha256 sha_;
  uint64_t at_ = 0;
  std::map<SegmentId, PublicKey> keys_;
  SegmentId last_;
  RootChain roots_;
  std::pair<uint64_t, uint64_t> place_{};  // the last commit's instance and link number
  Digest previous_{};                      // the leaf that the next one must name
};

}  // namespace

ProofReport verify_proof(Bytes proof, const PublicKey& root,
                         const std::function<void(const RecordView&)>& take) {
  return ProofVerifier(proof, root, take).run();
}

}  // namespace sallyport::ringlog
