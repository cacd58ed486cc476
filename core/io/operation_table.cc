#include "core/io/operation_table.h"

#include <stdlib.h>

#include "config/check.h"

namespace sallyport {

namespace {

// Tokens differ in a few fields at any place; the multiplication spreads them (Fibonacci hashing).
uint32_t spread(uint64_t key, uint32_t bucket_count) {
  return static_cast<uint32_t>((key * 0x9e3779b97f4a7c15) >> 32) & (bucket_count - 1);
}

template <typename T>
T* zeroed(size_t count) {
  auto* memory = static_cast<T*>(calloc(count, sizeof(T)));
  CHECK(memory != nullptr);
  return memory;
}

}  // namespace

void OperationTable::Free::operator()(void* memory) const { free(memory); }

OperationTable::OperationTable()
    : slots_(zeroed<Slot>(count_max + 1)),
      of_token_(zeroed<uint32_t>(bucket_count)),
      of_fd_(zeroed<uint32_t>(bucket_count)) {}

uint64_t OperationTable::add(uint64_t token, int fd) {
  CHECK(token != 0 && find(token) == 0);
  CHECK(free_ != none || used_ <= count_max);
  uint32_t index = free_ != none ? free_ : used_++;
  Slot& slot = slots_[index];
  if (index == free_) free_ = slot.next_of_token;
  uint32_t& token_head = of_token_[spread(token, bucket_count)];
  slot = {.token = token,
          .generation = slot.generation + 1,
          .fd = fd,
          .next_of_token = token_head,
          .next_of_fd = none};
  token_head = index;
  if (fd >= 0) {
    uint32_t& fd_head = of_fd_[spread(static_cast<uint64_t>(fd), bucket_count)];
    slot.next_of_fd = fd_head;
    fd_head = index;
  }
  ++count_;
  return handle(index);
}

uint64_t OperationTable::remove(uint64_t handle) {
  auto index = static_cast<uint32_t>(handle);
  uint64_t token = at(handle).token;
  Slot& slot = slots_[index];
  unchain(of_token_[spread(token, bucket_count)], index, &Slot::next_of_token);
  if (slot.fd >= 0)
    unchain(of_fd_[spread(static_cast<uint64_t>(slot.fd), bucket_count)], index, &Slot::next_of_fd);
  slot.token = 0;
  slot.next_of_token = free_;
  free_ = index;
  --count_;
  return token;
}

void OperationTable::unchain(uint32_t& head, uint32_t slot, uint32_t Slot::*link) {
  uint32_t* at = &head;
  while (*at != slot) at = &(slots_[*at].*link);
  *at = slots_[slot].*link;
}

uint64_t OperationTable::token(uint64_t handle) const { return at(handle).token; }

uint64_t OperationTable::find(uint64_t token) const {
  uint32_t index = of_token_[spread(token, bucket_count)];
  while (index != none && slots_[index].token != token) index = slots_[index].next_of_token;
  return index == none ? 0 : handle(index);
}

uint64_t OperationTable::first(int fd) const {
  return first_of(of_fd_[spread(static_cast<uint64_t>(fd), bucket_count)], fd);
}

uint64_t OperationTable::next(uint64_t handle) const {
  const Slot& slot = at(handle);
  return first_of(slot.next_of_fd, slot.fd);
}

uint64_t OperationTable::first_of(uint32_t slot, int fd) const {
  while (slot != none && slots_[slot].fd != fd) slot = slots_[slot].next_of_fd;
  return slot == none ? 0 : handle(slot);
}

uint64_t OperationTable::handle(uint32_t slot) const {
  return uint64_t{slots_[slot].generation} << 32 | slot;
}

const OperationTable::Slot& OperationTable::at(uint64_t handle) const {
  auto index = static_cast<uint32_t>(handle);
  CHECK(index != none && index < used_);
  const Slot& slot = slots_[index];
  CHECK(slot.generation == handle >> 32 && slot.token != 0);
  return slot;
}

}  // namespace sallyport
