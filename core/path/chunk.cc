#include "core/path/chunk.h"

#include <stdlib.h>

#include <algorithm>

#include "config/check.h"

namespace sallyport {

void ChunkRef::release() {
  if (!chunk_) return;
  CHECK(chunk_->references > 0);
  if (--chunk_->references == 0) chunk_->pool->recycle(chunk_);
  chunk_ = nullptr;
}

ChunkPool::~ChunkPool() {
  CHECK(chunks_out_ == 0);
  for (Chunk* chunk : spare_) delete chunk;
  for (Chunk* chunk : spare_standard_) {
    free(chunk->data);
    delete chunk;
  }
}

ChunkRef ChunkPool::adopt(uint16_t block) {
  Chunk* chunk = spare_.empty() ? new Chunk : spare_.back();
  if (!spare_.empty()) spare_.pop_back();
  std::span<std::byte> memory = ring_.block(block);
  *chunk = {.pool = this, .data = memory.data(), .capacity = memory.size(), .references = 0, .block = block};
  ++chunks_out_;
  return ChunkRef(chunk);
}

ChunkRef ChunkPool::make(size_t capacity) {
  ++chunks_out_;
  if (capacity <= chunk_standard_size && !spare_standard_.empty()) {
    Chunk* chunk = spare_standard_.back();
    spare_standard_.pop_back();
    return ChunkRef(chunk);
  }
  capacity = std::max(capacity, chunk_standard_size);
  auto* memory = static_cast<std::byte*>(malloc(capacity));
  CHECK(memory);
  return ChunkRef(
      new Chunk{.pool = this, .data = memory, .capacity = capacity, .references = 0, .block = -1});
}

void ChunkPool::recycle(Chunk* chunk) {
  CHECK(chunks_out_ > 0);
  --chunks_out_;
  if (chunk->block >= 0) {
    ring_.release(static_cast<uint16_t>(chunk->block));
    chunk->data = nullptr;
    spare_.push_back(chunk);
  } else if (chunk->capacity == chunk_standard_size && spare_standard_.size() < chunk_spare_max) {
    spare_standard_.push_back(chunk);
  } else {
    free(chunk->data);
    delete chunk;
  }
}

}  // namespace sallyport
