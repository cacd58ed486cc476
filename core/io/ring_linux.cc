// Ring on io_uring. What an operation needs in memory (message headers, iovecs, addresses) is staged only
// until the kernel has taken the entry, because it copies them then (IORING_FEAT_SUBMIT_STABLE, every kernel
// since 5.5).
#include "config/clock.h"
#include "core/io/ring.h"

#include <errno.h>
#include <string.h>

#include <algorithm>

#include "config/check.h"
#include "core/io/blocks.h"
#include "core/io/kernel_ring.h"
#include "core/io/operation_table.h"
#include "core/io/pipes.h"
#include "core/io/sockets.h"

namespace sallyport {

namespace {

constexpr unsigned min_wait_completion_count = 32;  // with min_wait_us: return early once so many have come

constexpr uint64_t no_handle = ~uint64_t{0};

}  // namespace

struct Ring::State {
  explicit State(Blocks&& pool) : blocks(std::move(pool)) {}

  io_uring_sqe& start(uint64_t token, uint8_t opcode, int fd);
  size_t reap(std::span<Completion> out);
  void note(const io_uring_cqe& cqe, Completion& completion);
  void note_block(const io_uring_cqe& cqe, Completion& completion);

  Blocks blocks;  // before the kernel's ring, which must go first
  KernelRing kernel;
  OperationTable operations;
  RingStats stats;
};

Result<std::unique_ptr<Ring>> Ring::open(const RingOptions& options) {
  CHECK((options.block_count & (options.block_count - 1)) == 0 && options.block_count <= 32768);
  Result<Blocks> blocks = Blocks::open(options.block_count, options.block_size, true);
  if (!blocks) return std::unexpected(std::move(blocks.error()));
  auto state = std::make_unique<State>(std::move(*blocks));
  if (Result<void> done = state->kernel.open(options.entry_count); !done) {
    return std::unexpected(std::move(done.error()));
  }
  if (Result<void> done = state->kernel.offer_all(state->blocks); !done) {
    return std::unexpected(std::move(done.error()));
  }
  return std::unique_ptr<Ring>(new Ring(std::move(state)));
}

Ring::Ring(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ring::~Ring() = default;

// --- Waiting.

size_t Ring::wait(std::span<Completion> out, int64_t deadline_ns, uint32_t min_wait_us) {
  CHECK(!out.empty());
  State& s = *state_;
  for (;;) {
    if (s.kernel.flush() == 0) {
      if (size_t count = s.reap(out)) return count;
    }
    int64_t left_ns = deadline_ns < 0 ? -1 : deadline_ns - now_ns();
    bool sleep = !s.kernel.has_completions() && (deadline_ns < 0 || left_ns > 0);
    bool gather = sleep && min_wait_us > 0 && s.kernel.min_wait_supported() &&
                  (deadline_ns < 0 || left_ns / 1000 > min_wait_us);
    auto gathered = static_cast<unsigned>(std::min<size_t>(out.size(), min_wait_completion_count));
    s.kernel.enter(gather ? gathered : (sleep ? 1 : 0), sleep ? left_ns : -1, gather ? min_wait_us : 0);
    if (size_t count = s.reap(out)) return count;
    bool passed = deadline_ns >= 0 && now_ns() >= deadline_ns;
    if (passed && !s.kernel.has_completions() && s.kernel.flush() == 0) return 0;
  }
}

size_t Ring::State::reap(std::span<Completion> out) {
  size_t count = 0;
  kernel.reap([&](const io_uring_cqe& cqe) {
    if (count == out.size()) return false;
    // Our own, for which nobody waits: closes, and cancels of what had just ended.
    if (cqe.user_data != 0) note(cqe, out[count++]);
    return true;
  });
  stats.completions += count;
  return count;
}

void Ring::State::note(const io_uring_cqe& cqe, Completion& completion) {
  bool more = (cqe.flags & IORING_CQE_F_MORE) != 0;
  uint64_t token = more ? operations.token(cqe.user_data) : operations.remove(cqe.user_data);
  completion = {.token = token, .result = cqe.res, .more = more, .has_block = false, .block = 0};
  note_block(cqe, completion);
  if (cqe.res == -ENOBUFS) ++stats.enobufs;
}

// A kernel may attach a block to a completion that brings no bytes; callers need not know.
void Ring::State::note_block(const io_uring_cqe& cqe, Completion& completion) {
  if ((cqe.flags & IORING_CQE_F_BUFFER) == 0) return;
  auto id = static_cast<uint16_t>(cqe.flags >> IORING_CQE_BUFFER_SHIFT);
  if (cqe.res <= 0) {
    kernel.offer(id);
    return;
  }
  CHECK(static_cast<uint32_t>(cqe.res) <= blocks.size());
  blocks.take(id);
  completion.has_block = true;
  completion.block = id;
}

// --- Blocks.

std::span<std::byte> Ring::block(uint16_t id) { return state_->blocks.at(id); }

void Ring::release(uint16_t id) {
  state_->blocks.give_back(id);
  state_->kernel.offer(id);
}

// --- Operations.

io_uring_sqe& Ring::State::start(uint64_t token, uint8_t opcode, int fd) {
  ++stats.operations;
  return kernel.next_entry(operations.add(token, fd), opcode, fd);
}

void Ring::accept(int listener_fd, uint64_t token) {
  io_uring_sqe& entry = state_->start(token, IORING_OP_ACCEPT, listener_fd);
  entry.accept_flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  entry.ioprio = IORING_ACCEPT_MULTISHOT;
}

void Ring::receive(int fd, uint64_t token) {
  io_uring_sqe& entry = state_->start(token, IORING_OP_RECV, fd);
  entry.ioprio = IORING_RECV_MULTISHOT;
  entry.flags = IOSQE_BUFFER_SELECT;
  entry.buf_group = KernelRing::block_group;
}

void Ring::send(int fd, std::span<const iovec> bytes, bool wait, uint64_t token) {
  CHECK(!bytes.empty() && bytes.size() <= limits::send_iovec_count_max);
  std::byte* memory = state_->kernel.stage(sizeof(msghdr) + bytes.size_bytes());
  auto* vectors = reinterpret_cast<iovec*>(memory + sizeof(msghdr));
  memcpy(vectors, bytes.data(), bytes.size_bytes());
  auto* message = new (memory) msghdr{};
  message->msg_iov = vectors;
  message->msg_iovlen = bytes.size();
  io_uring_sqe& entry = state_->start(token, IORING_OP_SENDMSG, fd);
  entry.addr = reinterpret_cast<uint64_t>(message);
  entry.len = 1;
  entry.msg_flags = static_cast<uint32_t>(MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
}

void Ring::connect(int fd, const Address& address, uint64_t token) {
  CHECK(address.size > 0);
  std::byte* memory = state_->kernel.stage(address.size);
  memcpy(memory, &address.storage, address.size);
  io_uring_sqe& entry = state_->start(token, IORING_OP_CONNECT, fd);
  entry.addr = reinterpret_cast<uint64_t>(memory);
  entry.off = address.size;
}

void Ring::poll(int fd, uint32_t mask, uint64_t token) {
  state_->start(token, IORING_OP_POLL_ADD, fd).poll32_events = mask;
}

void Ring::cancel(uint64_t target_token, uint64_t token) {
  CHECK(target_token != 0 && target_token != token);
  State& s = *state_;
  uint64_t target = s.operations.find(target_token);
  if (target == 0 && token == 0) return;
  io_uring_sqe& entry = token == 0 ? s.kernel.next_entry(0, IORING_OP_ASYNC_CANCEL, -1)
                                   : s.start(token, IORING_OP_ASYNC_CANCEL, -1);
  entry.addr = target != 0 ? target : no_handle;  // the kernel then answers -ENOENT
  if (token == 0) entry.flags = IOSQE_CQE_SKIP_SUCCESS;
}

// shutdown(2) never blocks, while the ring's own operation always goes to a worker thread.
void Ring::shutdown(int fd) {
  state_->kernel.submit();
  (void)::shutdown(fd, SHUT_WR);
}

// An armed operation holds its own reference to the socket: without the cancels, close(2) alone would send no
// FIN and the receive would live on.
void Ring::close(int fd) {
  CHECK(fd >= 0);
  State& s = *state_;
  for (uint64_t handle = s.operations.first(fd); handle != 0; handle = s.operations.next(handle)) {
    io_uring_sqe& cancel = s.kernel.next_entry(0, IORING_OP_ASYNC_CANCEL, -1);
    cancel.addr = handle;
    cancel.flags = IOSQE_CQE_SKIP_SUCCESS;
  }
  s.kernel.next_entry(0, IORING_OP_CLOSE, fd).flags = IOSQE_CQE_SKIP_SUCCESS;
}

// --- Pipes.

Result<Pipe> Ring::open_pipe(size_t size) { return pipes::open(size); }
void Ring::close_pipe(const Pipe& pipe) { pipes::close(pipe); }
void Ring::empty_pipe(const Pipe& pipe) { pipes::empty(pipe); }

ptrdiff_t Ring::splice_in(int fd, const Pipe& pipe, size_t size) {
  CHECK(size > 0);
  return pipes::splice(fd, pipe.write_fd, size);
}

ptrdiff_t Ring::splice_out(const Pipe& pipe, int fd, size_t size) {
  CHECK(size > 0);
  return pipes::splice(pipe.read_fd, fd, size);
}

void Ring::reset(int fd) {
  sockets::set_reset_on_close(fd);
  close(fd);
}

// --- Descriptors, clock, accounts.

Result<int> Ring::socket(int family) { return sockets::open_stream(family); }

Result<int> Ring::listen(const Address& address, bool reuse_port, int backlog) {
  return sockets::open_listener(address, reuse_port, backlog);
}

Result<Address> Ring::local_address(int fd) { return sockets::local_address(fd); }
Result<Address> Ring::peer_address(int fd) { return sockets::peer_address(fd); }
void Ring::prepare_accepted(int fd) { sockets::set_no_delay(fd); }

int64_t Ring::now_ns() const { return steady_ns(); }
int64_t Ring::wall_ns() const { return sallyport::wall_ns(); }

uint32_t Ring::blocks_out() const { return state_->blocks.out(); }
uint32_t Ring::operations_in_flight() const { return state_->operations.count(); }
RingStats Ring::stats() const {
  RingStats stats = state_->stats;
  stats.submits = state_->kernel.trips();
  stats.overflows = state_->kernel.overflows();
  return stats;
}
bool Ring::min_wait_supported() const { return state_->kernel.min_wait_supported(); }

}  // namespace sallyport
