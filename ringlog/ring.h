// A lock-free byte ring between one core (producer) and the writer (consumer), in a mapping that outlives the
// process: a preallocated, locked file on tmpfs. The data area is mapped twice in a row, so that an entry
// never wraps.
//
//   released <= committed <= released + size        (positions count bytes for ever; offset = position mod
//   size)
//
// An entry is a RecordFrame (frame.h) whose checksums the writer fills in. The producer reserves, writes in
// place and commits; what was not committed does not exist for the consumer, so a process killed in between
// leaves no torn entry. The consumer releases only what is durable on disk.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "config/error.h"
#include "ringlog/record.h"

namespace sallyport::ringlog {

class ByteRing {
 public:
  // Makes the file (0600; it must not exist), preallocates, locks it in memory where allowed, and holds an
  // flock on it that says "in use". `size` is a power of two, at least one page. Start-up thread only.
  static Result<ByteRing> create(const std::string& path, size_t size, uint64_t instance, uint16_t index);
  // Opens a ring that a dead process left, to drain it. Fails with EBUSY while its owner lives, with EBADMSG
  // where the file is no ring.
  static Result<ByteRing> open(const std::string& path);
  // The same ring over anonymous memory, for tests and the simulation.
  static Result<ByteRing> anonymous(size_t size, uint64_t instance, uint16_t index);

  ByteRing(ByteRing&& other) noexcept;
  ByteRing& operator=(ByteRing&& other) noexcept;
  ~ByteRing();

  // Producer: room for `size` bytes (a multiple of 8), or an empty span. One reservation at a time; a second
  // one replaces the first.
  [[nodiscard]] std::span<std::byte> reserve(size_t size);
  // Producer: publishes the first `size` bytes reserved.
  void commit(size_t size);
  [[nodiscard]] size_t room() const;
  // Producer: whether `size` bytes fit; touches the consumer's line only when they seem not to.
  [[nodiscard]] bool has_room(size_t size);

  // Consumer: the whole entry at `position`, which lies between released and committed; empty at the end. A
  // size that cannot be (a file damaged from outside) is EBADMSG.
  [[nodiscard]] Result<Bytes> at(uint64_t position) const;
  [[nodiscard]] uint64_t committed() const;
  [[nodiscard]] uint64_t released() const;
  // Consumer: everything before `position` is durable up to `sequence`; its room is the producer's again.
  void release(uint64_t position, uint64_t sequence);
  void set_failing(bool failing);

  // Any thread.
  [[nodiscard]] uint64_t durable() const;
  [[nodiscard]] bool failing() const;
  [[nodiscard]] uint64_t instance() const;
  [[nodiscard]] uint16_t index() const;
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  struct Control;  // the first page of the mapping
  ByteRing() = default;
  static Result<ByteRing> map(int fd, size_t size);
  void invariants() const;

  Control* control_ = nullptr;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
  int fd_ = -1;
  std::string path_;
  uint64_t head_ = 0;  // producer's own copy of committed
  uint64_t released_seen_ =
      0;  // producer's cached copy of released: its line is touched only when this runs out
  size_t reserved_ = 0;
};

}  // namespace sallyport::ringlog
