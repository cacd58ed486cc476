// SendQueue: what is on its way out of a leg, in order: ranges of Chunks, sent from where they lie. An entry
// carries the log sequence that it waits for (0: none).
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <vector>

#include "core/path/chunk.h"

namespace sallyport {

class SendQueue {
 public:
  [[nodiscard]] size_t size() const { return size_; }  // bytes
  [[nodiscard]] bool empty() const { return size_ == 0; }

  void push(ChunkRef chunk, size_t offset, size_t size, uint64_t sequence = 0);
  void copy(ChunkPool& pool, std::span<const std::byte> bytes, uint64_t sequence = 0);
  void append(SendQueue& other);  // moves all of it
  // The front as iovecs, only entries whose sequence is <= durable. Returns how many were filled.
  size_t gather(std::span<iovec> out, uint64_t durable) const;
  // Copies up to out.size() bytes of the front, without removing them.
  size_t peek(std::span<std::byte> out, uint64_t durable) const;
  void pop(size_t size);
  // Entries that lie in receive blocks move to memory of our own.
  void settle(ChunkPool& pool);
  void clear();

 private:
  struct Entry {
    ChunkRef chunk;
    size_t offset = 0;
    size_t size = 0;
    uint64_t sequence = 0;
  };
  // Entries [head_, end) are live; the vector is compacted when its front half is dead.
  std::vector<Entry> entries_;
  size_t head_ = 0;
  size_t size_ = 0;
};

}  // namespace sallyport
