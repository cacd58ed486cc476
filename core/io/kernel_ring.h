// KernelRing is one io_uring and its group of receive blocks as the kernel sees them: set up, entries, trips
// into the kernel. What the operations mean is ring_linux.cc's business. Thread: its Ring's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "config/error.h"
#include "core/io/blocks.h"
#include "core/io/compat.h"

namespace sallyport {

class KernelRing {
 public:
  static constexpr uint16_t block_group = 0;

  KernelRing() = default;
  ~KernelRing();
  KernelRing(const KernelRing&) = delete;
  KernelRing& operator=(const KernelRing&) = delete;

  // Error: see refusal.h.
  Result<void> open(uint32_t entry_count);
  // Hands all blocks to the kernel. `blocks` outlives this.
  Result<void> offer_all(Blocks& blocks);
  void offer(uint16_t id);

  // A zeroed entry, its opcode, descriptor and user data set. Full queue: hands it over first.
  io_uring_sqe& next_entry(uint64_t user_data, uint8_t opcode, int fd);
  // Bytes that live until the kernel has taken the entry which points to them. To be followed by
  // next_entry(), which then finds room in the queue: a submit between the two would give the bytes away.
  std::byte* stage(size_t size);

  // Entries made and not yet taken by the kernel; what is queued is visible to it afterwards.
  unsigned flush();
  // One trip: hands over what is queued, waits for `wait_count` completions (0: looks). Returns when they
  // came, on the timeout (< 0: none) or on a signal.
  void enter(unsigned wait_count, int64_t timeout_ns, uint32_t min_wait_us);
  // Hands over what is queued, without completions.
  void submit();

  // Calls `take(cqe)` with each completion until it says that it wants no more.
  template <typename Take>
  void reap(Take&& take);
  [[nodiscard]] bool has_completions() const { return compat::has_completions(ring_); }

  [[nodiscard]] bool min_wait_supported() const { return min_wait_; }
  [[nodiscard]] uint64_t trips() const { return trips_; }
  [[nodiscard]] uint64_t overflows() const { return overflows_; }

 private:
  io_uring ring_{};
  bool open_ = false;
  bool min_wait_ = false;
  Blocks* blocks_ = nullptr;
  io_uring_buf_ring* offered_ = nullptr;  // shared with the kernel: blocks that it may fill
  std::unique_ptr<std::byte[]> staging_;
  size_t staged_ = 0;  // bytes of staging_ in use by entries not yet taken
  uint64_t trips_ = 0;
  uint64_t overflows_ = 0;
};

template <typename Take>
void KernelRing::reap(Take&& take) {
  unsigned head = *ring_.cq.khead;
  unsigned tail = __atomic_load_n(ring_.cq.ktail, __ATOMIC_ACQUIRE);  // pairs with the kernel's release
  unsigned mask = *ring_.cq.kring_mask;
  while (head != tail && take(ring_.cq.cqes[head & mask])) ++head;
  __atomic_store_n(ring_.cq.khead, head, __ATOMIC_RELEASE);
}

}  // namespace sallyport
