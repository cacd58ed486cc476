#include "core/path/buffer.h"

#include <string.h>

#include "config/check.h"

namespace sallyport {

void Buffer::add(ChunkPool& pool, ChunkRef chunk, size_t size) {
  CHECK(chunk && size <= chunk->capacity);
  if (empty()) {
    chunk_ = std::move(chunk);
    done_ = 0;
    received_ = size;
  } else {
    memcpy(reserve(pool, size).data(), chunk->data, size);
    if (secret_) explicit_bzero(chunk->data, size);
    grew(size);
  }
  invariants();
}

std::span<std::byte> Buffer::reserve(ChunkPool& pool, size_t size) {
  if (empty()) {
    // A chunk that a send still refers to must not be written over from its start.
    if (!chunk_ || chunk_->block >= 0 || chunk_->references > 1 || chunk_->capacity < size)
      chunk_ = pool.make(size);
    done_ = received_ = 0;
  } else if (chunk_->block >= 0 || chunk_->capacity - received_ < size) {
    // Doubling keeps the joining of a large unit linear.
    const size_t held = this->size();
    ChunkRef larger = pool.make(held + std::max(size, held));
    memcpy(larger->data, chunk_->data + done_, held);
    leave(std::move(larger));
  }
  invariants();
  return {chunk_->data + received_, chunk_->capacity - received_};
}

void Buffer::grew(size_t size) {
  received_ += size;
  invariants();
}

void Buffer::consume(size_t size) {
  CHECK(size <= this->size());
  done_ += size;
  if (done_ == received_) clear();
  invariants();
}

void Buffer::settle(ChunkPool& pool) {
  if (empty() || chunk_->block < 0) return;
  const size_t held = size();
  ChunkRef own = pool.make(held);
  memcpy(own->data, chunk_->data + done_, held);
  leave(std::move(own));
}

// For memory that holds a copy of all that is held here.
void Buffer::leave(ChunkRef chunk) {
  const size_t held = size();
  if (secret_) explicit_bzero(chunk_->data + done_, held);
  chunk_ = std::move(chunk);
  done_ = 0;
  received_ = held;
}

void Buffer::clear() {
  chunk_.reset();
  done_ = received_ = 0;
}

void Buffer::invariants() const {
  CHECK(done_ <= received_);
  CHECK(received_ == 0 || (chunk_ && received_ <= chunk_->capacity));
}

}  // namespace sallyport
