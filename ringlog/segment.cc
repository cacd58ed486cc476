#include "ringlog/segment.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>

#include "config/check.h"
#include "config/limits.h"
#include "ringlog/crc32c.h"

namespace sallyport::ringlog {
namespace {

bool all_zero(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
}

// The only size that a frame with these counts can have; 0 where the fixed part itself is malformed.
uint64_t expected_size(FrameType type, Bytes left) {
  switch (type) {
    case FrameType::Segment: return sizeof(SegmentFrame);
    case FrameType::Idle: return sizeof(IdleFrame);
    case FrameType::Close: return sizeof(CloseFrame);
    case FrameType::Record: {
      if (left.size() < sizeof(RecordFrame)) return 0;
      const auto frame = load<RecordFrame>(left);
      const uint64_t size = record_frame_size(frame.header_size, frame.payload_size);
      const uint64_t most = limits::record_size_max + (frame.form == form_sealed ? sizeof(SealFrame) : 0);
      return size <= most ? size : 0;
    }
    case FrameType::Commit: {
      if (left.size() < sizeof(CommitFrame)) return 0;
      const auto frame = load<CommitFrame>(left);
      return commit_frame_size(frame.watermark_count, frame.leaf_count);
    }
    case FrameType::None: return 0;
  }
  return 0;
}

size_t fixed_size(FrameType type) {
  switch (type) {
    case FrameType::Segment: return sizeof(SegmentFrame);
    case FrameType::Record: return sizeof(RecordFrame);
    case FrameType::Commit: return sizeof(CommitFrame);
    case FrameType::Idle: return sizeof(IdleFrame);
    case FrameType::Close: return sizeof(CloseFrame);
    case FrameType::None: return 0;
  }
  return 0;
}

uint32_t frame_crc(Bytes frame) { return crc32c(frame.subspan(sizeof(uint32_t))); }

FrameStatus check_record(Bytes frame) {
  const auto record = load<RecordFrame>(frame);
  const size_t facts_end = sizeof(RecordFrame) + record.header_size;
  if (record.prefix.crc != frame_crc(frame.first(facts_end))) return FrameStatus::BadCrc;
  // The padding is under no checksum: it has one value.
  if (!all_zero(frame.subspan(facts_end + record.payload_size))) return FrameStatus::BadShape;
  const Bytes payload = frame.subspan(facts_end, record.payload_size);
  if (record.prefix.payload_crc != crc32c(payload)) return FrameStatus::BadPayload;
  return FrameStatus::Good;
}

}  // namespace

std::string segment_name(SegmentId id) {
  char text[40];
  std::snprintf(text, sizeof text, "%016llx-%08x.splog", static_cast<unsigned long long>(id.instance),
                id.segment);
  return text;
}

std::optional<SegmentId> parse_segment_name(std::string_view name) {
  if (name.size() != 31) return std::nullopt;
  SegmentId id;
  std::from_chars(name.data(), name.data() + 16, id.instance, 16);
  std::from_chars(name.data() + 17, name.data() + 25, id.segment, 16);
  if (segment_name(id) != name) return std::nullopt;  // one spelling only
  return id;
}

Result<std::vector<SegmentInfo>> list_segments(Files& files, const std::string& directory,
                                               std::vector<std::string>* strangers) {
  auto listed = files.list(directory);
  if (!listed) return std::unexpected(std::move(listed.error()));
  std::vector<SegmentInfo> segments;
  for (FileInfo& file : *listed) {
    if (!file.name.ends_with(segment_suffix)) continue;
    const auto id = parse_segment_name(file.name);
    if (id)
      segments.push_back({.id = *id, .name = std::move(file.name), .size = file.size});
    else if (strangers != nullptr)
      strangers->push_back(std::move(file.name));
  }
  std::sort(segments.begin(), segments.end(),
            [](const SegmentInfo& a, const SegmentInfo& b) { return a.id < b.id; });
  return segments;
}

FrameStatus check_frame(Bytes bytes, size_t offset, Bytes& frame) {
  CHECK(offset <= bytes.size());
  const Bytes left = bytes.subspan(offset);
  frame = {};
  if (left.size() < sizeof(FramePrefix)) return all_zero(left) ? FrameStatus::End : FrameStatus::Cut;
  const auto prefix = load<FramePrefix>(left);
  if (all_zero(left.first(sizeof prefix))) return FrameStatus::End;
  const auto type = static_cast<FrameType>(prefix.type);
  const size_t fixed = fixed_size(type);
  const uint8_t flags_known = type == FrameType::Record ? flag_erased : 0;
  if (fixed == 0 || prefix.size < fixed || (prefix.flags & ~flags_known) != 0 || prefix.zero != 0) {
    return FrameStatus::BadShape;
  }
  if (left.size() < fixed) return FrameStatus::Cut;
  if (prefix.size != expected_size(type, left)) return FrameStatus::BadShape;
  if (left.size() < prefix.size) return FrameStatus::Cut;
  frame = left.first(prefix.size);
  if (type == FrameType::Record) return check_record(frame);
  return prefix.crc == frame_crc(frame) ? FrameStatus::Good : FrameStatus::BadCrc;
}

Bytes hashed_part(Bytes frame) {
  constexpr size_t from = sizeof(FramePrefix);
  size_t to = 0;
  switch (type_of(frame)) {
    case FrameType::Segment: to = offsetof(SegmentFrame, signature); break;
    case FrameType::Idle: to = offsetof(IdleFrame, signature); break;
    case FrameType::Close: to = offsetof(CloseFrame, signature); break;
    case FrameType::Commit:
      to = sizeof(CommitFrame) + load<CommitFrame>(frame).watermark_count * sizeof(Watermark);
      break;
    case FrameType::None:
    case FrameType::Record: CHECK(false);
  }
  return frame.subspan(from, to - from);
}

Signature signature_of(Bytes frame) {
  const size_t end = sizeof(FramePrefix) + hashed_part(frame).size();
  return load<Signature>(frame, end);
}

void finish_frame(std::span<std::byte> frame, FrameType type) {
  FramePrefix prefix{.crc = 0,
                     .size = static_cast<uint32_t>(frame.size()),
                     .type = static_cast<uint8_t>(type),
                     .flags = 0,
                     .zero = 0,
                     .payload_crc = 0};
  std::memcpy(frame.data(), &prefix, sizeof prefix);
  prefix.crc = frame_crc(frame);
  std::memcpy(frame.data(), &prefix, sizeof prefix);
}

void finish_record(std::span<std::byte> frame) {
  auto record = load<RecordFrame>(frame);
  const size_t facts_end = sizeof(RecordFrame) + record.header_size;
  record.prefix.payload_crc = crc32c(frame.subspan(facts_end, record.payload_size));
  std::memcpy(frame.data(), &record.prefix, sizeof record.prefix);
  record.prefix.crc = frame_crc(frame.first(facts_end));
  std::memcpy(frame.data(), &record.prefix, sizeof record.prefix);
}

std::string to_text(const Head& head) {
  char text[200];
  std::snprintf(text, sizeof text, "splog-head 1 %016llx %llu %u %llu %llu ",
                static_cast<unsigned long long>(head.instance), static_cast<unsigned long long>(head.number),
                head.segment, static_cast<unsigned long long>(head.offset),
                static_cast<unsigned long long>(head.time_ns));
  return text + to_hex(head.hash);
}

Result<Head> parse_head(std::string_view text) {
  Head head;
  unsigned long long instance = 0, number = 0, offset = 0, time_ns = 0;
  char hash[65] = {};
  int used = 0;
  const std::string line(text.substr(0, 300));
  const int count = std::sscanf(line.c_str(), "splog-head 1 %16llx %20llu %10u %20llu %20llu %64[0-9a-f]%n",
                                &instance, &number, &head.segment, &offset, &time_ns, hash, &used);
  const bool ends = line.find_first_not_of("\r\n ", static_cast<size_t>(used)) == std::string::npos;
  if (count != 6 || !ends || !from_hex(hash, head.hash)) {
    return fail("not a log head; expected one line as printed by `sallyport log head`", EINVAL);
  }
  head.instance = instance;
  head.number = number;
  head.offset = offset;
  head.time_ns = time_ns;
  return head;
}

Result<SegmentTail> find_tail(Files& files, const std::string& directory, SegmentId id) {
  const std::string path = directory + "/" + segment_name(id);
  auto read = files.read(path, 0, whole_file);
  if (!read) return std::unexpected(std::move(read.error()));
  const Bytes bytes(*read);
  Sha256 sha;
  SegmentTail tail;
  Bytes frame;
  for (size_t offset = 0; check_frame(bytes, offset, frame) == FrameStatus::Good; offset += frame.size()) {
    const FrameType type = type_of(frame);
    if (type == FrameType::Record) continue;
    if (type == FrameType::Idle) break;  // looked at below
    const auto link = load<Link>(frame, sizeof(FramePrefix));
    tail.head = {.instance = id.instance,
                 .number = link.number,
                 .hash = link_hash(sha, type, hashed_part(frame)),
                 .segment = id.segment,
                 .offset = offset + frame.size(),
                 .time_ns = link.time_ns};
    tail.closed = type == FrameType::Close;
    if (type != FrameType::Commit) continue;
    tail.has_commit = true;
    tail.watermarks.clear();
    for (uint32_t i = 0; i < load<CommitFrame>(frame).watermark_count; i++) {
      tail.watermarks.push_back(load<Watermark>(frame, sizeof(CommitFrame) + i * sizeof(Watermark)));
    }
  }
  const uint64_t idle = idle_offset(tail.head.offset);
  if (idle <= bytes.size() && check_frame(bytes, idle, frame) == FrameStatus::Good &&
      type_of(frame) == FrameType::Idle && load<IdleFrame>(frame).number == tail.head.number) {
    tail.head.time_ns = load<IdleFrame>(frame).time_ns;
  }
  if (tail.head.number == 0) return fail(path + ": no segment header; run `sallyport log verify`", EBADMSG);
  return tail;
}

}  // namespace sallyport::ringlog
