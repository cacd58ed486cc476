#include "ringlog/commits.h"

#include <algorithm>

namespace sallyport::ringlog {

uint64_t each_commit(Bytes segment, uint64_t limit, const std::function<bool(const CommitView&)>& take) {
  std::vector<Bytes> records;
  uint64_t end = 0;
  Bytes frame;
  for (uint64_t at = 0; end < limit && at <= segment.size(); at += frame.size()) {
    if (check_frame(segment, at, frame) != FrameStatus::Good) return end;
    switch (type_of(frame)) {
      case FrameType::Record: records.push_back(frame); continue;
      case FrameType::Commit: {
        const auto commit = load<CommitFrame>(frame);
        if (commit.first_offset != end || commit.record_count != records.size()) return end;
        end = at + frame.size();
        if (!take({.offset = at, .records = records, .frame = frame})) return end;
        records.clear();
        continue;
      }
      case FrameType::Segment: end = frame.size(); continue;
      case FrameType::Close:
      case FrameType::Idle:
      case FrameType::None: return end;
    }
  }
  return end;
}

std::vector<Leaf> leaves_of(Bytes commit_frame) {
  const uint32_t count = load<CommitFrame>(commit_frame).leaf_count;
  std::vector<Leaf> leaves(count);
  std::memcpy(leaves.data(), commit_frame.data() + commit_frame.size() - count * sizeof(Leaf),
              count * sizeof(Leaf));
  return leaves;
}

uint64_t limit_by_successor(Files& files, const std::string& directory, SegmentId successor) {
  const auto bytes = files.read(directory + "/" + segment_name(successor), 0, sizeof(SegmentFrame));
  Bytes frame;
  if (!bytes || check_frame(*bytes, 0, frame) != FrameStatus::Good || type_of(frame) != FrameType::Segment) {
    return UINT64_MAX;
  }
  const auto header = load<SegmentFrame>(frame);
  return (header.flags & segment_after_failure) != 0 ? header.previous_end : UINT64_MAX;
}

std::vector<SessionPart> parts_of(Sha256& sha, std::span<const Bytes> records) {
  const auto who = [](Bytes record) {
    const auto fixed = load<RecordFrame>(record);
    return std::pair(fixed.instance, fixed.session);
  };
  std::vector<Bytes> sorted(records.begin(), records.end());
  std::stable_sort(sorted.begin(), sorted.end(), [&](Bytes a, Bytes b) { return who(a) < who(b); });
  std::vector<SessionPart> parts;
  for (size_t from = 0, to = 0; from < sorted.size(); from = to) {
    SessionPart part{.instance = who(sorted[from]).first, .session = who(sorted[from]).second};
    for (to = from; to < sorted.size() && who(sorted[to]) == who(sorted[from]); to++) {
      constexpr size_t skip = sizeof(FramePrefix);
      sha.add(
          sorted[to].subspan(skip, sizeof(RecordFrame) - skip + load<RecordFrame>(sorted[to]).header_size));
      part.records.push_back(sorted[to]);
    }
    part.headers_digest = sha.finish();
    parts.push_back(std::move(part));
  }
  return parts;
}

bool closes_session(std::span<const Bytes> records) {
  return std::ranges::any_of(records, [](Bytes record) {
    return load<RecordFrame>(record).kind == static_cast<uint8_t>(Kind::SessionClosed);
  });
}

const char* payload_fault(Sha256& sha, const Leaf& leaf, std::span<const Bytes> records) {
  size_t with_payload = 0, erased = 0;
  sha.add(leaf.salt);
  for (const Bytes bytes : records) {
    const RecordView record = view_of(bytes);
    if (record.payload.empty()) continue;
    with_payload++;
    erased += record.erased ? 1 : 0;
    sha.add(record.payload);
  }
  const Digest digest = sha.finish();
  if (with_payload == 0) {
    const bool empty = leaf.payload_digest == Digest{} && leaf.salt == Salt{};
    return empty ? nullptr : "a payload digest where there are no payloads";
  }
  // Erased together with the salt, so that nobody can test a guess against the digest.
  if (erased > 0) {
    return erased == with_payload && leaf.salt == Salt{} ? nullptr : payloads_erased_in_part.data();
  }
  return digest == leaf.payload_digest ? nullptr : "its payloads were changed";
}

}  // namespace sallyport::ringlog
