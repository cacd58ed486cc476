// Chunk: a counted piece of memory that bytes live in on their way through: a receive block of the Ring, lent
// until the last reference goes, or memory of the session's own. One thread; the counts are plain integers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "core/io/ring.h"

namespace sallyport {

class ChunkPool;

struct Chunk {
  ChunkPool* pool = nullptr;
  std::byte* data = nullptr;
  size_t capacity = 0;  // bytes
  uint32_t references = 0;
  int32_t block = -1;  // id of the receive block, -1: own memory
};

// A counted reference to a Chunk.
class ChunkRef {
 public:
  ChunkRef() = default;
  explicit ChunkRef(Chunk* chunk) : chunk_(chunk) { retain(); }
  ChunkRef(const ChunkRef& other) : chunk_(other.chunk_) { retain(); }
  ChunkRef(ChunkRef&& other) noexcept : chunk_(std::exchange(other.chunk_, nullptr)) {}
  ChunkRef& operator=(ChunkRef other) noexcept {
    std::swap(chunk_, other.chunk_);
    return *this;
  }
  ~ChunkRef() { release(); }

  explicit operator bool() const { return chunk_ != nullptr; }
  Chunk* operator->() const { return chunk_; }
  [[nodiscard]] Chunk* get() const { return chunk_; }
  void reset() { *this = ChunkRef(); }

 private:
  void retain() {
    if (chunk_) ++chunk_->references;
  }
  void release();
  Chunk* chunk_ = nullptr;
};

class ChunkPool {
 public:
  explicit ChunkPool(Ring& ring) : ring_(ring) {}
  ~ChunkPool();
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;

  // Takes over a receive block; it goes back to the Ring with the last reference.
  [[nodiscard]] ChunkRef adopt(uint16_t block);
  // Own memory of at least `capacity` bytes.
  [[nodiscard]] ChunkRef make(size_t capacity);
  // Chunks in use, for leak checks.
  [[nodiscard]] size_t chunks_out() const { return chunks_out_; }

 private:
  friend class ChunkRef;
  void recycle(Chunk* chunk);

  Ring& ring_;
  std::vector<Chunk*> spare_;           // heads without memory
  std::vector<Chunk*> spare_standard_;  // heads with standard_size of memory
  size_t chunks_out_ = 0;
};

inline constexpr size_t chunk_standard_size = limits::block_size;
inline constexpr size_t chunk_spare_max = 256;

}  // namespace sallyport
