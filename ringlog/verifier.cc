#include "ringlog/verifier.h"

#include <algorithm>
#include <cstring>

#include "config/check.h"

namespace sallyport::ringlog {

std::string_view name_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::Unreadable: return "unreadable";
    case FaultKind::StrangerFile: return "stranger-file";
    case FaultKind::MissingSegment: return "missing-segment";
    case FaultKind::MissingInstance: return "missing-instance";
    case FaultKind::BadFrame: return "bad-frame";
    case FaultKind::BadCrc: return "bad-crc";
    case FaultKind::BadPayload: return "bad-payload";
    case FaultKind::BadRecord: return "bad-record";
    case FaultKind::BadSequence: return "bad-sequence";
    case FaultKind::BadHash: return "bad-hash";
    case FaultKind::BadSignature: return "bad-signature";
    case FaultKind::BadChain: return "bad-chain";
    case FaultKind::BadKey: return "bad-key";
    case FaultKind::Swapped: return "swapped";
    case FaultKind::TrailingBytes: return "trailing-bytes";
    case FaultKind::Truncated: return "truncated";
    case FaultKind::WrongHead: return "wrong-head";
  }
  return "unknown";
}

bool Verifier::check_segment(const SegmentInfo& info, const SegmentInfo* successor) {
  file_ = info.name;
  offset_ = 0;
  auto read = files_.read(directory_ + "/" + info.name, 0, whole_file);
  if (!read) return fault(FaultKind::Unreadable, 0, read.error().text);
  const Bytes bytes(*read);
  report_.segments++;
  report_.bytes += bytes.size();

  Bytes header;
  const FrameStatus status = check_frame(bytes, 0, header);
  if (status == FrameStatus::BadCrc) return fault(FaultKind::BadCrc, 0, "the segment's header was changed");
  if (status != FrameStatus::Good || type_of(header) != FrameType::Segment) {
    return fault(FaultKind::BadFrame, 0, "no segment header");
  }
  if (!check_header(header, info)) return false;

  // Where the next segment says that the chain left this one. Its own signature is checked when its turn
  // comes.
  uint64_t limit = UINT64_MAX;
  if (successor != nullptr) {
    auto next = files_.read(directory_ + "/" + successor->name, 0, sizeof(SegmentFrame));
    Bytes frame;
    if (next && check_frame(*next, 0, frame) == FrameStatus::Good && type_of(frame) == FrameType::Segment) {
      const auto next_header = load<SegmentFrame>(frame);
      if ((next_header.flags & segment_after_failure) != 0) limit = next_header.previous_end;
    }
  }
  closed_ = final_ = false;
  offset_ = sizeof(SegmentFrame);
  return check_frames(bytes, limit, successor != nullptr);
}

bool Verifier::check_header(Bytes frame, const SegmentInfo& info) {
  const auto header = load<SegmentFrame>(frame);
  if (header.magic != segment_magic) return fault(FaultKind::BadFrame, 0, "no log segment of this version");
  if (header.instance != info.id.instance || header.segment != info.id.segment) {
    return fault(FaultKind::Swapped, 0,
                 "this is " + segment_name({.instance = header.instance, .segment = header.segment}));
  }
  const bool genesis = info.id.segment == 1;
  const uint32_t flags_known = genesis ? segment_genesis : segment_after_failure;
  const bool flags_fit =
      (header.flags & ~flags_known) == 0 && ((header.flags & segment_genesis) != 0) == genesis;
  if (!flags_fit || header.zero != 0 || header.zero64 != 0) {
    return fault(FaultKind::BadFrame, 0, "header fields that no writer makes");
  }
  if (genesis) {
    if (!check_genesis(header)) return false;
    head_ = {.instance = header.instance, .hash = header.link.previous};
    leaves_ = {};  // a session that a crash cut goes on under a first leaf of the new chain
  } else {
    if (header.signer != key_) return fault(FaultKind::BadKey, 0, "not signed by the segment before");
    if (header.previous_end != head_.offset)
      return fault(FaultKind::BadChain, 0, "does not follow the segment before");
    if (header.predecessor != 0 || header.predecessor_number != 0 || header.predecessor_segment != 0 ||
        header.next_root != PublicKey{}) {
      return fault(FaultKind::BadFrame, 0, "header fields that no writer makes");
    }
  }
  key_ = header.signer;  // for check_link; from here on the segment's own
  head_.segment = header.segment;
  head_.offset = 0;
  if (!check_link(frame, FrameType::Segment)) return false;
  key_ = header.key;
  return true;
}

// An instance begins: which key signed it, and which chain it says came before.
bool Verifier::check_genesis(const SegmentFrame& header) {
  if (previous_instance_ == SegmentId{}) {
    if (header.predecessor != 0) {
      return fault(FaultKind::MissingInstance, 0,
                   "the chain before, " + segment_name({header.predecessor, 1}) + ", is gone");
    }
    if (header.link.previous != Digest{} || header.predecessor_number != 0 ||
        header.predecessor_segment != 0 || header.previous_end != 0) {
      return fault(FaultKind::BadFrame, 0, "header fields that no writer makes");
    }
  } else {
    if (header.predecessor != previous_instance_.instance) {
      return fault(FaultKind::MissingInstance, 0,
                   "the chain before should be " + segment_name({header.predecessor, 1}));
    }
  }
  const char* wrong = roots_.check(header, header.predecessor);
  return wrong == nullptr || fault(FaultKind::BadKey, 0, wrong);
}

bool Verifier::check_frames(Bytes bytes, uint64_t limit, bool has_successor) {
  commit_records_.clear();
  while (true) {
    if (limit != UINT64_MAX && head_.offset >= limit) {
      // A failed write: the next segment goes on from here, and nothing behind this point is part of the log.
      report_.disowned++;
      return true;
    }
    Bytes frame;
    const FrameStatus status = check_frame(bytes, offset_, frame);
    if (status != FrameStatus::Good || type_of(frame) == FrameType::Idle) {
      if (!has_successor) return check_tail(bytes, status);
      if (status == FrameStatus::BadCrc) return fault(FaultKind::BadCrc, offset_, "a frame was changed");
      if (status == FrameStatus::BadPayload)
        return fault(FaultKind::BadPayload, offset_, "a payload was changed");
      return fault(FaultKind::BadFrame, offset_, "the segment ends before the chain leaves it");
    }
    switch (type_of(frame)) {
      case FrameType::Record:
        if (!check_record(frame, offset_)) return false;
        commit_records_.push_back(frame);
        break;
      case FrameType::Commit:
        if (!check_commit(frame)) return false;
        commit_records_.clear();
        break;
      case FrameType::Close: return check_close(frame, bytes, has_successor);
      case FrameType::Segment:
      case FrameType::Idle:
      case FrameType::None: return fault(FaultKind::BadFrame, offset_, "a frame that does not belong here");
    }
    offset_ += frame.size();
  }
}

bool Verifier::check_close(Bytes frame, Bytes bytes, bool has_successor) {
  const auto close = load<CloseFrame>(frame);
  if (!commit_records_.empty())
    return fault(FaultKind::BadChain, offset_, "closed over records of no commit");
  if ((close.flags & ~close_final) != 0)
    return fault(FaultKind::BadFrame, offset_, "flags that no writer makes");
  if (!check_link(frame, FrameType::Close)) return false;
  closed_ = true;
  final_ = (close.flags & close_final) != 0;
  if (final_ && has_successor)
    return fault(FaultKind::BadChain, offset_, "a segment follows the chain's end");
  if (head_.offset != bytes.size())
    return fault(FaultKind::TrailingBytes, head_.offset, "bytes behind the close");
  return true;
}

// Number, previous, pins and signature of any link; the head moves on to it.
bool Verifier::check_link(Bytes frame, FrameType type) {
  const auto link = load<Link>(frame, sizeof(FramePrefix));
  const Digest hash = link_hash(sha_, type, hashed_part(frame));
  if (!signature_is_valid(key_, hash, signature_of(frame))) {
    return fault(FaultKind::BadSignature, offset_, "not signed by this segment's key");
  }
  if (link.number != head_.number + 1 || link.previous != head_.hash) {
    return fault(FaultKind::BadChain, offset_, "does not follow the link before");
  }
  head_.number = link.number;
  head_.hash = hash;
  head_.offset = offset_ + frame.size();
  head_.time_ns = link.time_ns;
  const auto pin = pins_.find({head_.instance, head_.number});
  if (pin == pins_.end()) return true;
  if (pin->second.hash != hash) {
    return fault(
        pin->second.saved ? FaultKind::WrongHead : FaultKind::BadChain, offset_,
        pin->second.saved ? "not the link of the saved head" : "not the link that the next instance names");
  }
  pin->second.found = true;
  return true;
}

}  // namespace sallyport::ringlog
