// The bytes of the log: frames in a segment, the same record frame in a ring. format.md shows them one by
// one. All integers are little-endian; every frame starts on 8 bytes and its size is a multiple of 8.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "ringlog/record.h"

namespace sallyport::ringlog {

static_assert(std::endian::native == std::endian::little, "frames are copied, not encoded");

using Digest = std::array<std::byte, 32>;
using Signature = std::array<std::byte, 64>;
using PublicKey = std::array<std::byte, 32>;
using Salt = std::array<std::byte, 16>;

enum class FrameType : uint8_t { None = 0, Segment = 1, Record = 2, Commit = 3, Idle = 4, Close = 5 };

// The first 16 bytes of each frame. `crc` is the CRC32C of all that follows it in the frame; in a record, of
// all but the payload and its padding, which have a CRC of their own so that they can be erased.
struct FramePrefix {
  uint32_t crc;
  uint32_t size;
  uint8_t type;
  uint8_t flags;  // record: bit 0 payload erased
  uint16_t zero;
  uint32_t payload_crc;  // record; else 0
};
static_assert(sizeof(FramePrefix) == 16);
inline constexpr uint8_t flag_erased = 1;

// Followed by the FlatBuffers header, the payload and zeros up to 8 bytes. From `instance` to the header's
// end the bytes are hashed into the session's leaf.
struct RecordFrame {
  FramePrefix prefix;
  uint64_t instance;
  uint32_t header_size;
  uint32_t payload_size;
  uint64_t sequence;
  uint64_t time_ns;
  uint64_t session;
  uint8_t kind;
  uint8_t form;  // of the payload: 0 as it was, 1 sealed
  uint16_t ring;
  uint32_t zero32;
};
static_assert(sizeof(RecordFrame) == 64);
inline constexpr uint8_t form_clear = 0, form_sealed = 1;

// What stands before the ciphertext of a sealed payload (seal.h).
struct SealFrame {
  std::array<std::byte, 32> key;  // the sender's, X25519: one a segment
  uint64_t number;                // of the payload under this key: the nonce
  std::array<std::byte, 16> tag;  // AES-256-GCM
};
static_assert(sizeof(SealFrame) == 56);

// What no writer makes is refused by those who verify.
[[nodiscard]] constexpr bool has_known_shape(const RecordFrame& frame) {
  if (frame.zero32 != 0 || frame.form > form_sealed) return false;
  return frame.form == form_clear || (frame.session != 0 && frame.payload_size > sizeof(SealFrame));
}

// What every link of the chain begins with: `previous` is the hash of the link numbered one less. A link's
// hash is SHA-256 over a 16-byte domain (link_domain) and the link's bytes from `number` up to its signature.
struct Link {
  uint64_t number;  // from 1 in each instance
  uint64_t time_ns;
  Digest previous;
};
static_assert(sizeof(Link) == 48);

inline constexpr std::array<char, 8> segment_magic = {'S', 'P', 'L', 'O',
                                                      'G', 0,   0,   1};  // the last byte: version
inline constexpr uint32_t segment_genesis = 1;                            // an instance's first
inline constexpr uint32_t segment_after_failure = 2;  // the segment before was given up at previous_end

struct SegmentFrame {
  FramePrefix prefix;
  Link link;  // a genesis: `previous` is the predecessor's last link, zeros for the very first instance
  std::array<char, 8> magic;
  uint64_t instance;
  uint32_t segment;  // from 1 in each instance
  uint32_t flags;
  uint64_t previous_end;         // where the chain left the segment before, bytes
  uint64_t predecessor;          // a genesis: the instance before, 0 for none
  uint64_t predecessor_number;   // a genesis: its last link
  uint32_t predecessor_segment;  // a genesis: where that link stands
  uint32_t zero;
  uint64_t zero64;
  PublicKey key;        // signs everything else in this segment
  PublicKey signer;     // signed this frame: the segment before, or the root key
  PublicKey next_root;  // a genesis: the root key of the next instance
  Signature signature;
};
static_assert(sizeof(SegmentFrame) == 288);

struct Watermark {  // the last sequence of a ring that is in the log
  uint64_t instance;
  uint64_t sequence;
  uint16_t ring;
  uint16_t zero16;
  uint32_t zero32;
};
static_assert(sizeof(Watermark) == 24);

struct Leaf {
  uint64_t instance;  // of the records
  uint64_t session;
  Digest previous;        // this session's leaf before, zeros at first
  Digest payload_digest;  // SHA-256 of salt and payloads; zeros where there are none
  Salt salt;              // not signed, so that it can be erased with the payloads
};
static_assert(sizeof(Leaf) == 96);

// Followed by the watermarks (hashed), the signature, the leaves.
struct CommitFrame {
  FramePrefix prefix;
  Link link;
  uint64_t first_offset;  // of the commit's first record
  uint64_t durable;       // a link number that had been synced before this was written
  uint32_t record_count;
  uint32_t leaf_count;
  uint32_t watermark_count;
  uint32_t idle_count;    // idle checkpoints that stood here since the link before
  uint64_t idle_time_ns;  // the last one's time, 0 for none
  uint64_t zero;
  Digest root;  // over the leaves
};
static_assert(sizeof(CommitFrame) == 144);

// "At this time the chain still ended here": no link, overwritten by the next one and by the next commit. It
// lies within one sector (idle_offset), so that an old sector that a crash left in place still holds it
// whole.
struct IdleFrame {
  FramePrefix prefix;
  uint64_t number;  // of the last link
  uint64_t time_ns;
  Digest head;     // its hash
  uint64_t count;  // checkpoints since that link
  Signature signature;
};
static_assert(sizeof(IdleFrame) == 136);

inline constexpr size_t sector_size = 512;  // what a disk writes whole or not at all

// Where an idle checkpoint stands when the last link ends at `end`.
[[nodiscard]] constexpr uint64_t idle_offset(uint64_t end) {
  const bool fits = end / sector_size == (end + sizeof(IdleFrame) - 1) / sector_size;
  return fits ? end : (end / sector_size + 1) * sector_size;
}

inline constexpr uint32_t close_final = 1;  // the instance has ended as it should

struct CloseFrame {
  FramePrefix prefix;
  Link link;
  uint32_t flags;
  uint32_t idle_count;
  Signature signature;
};
static_assert(sizeof(CloseFrame) == 136);

[[nodiscard]] constexpr size_t align8(size_t size) { return (size + 7) & ~size_t{7}; }
[[nodiscard]] constexpr uint64_t record_frame_size(uint64_t header_size, uint64_t payload_size) {
  return align8(sizeof(RecordFrame) + header_size + payload_size);
}
[[nodiscard]] constexpr uint64_t commit_frame_size(uint64_t watermark_count, uint64_t leaf_count) {
  return sizeof(CommitFrame) + watermark_count * sizeof(Watermark) + sizeof(Signature) +
         leaf_count * sizeof(Leaf);
}

// Frames are read by copy: a segment's bytes carry no promise about alignment or lifetime.
template <typename Frame>
[[nodiscard]] Frame load(Bytes bytes, size_t offset = 0) {
  static_assert(std::is_trivially_copyable_v<Frame>);
  Frame frame;
  std::memcpy(&frame, bytes.data() + offset, sizeof(Frame));
  return frame;
}

template <typename Frame>
[[nodiscard]] Bytes bytes_of(const Frame& frame) {
  return std::as_bytes(std::span(&frame, 1));
}

// The record that a whole, checked record frame holds.
[[nodiscard]] inline RecordView view_of(Bytes bytes) {
  const auto frame = load<RecordFrame>(bytes);
  return {.instance = frame.instance,
          .ring = frame.ring,
          .kind = static_cast<Kind>(frame.kind),
          .sequence = frame.sequence,
          .time_ns = frame.time_ns,
          .session = frame.session,
          .header = bytes.subspan(sizeof(RecordFrame), frame.header_size),
          .payload = bytes.subspan(sizeof(RecordFrame) + frame.header_size, frame.payload_size),
          .erased = (frame.prefix.flags & flag_erased) != 0,
          .sealed = frame.form == form_sealed};
}

}  // namespace sallyport::ringlog
