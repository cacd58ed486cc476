#include "core/io/blocks.h"

#include <errno.h>
#include <sys/mman.h>

#include "config/check.h"

namespace sallyport {

Result<Blocks> Blocks::open(uint32_t count, uint32_t size, bool populate) {
  CHECK(count > 0 && size > 0);
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | (populate ? MAP_POPULATE : 0);
  void* memory = mmap(nullptr, size_t{count} * size, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (memory == MAP_FAILED) return fail_errno("map the receive blocks", errno);
  if (madvise(memory, size_t{count} * size, MADV_DONTDUMP) != 0) {
    int code = errno;
    munmap(memory, size_t{count} * size);
    return fail_errno("keep the receive blocks out of core dumps", code);
  }
  return Blocks(static_cast<std::byte*>(memory), count, size);
}

Blocks::Blocks(std::byte* memory, uint32_t count, uint32_t size)
    : memory_(memory), count_(count), size_(size), taken_(count, false) {}

Blocks::Blocks(Blocks&& other) noexcept
    : memory_(other.memory_),
      count_(other.count_),
      size_(other.size_),
      out_(other.out_),
      taken_(std::move(other.taken_)) {
  other.memory_ = nullptr;
}

Blocks::~Blocks() {
  if (memory_ != nullptr) munmap(memory_, size_t{count_} * size_);
}

std::span<std::byte> Blocks::at(uint16_t id) {
  CHECK(id < count_);
  return {memory_ + size_t{id} * size_, size_};
}

void Blocks::take(uint16_t id) {
  CHECK(id < count_ && !taken_[id]);
  taken_[id] = true;
  ++out_;
}

void Blocks::give_back(uint16_t id) {
  CHECK(id < count_ && taken_[id]);
  taken_[id] = false;
  --out_;
}

}  // namespace sallyport
