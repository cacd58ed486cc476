// Ring on io_uring. The completion's user_data is the caller's token as it is; what an operation needs in
// memory (message headers, iovecs, addresses) lives in `staging` only until the kernel has taken the entry,
// because it copies them then (IORING_FEAT_SUBMIT_STABLE, every kernel since 5.5).
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "config/check.h"
#include "core/io/blocks.h"
#include "core/io/compat.h"
#include "core/io/refusal.h"
#include "core/io/ring.h"
#include "core/io/sockets.h"

namespace sallyport {

namespace {

constexpr uint16_t block_group = 0;
constexpr size_t staging_size = 256 * limits::KiB;
constexpr unsigned min_wait_completion_count = 32;  // with min_wait_us: return early once so many have come
constexpr unsigned completions_per_entry = 4;       // multishots post many; 16384 completions are 256 KiB

int64_t clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

struct Ring::State {
  explicit State(Blocks&& pool) : blocks(std::move(pool)) {}
  ~State();

  Result<void> set_up(const RingOptions& options);
  Result<void> register_blocks();
  void offer(uint16_t id);
  io_uring_sqe& next_entry(uint64_t token, uint8_t opcode, int fd);
  std::byte* stage(size_t size);
  void submit();
  size_t reap(std::span<Completion> out);
  void note_block(const io_uring_cqe& cqe, Completion& completion);

  io_uring ring{};
  bool ring_open = false;
  bool min_wait = false;
  Blocks blocks;
  io_uring_buf_ring* offered = nullptr;  // shared with the kernel: blocks that it may fill
  std::unique_ptr<std::byte[]> staging;
  size_t staged = 0;  // bytes of staging in use by entries not yet taken
  uint32_t in_flight = 0;
  RingStats stats;
};

// --- Life cycle.

Result<std::unique_ptr<Ring>> Ring::open(const RingOptions& options) {
  CHECK((options.block_count & (options.block_count - 1)) == 0 && options.block_count <= 32768);
  Result<Blocks> blocks = Blocks::open(options.block_count, options.block_size, true);
  if (!blocks) return std::unexpected(std::move(blocks.error()));
  auto state = std::make_unique<State>(std::move(*blocks));
  if (Result<void> done = state->set_up(options); !done) return std::unexpected(std::move(done.error()));
  return std::unique_ptr<Ring>(new Ring(std::move(state)));
}

Ring::Ring(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ring::~Ring() = default;

Result<void> Ring::State::set_up(const RingOptions& options) {
  io_uring_params params{};
  unsigned common = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL;
  // Completion work runs only inside our own wait, never in the middle of a handler. Where a kernel refuses
  // that, cooperative task work is the next best.
  params.flags = common | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
  params.cq_entries = options.entry_count * completions_per_entry;
  int code = io_uring_queue_init_params(options.entry_count, &ring, &params);
  if (code == -EINVAL) {
    params = io_uring_params{};
    params.flags = common | IORING_SETUP_COOP_TASKRUN;
    params.cq_entries = options.entry_count * completions_per_entry;
    code = io_uring_queue_init_params(options.entry_count, &ring, &params);
  }
  if (code < 0) return fail(ring_refusal(-code, io_uring_disabled_setting()), -code);
  ring_open = true;
  compat::map_submissions(ring);
  min_wait = (params.features & IORING_FEAT_MIN_TIMEOUT) != 0;

  unsigned needed =
      IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_EXT_ARG | IORING_FEAT_CQE_SKIP | IORING_FEAT_NODROP;
  if ((params.features & needed) != needed || !compat::supports_operations(ring)) {
    return fail(ring_too_old(), ENOSYS);
  }
  staging = std::make_unique<std::byte[]>(staging_size);
  return register_blocks();
}

Result<void> Ring::State::register_blocks() {
  size_t size = blocks.count() * sizeof(io_uring_buf);
  void* memory =
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) return fail_errno("map the ring of receive blocks", errno);
  offered = static_cast<io_uring_buf_ring*>(memory);
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<uint64_t>(memory);
  registration.ring_entries = blocks.count();
  registration.bgid = block_group;
  if (int code = io_uring_register_buf_ring(&ring, &registration, 0); code < 0) {
    return fail(ring_too_old() + " (the kernel refuses a ring of receive blocks: " + strerror(-code) + ")",
                -code);
  }
  io_uring_buf_ring_init(offered);
  for (uint32_t id = 0; id < blocks.count(); ++id) offer(static_cast<uint16_t>(id));
  return {};
}

Ring::State::~State() {
  if (ring_open) io_uring_queue_exit(&ring);
  if (offered != nullptr) munmap(offered, blocks.count() * sizeof(io_uring_buf));
}

// --- Handing over and waiting.

io_uring_sqe& Ring::State::next_entry(uint64_t token, uint8_t opcode, int fd) {
  io_uring_sqe* entry = io_uring_get_sqe(&ring);
  if (entry == nullptr) {
    submit();
    entry = io_uring_get_sqe(&ring);
    CHECK(entry != nullptr);
  }
  memset(entry, 0, sizeof *entry);
  entry->opcode = opcode;
  entry->fd = fd;
  entry->user_data = token;
  if (token != 0) ++in_flight;
  ++stats.operations;
  return *entry;
}

// Bytes that live until the kernel has taken the entry which points to them. To be followed by next_entry(),
// which then finds room in the queue: a submit between the two would give the bytes away.
std::byte* Ring::State::stage(size_t size) {
  size = (size + 15) & ~size_t{15};
  if (staged + size > staging_size || io_uring_sq_space_left(&ring) == 0) submit();
  CHECK(staged + size <= staging_size);
  std::byte* at = staging.get() + staged;
  staged += size;
  return at;
}

void Ring::State::submit() {
  while (unsigned count = compat::flush_submissions(ring)) {
    int code = compat::enter(ring, count, 0, -1, 0, false);
    ++stats.submits;
    CHECK(code >= 0 || code == -EINTR || code == -EAGAIN || code == -EBUSY || code == -ENOMEM);
    if (code < 0 && code != -EINTR) {
      // The kernel is out of memory for requests. Nothing can be done here but let others free some.
      timespec pause{.tv_sec = 0, .tv_nsec = 100'000};
      nanosleep(&pause, nullptr);
    }
  }
  staged = 0;
}

size_t Ring::wait(std::span<Completion> out, int64_t deadline_ns, uint32_t min_wait_us) {
  CHECK(!out.empty());
  State& s = *state_;
  for (;;) {
    unsigned pending = compat::flush_submissions(s.ring);
    if (pending == 0) {
      if (size_t count = s.reap(out)) return count;
    }
    bool ready = compat::has_completions(s.ring);
    int64_t left_ns = deadline_ns < 0 ? -1 : deadline_ns - now_ns();
    bool sleep = !ready && (deadline_ns < 0 || left_ns > 0);
    unsigned wait_count = sleep ? 1 : 0;
    uint32_t min_us = 0;
    if (sleep && s.min_wait && min_wait_us > 0 && (deadline_ns < 0 || left_ns / 1000 > min_wait_us)) {
      min_us = min_wait_us;
      wait_count = out.size() < min_wait_completion_count ? static_cast<unsigned>(out.size())
                                                          : min_wait_completion_count;
    }
    int code = compat::enter(s.ring, pending, wait_count, sleep ? left_ns : -1, min_us, true);
    ++s.stats.submits;
    // -ETIME: the deadline. -EINTR: a signal. The others: the kernel wants completions taken first; all are
    // answered by looking again, since every entry that was not taken stays in the queue.
    CHECK(code >= 0 || code == -ETIME || code == -EINTR || code == -EAGAIN || code == -EBUSY ||
          code == -ENOMEM);
    if (compat::flush_submissions(s.ring) == 0) s.staged = 0;
    if (compat::completions_overflowed(s.ring)) ++s.stats.overflows;
    if (size_t count = s.reap(out)) return count;
    if (deadline_ns >= 0 && now_ns() >= deadline_ns && !compat::has_completions(s.ring)) {
      if (compat::flush_submissions(s.ring) == 0) return 0;
    }
  }
}

size_t Ring::State::reap(std::span<Completion> out) {
  unsigned head = *ring.cq.khead;
  unsigned tail = __atomic_load_n(ring.cq.ktail, __ATOMIC_ACQUIRE);
  size_t count = 0;
  for (; head != tail && count < out.size(); ++head) {
    const io_uring_cqe& cqe = ring.cq.cqes[head & *ring.cq.kring_mask];
    if (cqe.user_data == 0) continue;  // our own: closes, cancels that nobody waits for
    Completion& completion = out[count++];
    completion = {.token = cqe.user_data,
                  .result = cqe.res,
                  .more = (cqe.flags & IORING_CQE_F_MORE) != 0,
                  .has_block = false,
                  .block = 0};
    note_block(cqe, completion);
    if (!completion.more) --in_flight;
    if (cqe.res == -ENOBUFS) ++stats.enobufs;
  }
  __atomic_store_n(ring.cq.khead, head, __ATOMIC_RELEASE);
  stats.completions += count;
  return count;
}

// A kernel may attach a block to a completion that brings no bytes; callers need not know.
void Ring::State::note_block(const io_uring_cqe& cqe, Completion& completion) {
  if ((cqe.flags & IORING_CQE_F_BUFFER) == 0) return;
  auto id = static_cast<uint16_t>(cqe.flags >> IORING_CQE_BUFFER_SHIFT);
  if (cqe.res <= 0) {
    offer(id);
    return;
  }
  CHECK(static_cast<uint32_t>(cqe.res) <= blocks.size());
  blocks.take(id);
  completion.has_block = true;
  completion.block = id;
}

// --- Blocks.

void Ring::State::offer(uint16_t id) {
  std::span<std::byte> block = blocks.at(id);
  int mask = io_uring_buf_ring_mask(blocks.count());
  io_uring_buf_ring_add(offered, block.data(), static_cast<unsigned>(block.size()), id, mask, 0);
  io_uring_buf_ring_advance(offered, 1);
}

std::span<std::byte> Ring::block(uint16_t id) { return state_->blocks.at(id); }

void Ring::release(uint16_t id) {
  state_->blocks.give_back(id);
  state_->offer(id);
}

// --- Operations.

void Ring::accept(int listener_fd, uint64_t token) {
  CHECK(token != 0);
  io_uring_sqe& entry = state_->next_entry(token, IORING_OP_ACCEPT, listener_fd);
  entry.accept_flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  entry.ioprio = IORING_ACCEPT_MULTISHOT;
}

void Ring::receive(int fd, uint64_t token) {
  CHECK(token != 0);
  io_uring_sqe& entry = state_->next_entry(token, IORING_OP_RECV, fd);
  entry.ioprio = IORING_RECV_MULTISHOT;
  entry.flags = IOSQE_BUFFER_SELECT;
  entry.buf_group = block_group;
}

void Ring::send(int fd, std::span<const iovec> bytes, bool wait, uint64_t token) {
  CHECK(token != 0);
  CHECK(!bytes.empty() && bytes.size() <= limits::send_iovec_count_max);
  std::byte* memory = state_->stage(sizeof(msghdr) + bytes.size_bytes());
  auto* vectors = reinterpret_cast<iovec*>(memory + sizeof(msghdr));
  memcpy(vectors, bytes.data(), bytes.size_bytes());
  auto* message = new (memory) msghdr{};
  message->msg_iov = vectors;
  message->msg_iovlen = bytes.size();
  io_uring_sqe& entry = state_->next_entry(token, IORING_OP_SENDMSG, fd);
  entry.addr = reinterpret_cast<uint64_t>(message);
  entry.len = 1;
  entry.msg_flags = static_cast<uint32_t>(MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
}

void Ring::connect(int fd, const Address& address, uint64_t token) {
  CHECK(token != 0 && address.size > 0);
  std::byte* memory = state_->stage(address.size);
  memcpy(memory, &address.storage, address.size);
  io_uring_sqe& entry = state_->next_entry(token, IORING_OP_CONNECT, fd);
  entry.addr = reinterpret_cast<uint64_t>(memory);
  entry.off = address.size;
}

void Ring::poll(int fd, uint32_t mask, uint64_t token) {
  CHECK(token != 0);
  state_->next_entry(token, IORING_OP_POLL_ADD, fd).poll32_events = mask;
}

void Ring::cancel(uint64_t target_token, uint64_t token) {
  CHECK(target_token != 0);
  io_uring_sqe& entry = state_->next_entry(token, IORING_OP_ASYNC_CANCEL, -1);
  entry.addr = target_token;
  if (token == 0) entry.flags = IOSQE_CQE_SKIP_SUCCESS;
}

// shutdown(2) never blocks, while the ring's own operation always goes to a worker thread.
void Ring::shutdown(int fd) {
  state_->submit();
  (void)::shutdown(fd, SHUT_WR);
}

// An armed operation holds its own reference to the socket: without the cancel, close(2) alone would send no
// FIN and the receive would live on. The cancel stands before the close because it finds the socket by the
// number.
void Ring::close(int fd) {
  CHECK(fd >= 0);
  io_uring_sqe& cancel = state_->next_entry(0, IORING_OP_ASYNC_CANCEL, fd);
  cancel.cancel_flags = IORING_ASYNC_CANCEL_FD | IORING_ASYNC_CANCEL_ALL;
  cancel.flags = IOSQE_CQE_SKIP_SUCCESS;
  state_->next_entry(0, IORING_OP_CLOSE, fd).flags = IOSQE_CQE_SKIP_SUCCESS;
}

// --- Descriptors, clock, accounts.

Result<int> Ring::socket(int family) { return sockets::open_stream(family); }

Result<int> Ring::listen(const Address& address, bool reuse_port, int backlog) {
  return sockets::open_listener(address, reuse_port, backlog);
}

Result<Address> Ring::local_address(int fd) { return sockets::local_address(fd); }
Result<Address> Ring::peer_address(int fd) { return sockets::peer_address(fd); }
void Ring::prepare_accepted(int fd) { sockets::set_no_delay(fd); }

int64_t Ring::now_ns() const { return clock_ns(CLOCK_MONOTONIC); }
int64_t Ring::wall_ns() const { return clock_ns(CLOCK_REALTIME); }

uint32_t Ring::blocks_out() const { return state_->blocks.out(); }
uint32_t Ring::operations_in_flight() const { return state_->in_flight; }
const RingStats& Ring::stats() const { return state_->stats; }
bool Ring::min_wait_supported() const { return state_->min_wait; }

}  // namespace sallyport
