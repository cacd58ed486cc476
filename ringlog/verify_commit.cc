// Verifier: records and the commit that signs them.
#include <algorithm>
#include <tuple>

#include "ringlog/facts.h"
#include "ringlog/verifier.h"

namespace sallyport::ringlog {
namespace {

bool all_zero(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

bool Verifier::check_record(Bytes frame, uint64_t offset) {
  const auto fixed = load<RecordFrame>(frame);
  const RecordView record = view_of(frame);
  if (fixed.zero8 != 0 || fixed.zero32 != 0 || record.instance > head_.instance) {
    return fault(FaultKind::BadFrame, offset, "record fields that no writer makes");
  }
  if (facts_of(record) == nullptr)
    return fault(FaultKind::BadRecord, offset, "a header that is no record of its kind");
  uint64_t& sequence = sequences_[{record.instance, record.ring}];
  if (record.sequence != sequence + 1) {
    return fault(
        FaultKind::BadSequence, offset,
        "record " + std::to_string(record.sequence) + " of its ring follows " + std::to_string(sequence));
  }
  sequence = record.sequence;
  if (!commit_records_.empty()) {
    const auto before = load<RecordFrame>(commit_records_.back());
    if (std::pair(fixed.instance, fixed.ring) < std::pair(before.instance, before.ring)) {
      return fault(FaultKind::BadSequence, offset, "rings out of order in one commit");
    }
  }
  if (record.erased) {
    if (!all_zero(record.payload)) return fault(FaultKind::BadPayload, offset, "erased and not empty");
    report_.erased++;
  }
  return true;
}

bool Verifier::check_commit(Bytes bytes, Bytes frame) {
  const auto commit = load<CommitFrame>(frame);
  const uint64_t first = head_.offset;
  const uint64_t durable_before = head_.number;
  if (!check_link(frame, FrameType::Commit)) return false;
  if (commit.first_offset != first || commit.record_count != commit_records_.size() ||
      commit_records_.empty() || commit.durable > durable_before || commit.zero != 0) {
    return fault(FaultKind::BadHash, offset_, "the commit does not match the records before it");
  }
  if (!check_watermarks(frame)) return false;
  if (!check_leaves(bytes, frame)) return false;
  leaves_.settle();
  report_.commits++;
  report_.records += commit_records_.size();
  return true;
}

bool Verifier::check_watermarks(Bytes frame) {
  const auto commit = load<CommitFrame>(frame);
  for (uint32_t i = 0; i < commit.watermark_count; i++) {
    const auto mark = load<Watermark>(frame, sizeof(CommitFrame) + i * sizeof(Watermark));
    const auto known = sequences_.find({mark.instance, mark.ring});
    if (mark.zero16 != 0 || mark.zero32 != 0 || known == sequences_.end() || known->second != mark.sequence) {
      return fault(FaultKind::BadSequence, offset_, "a ring's last sequence is not that of its last record");
    }
  }
  return true;
}

// Builds the tree again from the records and compares its root with the signed one.
bool Verifier::check_leaves(Bytes, Bytes frame) {
  const auto commit = load<CommitFrame>(frame);
  const size_t leaves_at = frame.size() - commit.leaf_count * sizeof(Leaf);
  std::vector<Bytes> records = commit_records_;
  const auto who = [](Bytes record) {
    const auto fixed = load<RecordFrame>(record);
    return std::pair(fixed.instance, fixed.session);
  };
  std::stable_sort(records.begin(), records.end(), [&](Bytes a, Bytes b) { return who(a) < who(b); });
  std::vector<Digest> hashes;
  for (size_t from = 0, to = 0; from < records.size(); from = to) {
    const Leaves::Key key = who(records[from]);
    bool closed = false;
    for (to = from; to < records.size() && who(records[to]) == key; to++) {
      const auto fixed = load<RecordFrame>(records[to]);
      constexpr size_t skip = sizeof(FramePrefix);
      sha_.add(records[to].subspan(skip, sizeof(RecordFrame) - skip + fixed.header_size));
      closed |= fixed.kind == static_cast<uint8_t>(Kind::SessionClosed);
    }
    const Digest headers_digest = sha_.finish();
    if (hashes.size() == commit.leaf_count)
      return fault(FaultKind::BadHash, offset_, "a session without a leaf");
    const auto leaf = load<Leaf>(frame, leaves_at + hashes.size() * sizeof(Leaf));
    if (Leaves::Key(leaf.instance, leaf.session) != key || leaf.previous != leaves_.previous(key)) {
      return fault(FaultKind::BadHash, offset_, "a leaf that does not follow its session's last one");
    }
    if (!check_payloads(leaf, std::span(records).subspan(from, to - from))) return false;
    hashes.push_back(leaf_hash(sha_, leaf, headers_digest));
    leaves_.advance(key, hashes.back(), closed);
  }
  if (hashes.size() != commit.leaf_count || tree_root(sha_, hashes) != commit.root) {
    return fault(
        FaultKind::BadHash, commit.first_offset,
        "the records of the commit at byte " + std::to_string(offset_) + " are not those that were signed");
  }
  return true;
}

bool Verifier::check_payloads(const Leaf& leaf, std::span<const Bytes> records) {
  size_t with_payload = 0, erased = 0;
  sha_.add(leaf.salt);
  for (const Bytes bytes : records) {
    const RecordView record = view_of(bytes);
    if (record.payload.empty()) continue;
    with_payload++;
    erased += record.erased ? 1 : 0;
    sha_.add(record.payload);
  }
  const Digest digest = sha_.finish();
  if (with_payload == 0) {
    if (leaf.payload_digest == Digest{} && leaf.salt == Salt{}) return true;
    return fault(FaultKind::BadHash, offset_, "a payload digest where there are no payloads");
  }
  if (erased > 0) {
    // Erased together with the salt, so that nobody can test a guess against the digest.
    if (erased == with_payload && leaf.salt == Salt{}) return true;
    return fault(FaultKind::BadPayload, offset_, "a session's payloads erased in part");
  }
  if (digest == leaf.payload_digest) return true;
  return fault(FaultKind::BadHash, offset_,
               "payloads of session " + std::to_string(leaf.session) + " were changed");
}

}  // namespace sallyport::ringlog
