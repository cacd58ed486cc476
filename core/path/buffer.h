// Buffer: the bytes of one leg that have come in and are neither passed nor dropped yet, always contiguous.
//   0 <= done <= received <= chunk capacity
// They stay in the receive block that they came in as long as nothing has to be joined; a leftover is joined
// with what follows in memory of the session's own, which is bounded by limits::unit_size_max + block_size.
#pragma once

#include <span>

#include "core/path/chunk.h"

namespace sallyport {

class Buffer {
 public:
  [[nodiscard]] std::span<std::byte> bytes() const {
    return chunk_ ? std::span(chunk_->data + done_, received_ - done_) : std::span<std::byte>();
  }
  [[nodiscard]] size_t size() const { return received_ - done_; }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] const ChunkRef& chunk() const { return chunk_; }
  [[nodiscard]] size_t done() const { return done_; }

  // The first `size` bytes of the chunk have come in. The chunk is taken over if nothing is held, else
  // copied.
  void add(ChunkPool& pool, ChunkRef chunk, size_t size);
  // Room for at least `size` bytes behind what is held, in own memory; then `grew` says how many were
  // written.
  [[nodiscard]] std::span<std::byte> reserve(ChunkPool& pool, size_t size);
  void grew(size_t size);
  // The first `size` bytes are done with.
  void consume(size_t size);
  // A held leftover leaves the shared receive block, so that a waiting session pins none.
  void settle(ChunkPool& pool);
  void clear();
  // While it is set, what moves to other memory is zeroed where it was: a caller's proof may be in it.
  void set_secret(bool secret) { secret_ = secret; }
  [[nodiscard]] bool is_secret() const { return secret_; }

 private:
  void invariants() const;
  void leave(ChunkRef chunk);
  ChunkRef chunk_;
  size_t done_ = 0;
  size_t received_ = 0;
  bool secret_ = false;
};

}  // namespace sallyport
