// Segment files: their names, and the walk over the frames in one. Used by writer (to continue), reader and
// verify.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <vector>

#include "ringlog/digest.h"
#include "ringlog/files.h"
#include "ringlog/frame.h"

namespace sallyport::ringlog {

// "<instance, 16 hex>-<segment, 8 hex>.splog": names sort as the chain goes.
struct SegmentId {
  uint64_t instance = 0;
  uint32_t segment = 0;
  friend auto operator<=>(const SegmentId&, const SegmentId&) = default;
};
inline constexpr std::string_view segment_suffix = ".splog";

[[nodiscard]] std::string segment_name(SegmentId id);
[[nodiscard]] std::optional<SegmentId> parse_segment_name(std::string_view name);

struct SegmentInfo {
  SegmentId id;
  std::string name;
  uint64_t size = 0;
};

// Sorted. Files with other names are no part of the log; a name that ends in .splog and cannot be read is an
// error for verify, which passes `strangers`.
[[nodiscard]] Result<std::vector<SegmentInfo>> list_segments(Files& files, const std::string& directory,
                                                             std::vector<std::string>* strangers = nullptr);

enum class FrameStatus {
  Good,
  End,         // zeros, or the end of the bytes
  Cut,         // a plausible frame that reaches beyond the bytes
  BadShape,    // sizes, type or reserved bytes that no writer makes
  BadCrc,      // of the frame
  BadPayload,  // CRC of the payload
};

// Looks at the frame at `offset`, which is a multiple of 8; `frame` is its bytes where Good, BadCrc or
// BadPayload.
[[nodiscard]] FrameStatus check_frame(Bytes bytes, size_t offset, Bytes& frame);

[[nodiscard]] inline FrameType type_of(Bytes frame) {
  return static_cast<FrameType>(load<FramePrefix>(frame).type);
}

// What is hashed and signed of a segment, commit, idle or close frame, and its signature.
[[nodiscard]] Bytes hashed_part(Bytes frame);
[[nodiscard]] Signature signature_of(Bytes frame);
// Fills in the prefix's size, type and CRC of a frame built in place (not a record).
void finish_frame(std::span<std::byte> frame, FrameType type);
// The same for a record, payload CRC included.
void finish_record(std::span<std::byte> frame);

// Where a chain stands: its last link.
struct Head {
  uint64_t instance = 0;
  uint64_t number = 0;
  Digest hash{};
  uint32_t segment = 0;
  uint64_t offset = 0;   // the link's end in its segment
  uint64_t time_ns = 0;  // the last time that was attested
};

// "splog-head 1 INSTANCE NUMBER SEGMENT OFFSET TIME HASH": one line, to be kept elsewhere.
[[nodiscard]] std::string to_text(const Head& head);
[[nodiscard]] Result<Head> parse_head(std::string_view text);

// The end of a segment as its CRCs tell it; signatures are verify's business.
struct SegmentTail {
  Head head;
  std::vector<Watermark> watermarks;  // of the last commit
  bool has_commit = false;
  bool closed = false;
};
[[nodiscard]] Result<SegmentTail> find_tail(Files& files, const std::string& directory, SegmentId id);

}  // namespace sallyport::ringlog
