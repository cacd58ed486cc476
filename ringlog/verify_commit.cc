// Verifier: records and the commit that signs them.
#include <algorithm>
#include <utility>

#include "ringlog/commits.h"
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
  if (!has_known_shape(fixed) || record.instance > head_.instance) {
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
  } else if (record.sealed) {
    report_.sealed++;
  }
  return true;
}

bool Verifier::check_commit(Bytes frame) {
  const auto commit = load<CommitFrame>(frame);
  const uint64_t first = head_.offset;
  const uint64_t durable_before = head_.number;
  if (!check_link(frame, FrameType::Commit)) return false;
  if (commit.first_offset != first || commit.record_count != commit_records_.size() ||
      commit_records_.empty() || commit.durable > durable_before || commit.zero != 0) {
    return fault(FaultKind::BadHash, offset_, "the commit does not match the records before it");
  }
  if (!check_watermarks(frame)) return false;
  if (!check_leaves(frame)) return false;
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
bool Verifier::check_leaves(Bytes frame) {
  const auto commit = load<CommitFrame>(frame);
  const size_t leaves_at = frame.size() - commit.leaf_count * sizeof(Leaf);
  std::vector<Digest> hashes;
  for (const SessionPart& part : parts_of(sha_, commit_records_)) {
    const Leaves::Key key(part.instance, part.session);
    if (hashes.size() == commit.leaf_count)
      return fault(FaultKind::BadHash, offset_, "a session without a leaf");
    const auto leaf = load<Leaf>(frame, leaves_at + hashes.size() * sizeof(Leaf));
    if (Leaves::Key(leaf.instance, leaf.session) != key || leaf.previous != leaves_.previous(key)) {
      return fault(FaultKind::BadHash, offset_, "a leaf that does not follow its session's last one");
    }
    if (!check_payloads(leaf, part.records)) return false;
    hashes.push_back(leaf_hash(sha_, leaf, part.headers_digest));
    leaves_.advance(key, hashes.back(), closes_session(part.records));
  }
  if (hashes.size() != commit.leaf_count || tree_root(sha_, hashes) != commit.root) {
    return fault(
        FaultKind::BadHash, commit.first_offset,
        "the records of the commit at byte " + std::to_string(offset_) + " are not those that were signed");
  }
  return true;
}

bool Verifier::check_payloads(const Leaf& leaf, std::span<const Bytes> records) {
  const char* wrong = payload_fault(sha_, leaf, records);
  if (wrong == nullptr) return true;
  const bool in_part = std::string_view(wrong) == payloads_erased_in_part;
  return fault(in_part ? FaultKind::BadPayload : FaultKind::BadHash, offset_,
               "session " + std::to_string(leaf.session) + ": " + wrong);
}

}  // namespace sallyport::ringlog
