// Verifier: the end of a segment that was not closed. Tells what a crash leaves from what a hand has done.
//
// The disk writes whole sectors: after a crash each sector behind the last sync holds what was written or
// what was there before (zeros, or an idle checkpoint). Damage of another shape, or before something that was
// signed after a later sync, is no crash's.
#include <algorithm>

#include "ringlog/verifier.h"

namespace sallyport::ringlog {
namespace {

bool all_zero(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

bool Verifier::check_tail(Bytes bytes, FrameStatus status) {
  // Where nothing was written behind the last link there is an idle checkpoint or nothing.
  if (offset_ == head_.offset) {
    Bytes frame;
    const uint64_t idle = idle_offset(offset_);
    const bool gap_is_zero = idle <= bytes.size() && all_zero(bytes.subspan(offset_, idle - offset_));
    const bool stands = gap_is_zero && check_frame(bytes, idle, frame) == FrameStatus::Good &&
                        type_of(frame) == FrameType::Idle;
    if (stands) return check_idle(bytes.subspan(0, idle + frame.size()));
    if (all_zero(bytes.subspan(offset_))) return true;
  }
  Bytes frame;
  (void)check_frame(bytes, offset_, frame);
  const bool unfinished = status == FrameStatus::End || status == FrameStatus::Cut;
  // Where the fixed part itself lost a sector its size makes no sense; then that part is what can explain it.
  const uint64_t size =
      frame.empty() ? std::min<uint64_t>(sizeof(CommitFrame), bytes.size() - offset_) : frame.size();
  const bool explained = unfinished || lost_sector_explains(bytes, offset_, size);
  if (explained && !synced_later(bytes, offset_)) {
    report_.torn.push_back({.file = file_, .offset = head_.offset});
    // Records of no commit are not in the log; the next instance brings them again from the ring.
    for (; !commit_records_.empty(); commit_records_.pop_back()) {
      const auto record = load<RecordFrame>(commit_records_.back());
      sequences_[{record.instance, record.ring}] = record.sequence - 1;
    }
    return true;
  }
  switch (status) {
    case FrameStatus::BadCrc: return fault(FaultKind::BadCrc, offset_, "a frame was changed");
    case FrameStatus::BadPayload: return fault(FaultKind::BadPayload, offset_, "a payload was changed");
    case FrameStatus::Good:
    case FrameStatus::End:
    case FrameStatus::Cut:
    case FrameStatus::BadShape:
      return fault(FaultKind::BadFrame, offset_, "no frame, and no crash's torn tail");
  }
  return false;
}

bool Verifier::check_idle(Bytes bytes) {
  const uint64_t at = bytes.size() - sizeof(IdleFrame);
  const Bytes frame = bytes.subspan(at);
  const auto idle = load<IdleFrame>(frame);
  if (!signature_is_valid(key_, link_hash(sha_, FrameType::Idle, hashed_part(frame)), idle.signature)) {
    return fault(FaultKind::BadSignature, at, "not signed by this segment's key");
  }
  if (idle.number != head_.number || idle.head != head_.hash) {
    return fault(FaultKind::BadChain, at, "an idle checkpoint of another link");
  }
  head_.time_ns = idle.time_ns;
  return true;
}

// Whether something stands further on that was signed when the bytes at `from` had long been synced.
bool Verifier::synced_later(Bytes bytes, uint64_t from) {
  const uint64_t lost = head_.number + 1;
  for (uint64_t at = from + 8; at + sizeof(IdleFrame) <= bytes.size(); at += 8) {
    const auto prefix = load<FramePrefix>(bytes, at);
    const auto type = static_cast<FrameType>(prefix.type);
    if (type != FrameType::Commit && type != FrameType::Idle && type != FrameType::Close) continue;
    Bytes frame;
    if (check_frame(bytes, at, frame) != FrameStatus::Good) continue;
    const auto number = load<uint64_t>(frame, sizeof(FramePrefix));
    const uint64_t synced = type == FrameType::Commit  ? load<CommitFrame>(frame).durable
                            : type == FrameType::Close ? number - 1
                                                       : number;
    if (synced < lost) continue;
    if (signature_is_valid(key_, link_hash(sha_, type, hashed_part(frame)), signature_of(frame))) return true;
  }
  return false;
}

bool Verifier::lost_sector_explains(Bytes bytes, uint64_t offset, uint64_t size) const {
  for (uint64_t sector = offset / sector_size * sector_size; sector < offset + size; sector += sector_size) {
    const uint64_t from = std::max(sector, offset);
    const uint64_t to = std::min(sector + sector_size, offset + size);
    if (all_zero(bytes.subspan(from, to - from))) return true;
    Bytes frame;
    if (sector > head_.offset && check_frame(bytes, sector, frame) == FrameStatus::Good &&
        type_of(frame) == FrameType::Idle && load<IdleFrame>(frame).number == head_.number) {
      return true;
    }
  }
  return false;
}

}  // namespace sallyport::ringlog
