// OperationTable knows every operation in flight: its token, its descriptor, and the handle under which the
// kernel has it. So a close ends exactly the operations of its descriptor in time that does not depend on how
// many others are armed (the kernel's own search by descriptor walks them all: 60 us with 4000 armed), and a
// token in use twice is found when it happens. Fixed size, no allocation after open. Thread: its Ring's.
#pragma once

#include <cstdint>
#include <memory>

#include "config/limits.h"

namespace sallyport {

class OperationTable {
 public:
  // Receive, send, poll or connect, and a cancel for each leg; accepts and mailboxes are few.
  static constexpr uint32_t count_max = 131'072;
  static_assert(count_max >= limits::session_count_max * limits::leg_count_max * 4);

  OperationTable();

  // Enters an operation; `fd` -1: of no descriptor. Returns the handle, never 0. A token in flight already is
  // a programmer's error.
  uint64_t add(uint64_t token, int fd);
  // The token of an operation that goes on, and of one that has ended. `handle` must be in flight.
  [[nodiscard]] uint64_t token(uint64_t handle) const;
  uint64_t remove(uint64_t handle);
  // 0: no such operation.
  [[nodiscard]] uint64_t find(uint64_t token) const;
  // The operations of a descriptor: first(fd), then next(handle) until 0. Nothing may be added or removed
  // meanwhile.
  [[nodiscard]] uint64_t first(int fd) const;
  [[nodiscard]] uint64_t next(uint64_t handle) const;

  [[nodiscard]] uint32_t count() const { return count_; }

 private:
  static constexpr uint32_t bucket_count = 16'384;
  static constexpr uint32_t none = 0;  // slot 0 is never used

  // Chained twice, by token and by descriptor; a free one by `next_of_token`. Never-used slots are zero, so
  // that their pages need not exist.
  struct Slot {
    uint64_t token;
    uint32_t generation;  // counts the uses: an old handle names nobody
    int32_t fd;
    uint32_t next_of_token;
    uint32_t next_of_fd;
  };
  struct Free {
    void operator()(void* memory) const;
  };
  template <typename T>
  using Zeroed = std::unique_ptr<T[], Free>;

  [[nodiscard]] const Slot& at(uint64_t handle) const;
  [[nodiscard]] uint64_t handle(uint32_t slot) const;
  [[nodiscard]] uint64_t first_of(uint32_t slot, int fd) const;
  void unchain(uint32_t& head, uint32_t slot, uint32_t Slot::*link);

  Zeroed<Slot> slots_;
  Zeroed<uint32_t> of_token_;
  Zeroed<uint32_t> of_fd_;
  uint32_t free_ = none;
  uint32_t used_ = 1;  // slots that were ever used, slot 0 included
  uint32_t count_ = 0;
};

}  // namespace sallyport
