#include "core/path/send_queue.h"

#include <string.h>

#include <algorithm>

#include "config/check.h"

namespace sallyport {

void SendQueue::push(ChunkRef chunk, size_t offset, size_t size, uint64_t sequence) {
  if (size == 0) return;
  CHECK(chunk && offset + size <= chunk->capacity);
  size_ += size;
  if (head_ < entries_.size()) {
    Entry& last = entries_.back();
    if (last.chunk.get() == chunk.get() && last.offset + last.size == offset && last.sequence == sequence) {
      last.size += size;
      return;
    }
  }
  entries_.push_back({std::move(chunk), offset, size, sequence});
}

void SendQueue::copy(ChunkPool& pool, std::span<const std::byte> bytes, uint64_t sequence) {
  if (bytes.empty()) return;
  // Small pieces share the free end of the last own chunk, if this queue alone refers to it.
  if (head_ < entries_.size()) {
    Entry& last = entries_.back();
    const size_t end = last.offset + last.size;
    if (last.chunk->block < 0 && last.chunk->references == 1 && last.sequence == sequence &&
        last.chunk->capacity - end >= bytes.size()) {
      memcpy(last.chunk->data + end, bytes.data(), bytes.size());
      last.size += bytes.size();
      size_ += bytes.size();
      return;
    }
  }
  ChunkRef chunk = pool.make(bytes.size());
  memcpy(chunk->data, bytes.data(), bytes.size());
  push(std::move(chunk), 0, bytes.size(), sequence);
}

void SendQueue::append(SendQueue& other) {
  for (size_t i = other.head_; i < other.entries_.size(); ++i) {
    Entry& entry = other.entries_[i];
    push(std::move(entry.chunk), entry.offset, entry.size, entry.sequence);
  }
  other.clear();
}

size_t SendQueue::gather(std::span<iovec> out, uint64_t durable) const {
  size_t count = 0;
  for (size_t i = head_; i < entries_.size() && count < out.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.sequence > durable) break;
    out[count++] = {entry.chunk->data + entry.offset, entry.size};
  }
  return count;
}

size_t SendQueue::peek(std::span<std::byte> out, uint64_t durable) const {
  size_t filled = 0;
  for (size_t i = head_; i < entries_.size() && filled < out.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.sequence > durable) break;
    const size_t take = std::min(entry.size, out.size() - filled);
    memcpy(out.data() + filled, entry.chunk->data + entry.offset, take);
    filled += take;
  }
  return filled;
}

void SendQueue::pop(size_t size) {
  CHECK(size <= size_);
  size_ -= size;
  while (size > 0) {
    Entry& entry = entries_[head_];
    const size_t take = std::min(entry.size, size);
    entry.offset += take;
    entry.size -= take;
    size -= take;
    if (entry.size > 0) break;
    entry.chunk.reset();
    ++head_;
  }
  if (size_ == 0) {
    clear();
  } else if (head_ > 32 && head_ * 2 > entries_.size()) {
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<ptrdiff_t>(head_));
    head_ = 0;
  }
}

void SendQueue::settle(ChunkPool& pool) {
  for (size_t i = head_; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    if (entry.chunk->block < 0) continue;
    ChunkRef own = pool.make(entry.size);
    memcpy(own->data, entry.chunk->data + entry.offset, entry.size);
    entry.chunk = std::move(own);
    entry.offset = 0;
  }
}

void SendQueue::clear() {
  entries_.clear();
  head_ = 0;
  size_ = 0;
}

}  // namespace sallyport
