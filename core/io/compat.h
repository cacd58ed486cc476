// What liburing 2.3 (Debian 12) lacks, and the two kernel calls that we make by hand, in one place.
// Everything here is a constant of the kernel's ABI or a thin wrapper; nothing else in the tree knows a
// liburing version. Sources: io_uring_enter(2), io_uring_register(2), include/uapi/linux/io_uring.h of
// kernels 6.1 to 6.18.
#pragma once

#include <errno.h>
#include <liburing.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

// Kernel 6.12: io_uring_getevents_arg.pad became min_wait_usec.
#ifndef IORING_FEAT_MIN_TIMEOUT
#define IORING_FEAT_MIN_TIMEOUT (1U << 15)
#endif

namespace sallyport::compat {

// The same memory as struct io_uring_getevents_arg, with 2.3's `pad` under its later name.
struct WaitArgument {
  uint64_t signal_mask;
  uint32_t signal_mask_size;
  uint32_t min_wait_us;
  uint64_t timespec;
};
static_assert(sizeof(WaitArgument) == sizeof(io_uring_getevents_arg));
static_assert(offsetof(WaitArgument, timespec) == offsetof(io_uring_getevents_arg, ts));

// io_uring_enter(2). Raw, because liburing's own waits hide EINTR and know no minimum wait. Returns the count
// of submitted entries or -errno (-ETIME: nothing came within timeout_ns; < 0: no timeout).
inline int enter(io_uring& ring, unsigned submit_count, unsigned wait_count, int64_t timeout_ns,
                 uint32_t min_wait_us, bool get_events) {
  __kernel_timespec timeout{.tv_sec = timeout_ns / 1'000'000'000, .tv_nsec = timeout_ns % 1'000'000'000};
  WaitArgument argument{.signal_mask = 0,
                        .signal_mask_size = 0,
                        .min_wait_us = min_wait_us,
                        .timespec = timeout_ns < 0 ? 0 : reinterpret_cast<uint64_t>(&timeout)};
  unsigned flags = IORING_ENTER_EXT_ARG | (get_events ? IORING_ENTER_GETEVENTS : 0U);
  long done =
      syscall(__NR_io_uring_enter, ring.ring_fd, submit_count, wait_count, flags, &argument, sizeof argument);
  return done < 0 ? -errno : static_cast<int>(done);
}

// Publishes the entries that io_uring_get_sqe() handed out and returns how many the kernel has not yet taken.
// The release pairs with the kernel's acquire of the tail.
inline unsigned flush_submissions(io_uring& ring) {
  ring.sq.sqe_head = ring.sq.sqe_tail;
  __atomic_store_n(ring.sq.ktail, ring.sq.sqe_tail, __ATOMIC_RELEASE);
  return ring.sq.sqe_tail - __atomic_load_n(ring.sq.khead, __ATOMIC_ACQUIRE);
}

// Slot i of the indirection array stands for entry i, once and for all. Newer liburing may run without the
// array.
inline void map_submissions(io_uring& ring) {
  if (ring.sq.array == nullptr) return;
  for (unsigned i = 0; i <= *ring.sq.kring_mask; ++i) ring.sq.array[i] = i;
}

inline bool completions_overflowed(const io_uring& ring) {
  return (__atomic_load_n(ring.sq.kflags, __ATOMIC_RELAXED) & IORING_SQ_CQ_OVERFLOW) != 0;
}

// Whether the kernel has every operation that Ring submits. SENDMSG_ZC is not used: it came with 6.1, and so
// stands for the multishot receive and deferred task work of that version, which have no mark of their own.
inline bool supports_operations(io_uring& ring) {
  io_uring_probe* probe = io_uring_get_probe_ring(&ring);
  if (probe == nullptr) return false;
  bool all = true;
  for (int operation : {IORING_OP_ACCEPT, IORING_OP_RECV, IORING_OP_SENDMSG, IORING_OP_CONNECT,
                        IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL, IORING_OP_CLOSE, IORING_OP_SENDMSG_ZC}) {
    all = all && io_uring_opcode_supported(probe, operation);
  }
  io_uring_free_probe(probe);
  return all;
}

inline bool has_completions(const io_uring& ring) {
  return *ring.cq.khead != __atomic_load_n(ring.cq.ktail, __ATOMIC_ACQUIRE);
}

}  // namespace sallyport::compat
