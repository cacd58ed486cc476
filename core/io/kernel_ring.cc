#include "core/io/kernel_ring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "config/check.h"
#include "config/limits.h"
#include "core/io/refusal.h"

namespace sallyport {

namespace {

constexpr size_t staging_size = 256 * limits::KiB;
constexpr unsigned completions_per_entry = 4;  // multishots post many; 16384 completions are 256 KiB

}  // namespace

Result<void> KernelRing::open(uint32_t entry_count) {
  io_uring_params params{};
  unsigned common = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL;
  // Completion work runs only inside our own wait, never in the middle of a handler. Where a kernel refuses
  // that, cooperative task work is the next best.
  params.flags = common | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
  params.cq_entries = entry_count * completions_per_entry;
  int code = io_uring_queue_init_params(entry_count, &ring_, &params);
  if (code == -EINVAL) {
    params = io_uring_params{};
    params.flags = common | IORING_SETUP_COOP_TASKRUN;
    params.cq_entries = entry_count * completions_per_entry;
    code = io_uring_queue_init_params(entry_count, &ring_, &params);
  }
  if (code < 0) return fail(ring_refusal(-code, io_uring_disabled_setting()), -code);
  open_ = true;
  compat::map_submissions(ring_);
  min_wait_ = (params.features & IORING_FEAT_MIN_TIMEOUT) != 0;

  unsigned needed =
      IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_EXT_ARG | IORING_FEAT_CQE_SKIP | IORING_FEAT_NODROP;
  if ((params.features & needed) != needed || !compat::supports_operations(ring_))
    return fail(ring_too_old(), ENOSYS);
  staging_ = std::make_unique<std::byte[]>(staging_size);
  return {};
}

Result<void> KernelRing::offer_all(Blocks& blocks) {
  size_t size = blocks.count() * sizeof(io_uring_buf);
  void* memory =
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) return fail_errno("map the ring of receive blocks", errno);
  offered_ = static_cast<io_uring_buf_ring*>(memory);
  blocks_ = &blocks;
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<uint64_t>(memory);
  registration.ring_entries = blocks.count();
  registration.bgid = block_group;
  if (int code = io_uring_register_buf_ring(&ring_, &registration, 0); code < 0) {
    return fail(ring_too_old() + " (the kernel refuses a ring of receive blocks: " + strerror(-code) + ")",
                -code);
  }
  io_uring_buf_ring_init(offered_);
  for (uint32_t id = 0; id < blocks.count(); ++id) offer(static_cast<uint16_t>(id));
  return {};
}

KernelRing::~KernelRing() {
  if (open_) io_uring_queue_exit(&ring_);
  if (offered_ != nullptr) munmap(offered_, blocks_->count() * sizeof(io_uring_buf));
}

void KernelRing::offer(uint16_t id) {
  std::span<std::byte> block = blocks_->at(id);
  int mask = io_uring_buf_ring_mask(blocks_->count());
  io_uring_buf_ring_add(offered_, block.data(), static_cast<unsigned>(block.size()), id, mask, 0);
  io_uring_buf_ring_advance(offered_, 1);
}

io_uring_sqe& KernelRing::next_entry(uint64_t user_data, uint8_t opcode, int fd) {
  io_uring_sqe* entry = io_uring_get_sqe(&ring_);
  if (entry == nullptr) {
    submit();
    entry = io_uring_get_sqe(&ring_);
    CHECK(entry != nullptr);
  }
  memset(entry, 0, sizeof *entry);
  entry->opcode = opcode;
  entry->fd = fd;
  entry->user_data = user_data;
  return *entry;
}

std::byte* KernelRing::stage(size_t size) {
  size = (size + 15) & ~size_t{15};
  if (staged_ + size > staging_size || io_uring_sq_space_left(&ring_) == 0) submit();
  CHECK(staged_ + size <= staging_size);
  std::byte* at = staging_.get() + staged_;
  staged_ += size;
  return at;
}

unsigned KernelRing::flush() {
  unsigned count = compat::flush_submissions(ring_);
  if (count == 0) staged_ = 0;
  return count;
}

void KernelRing::enter(unsigned wait_count, int64_t timeout_ns, uint32_t min_wait_us) {
  int code = compat::enter(ring_, flush(), wait_count, timeout_ns, min_wait_us, true);
  ++trips_;
  // -ETIME: the timeout. -EINTR: a signal. The others: the kernel wants completions taken first, or memory.
  // Each is answered by the caller's looking again, since entries that were not taken stay in the queue.
  CHECK(code >= 0 || code == -ETIME || code == -EINTR || code == -EAGAIN || code == -EBUSY ||
        code == -ENOMEM);
  if (compat::completions_overflowed(ring_)) ++overflows_;
  flush();
}

void KernelRing::submit() {
  while (unsigned count = flush()) {
    int code = compat::enter(ring_, count, 0, -1, 0, false);
    ++trips_;
    CHECK(code >= 0 || code == -EINTR || code == -EAGAIN || code == -EBUSY || code == -ENOMEM);
    if (code < 0 && code != -EINTR) {
      // The kernel is out of memory for requests. Nothing can be done here but let others free some.
      timespec pause{.tv_sec = 0, .tv_nsec = 100'000};
      nanosleep(&pause, nullptr);
    }
  }
}

}  // namespace sallyport
