// Ring over SimNetwork. Operations queue up, become armed at the next wait(), and complete one by one in an
// order that the seed decides; between them the network moves. What a completion may look like follows
// ring_linux.cc's kernel, only that everything rare is frequent here.
#include "core/io/ring_simulated.h"

#include <errno.h>
#include <string.h>

#include <algorithm>
#include <utility>

#include "config/check.h"

namespace sallyport {

namespace {

constexpr int64_t wall_offset_ns = 1'700'000'000'000'000'000;
constexpr size_t step_ns_max = 2'000;  // time that one event takes
constexpr int released_byte = 0xdb;    // what a released block is filled with: a late reader shall notice

}  // namespace

Result<std::unique_ptr<Ring>> Ring::open(const RingOptions& options) {
  CHECK(options.network != nullptr);
  CHECK((options.block_count & (options.block_count - 1)) == 0 && options.block_count <= 32768);
  Result<Blocks> blocks = Blocks::open(options.block_count, options.block_size, false);
  if (!blocks) return std::unexpected(std::move(blocks.error()));
  auto state = std::make_unique<State>(std::move(*blocks), *options.network);
  for (uint32_t id = 0; id < options.block_count; ++id)
    state->free_blocks.push_back(static_cast<uint16_t>(id));
  return std::unique_ptr<Ring>(new Ring(std::move(state)));
}

Ring::Ring(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ring::~Ring() = default;

// --- Waiting.

size_t Ring::wait(std::span<Completion> out, int64_t deadline_ns, uint32_t) {
  CHECK(!out.empty());
  State& s = *state_;
  SimNetwork& network = s.network;
  s.submit();
  // A mere look sees a part of what could be seen: how much is chance, but time always moves.
  bool look_only = deadline_ns >= 0 && deadline_ns <= network.now_ns();
  size_t steps_left = look_only ? s.random.up_to(16) : SIZE_MAX;
  for (;;) {
    bool full = s.posted.size() >= out.size();
    if (!s.posted.empty() && (full || steps_left == 0 || s.random.chance(200))) return s.return_posted(out);
    if (steps_left == 0) return 0;
    if (steps_left != SIZE_MAX) --steps_left;
    network.advance(network.now_ns() + static_cast<int64_t>(s.random.below(step_ns_max)));
    bool network_first = s.random.chance(500);
    if (network_first ? network.step() || s.complete_one() : s.complete_one() || network.step()) {
      if (s.posted.empty() && !look_only && deadline_ns >= 0 && network.now_ns() >= deadline_ns) return 0;
      continue;
    }
    if (!s.posted.empty()) return s.return_posted(out);
    if (deadline_ns >= 0 && network.now_ns() >= deadline_ns) return 0;
    int64_t next_ns = network.next_event_ns();
    if (next_ns < 0 && deadline_ns < 0) {
      CHECK(network.on_stuck != nullptr);
      uint64_t before = network.trace_hash();
      network.on_stuck();
      CHECK(network.next_event_ns() >= 0 || network.step() || s.complete_one() ||
            before != network.trace_hash());
      continue;
    }
    if (next_ns < 0 || (deadline_ns >= 0 && deadline_ns < next_ns)) next_ns = deadline_ns;
    network.advance(next_ns);
  }
}

size_t Ring::State::return_posted(std::span<Completion> out) {
  size_t count = std::min(out.size(), posted.size());
  std::copy_n(posted.begin(), count, out.begin());
  posted.erase(posted.begin(), posted.begin() + static_cast<ptrdiff_t>(count));
  for (const Completion& completion : out.first(count)) {
    if (!completion.more) --in_flight;
    if (completion.has_block) blocks.take(completion.block);
  }
  stats.completions += count;
  return count;
}

// --- Arming.

void Ring::State::submit() {
  if (!queued.empty()) ++stats.submits;
  for (SimOperation& operation : queued) take(operation);
  queued.clear();
}

void Ring::State::take(SimOperation& operation) {
  if (operation.kind == SimKind::close) return take_close(operation);
  if (operation.kind == SimKind::cancel) {
    take_cancel(operation);
    if (operation.token != 0) armed.push_back(std::move(operation));
    return;
  }
  operation.stream = network.stream(operation.fd);
  operation.listener = network.listener(operation.fd);
  for (const SimOperation& other : armed) {
    CHECK(other.token != operation.token);  // two operations in flight under one token
    bool stream_order_lost = other.stream != nullptr && other.stream == operation.stream &&
                             other.kind == operation.kind && !other.cancelled &&
                             operation.kind != SimKind::poll;
    CHECK(!stream_order_lost);  // two sends, receives or connects at once on one descriptor
  }
  if (operation.kind == SimKind::connect && operation.stream != nullptr &&
      operation.stream->phase == SimPhase::fresh) {
    network.begin_connect(*operation.stream, operation.address);
  }
  armed.push_back(std::move(operation));
}

void Ring::State::take_cancel(SimOperation& cancel) {
  cancel.result = -ENOENT;
  for (SimOperation& operation : armed) {
    if (operation.token != cancel.target || operation.kind == SimKind::cancel || operation.cancelled)
      continue;
    bool under_way = can_run(operation) && operation.kind != SimKind::receive &&
                     operation.kind != SimKind::accept && random.chance(network.faults().cancel_too_late);
    cancel.result = under_way ? -EALREADY : 0;
    operation.cancelled = !under_way;
    return;
  }
}

void Ring::State::take_close(const SimOperation& operation) {
  SimStream* stream = network.stream(operation.fd);
  SimListener* listener = network.listener(operation.fd);
  for (SimOperation& other : armed) {
    bool same =
        (stream != nullptr && other.stream == stream) || (listener != nullptr && other.listener == listener);
    if (!same || other.kind == SimKind::cancel) continue;
    other.cancelled = true;
    if (other.listener != nullptr) other.listener = nullptr;  // the network forgets it now
  }
  if (operation.reset) {
    network.reset(operation.fd);
  } else {
    network.close(operation.fd);
  }
}

// --- Operations: all of them queue.

void Ring::State::enqueue(SimOperation operation) {
  if (operation.token != 0) ++in_flight;
  ++stats.operations;
  queued.push_back(std::move(operation));
}

void Ring::accept(int listener_fd, uint64_t token) {
  CHECK(token != 0);
  state_->enqueue({.kind = SimKind::accept, .fd = listener_fd, .token = token});
}

void Ring::receive(int fd, uint64_t token) {
  CHECK(token != 0);
  state_->enqueue({.kind = SimKind::receive, .fd = fd, .token = token});
}

void Ring::send(int fd, std::span<const iovec> bytes, bool wait, uint64_t token) {
  CHECK(token != 0);
  CHECK(!bytes.empty() && bytes.size() <= limits::send_iovec_count_max);
  state_->enqueue({.kind = SimKind::send,
                   .fd = fd,
                   .token = token,
                   .vectors = {bytes.begin(), bytes.end()},
                   .wait = wait});
}

void Ring::connect(int fd, const Address& address, uint64_t token) {
  CHECK(token != 0 && address.size > 0);
  state_->enqueue({.kind = SimKind::connect, .fd = fd, .token = token, .address = address});
}

void Ring::poll(int fd, uint32_t mask, uint64_t token) {
  CHECK(token != 0);
  state_->enqueue({.kind = SimKind::poll, .fd = fd, .token = token, .mask = mask});
}

void Ring::cancel(uint64_t target_token, uint64_t token) {
  CHECK(target_token != 0);
  state_->enqueue({.kind = SimKind::cancel, .token = token, .target = target_token});
}

void Ring::close(int fd) {
  CHECK(fd >= 0);
  state_->enqueue({.kind = SimKind::close, .fd = fd});
}

void Ring::reset(int fd) {
  CHECK(fd >= 0);
  state_->enqueue({.kind = SimKind::close, .fd = fd, .reset = true});
}

void Ring::shutdown(int fd) {
  state_->submit();
  if (SimStream* stream = state_->network.stream(fd)) state_->network.shutdown(*stream);
}

// --- Blocks.

std::span<std::byte> Ring::block(uint16_t id) { return state_->blocks.at(id); }

void Ring::release(uint16_t id) {
  state_->blocks.give_back(id);
  std::span<std::byte> block = state_->blocks.at(id);
  memset(block.data(), released_byte, block.size());
  state_->free_blocks.push_back(id);
}

// --- Descriptors, clock, accounts.

Result<int> Ring::socket(int family) { return state_->network.open_stream(family); }

Result<int> Ring::listen(const Address& address, bool, int) {
  int fd = state_->network.open_listener(address);
  if (fd < 0) return fail_errno("listen on " + address.text(), -fd);
  return fd;
}

Result<Address> Ring::local_address(int fd) {
  if (SimListener* listener = state_->network.listener(fd)) return listener->address;
  if (SimStream* stream = state_->network.stream(fd)) return stream->local;
  return fail_errno("read a socket's own address", EBADF);
}

Result<Address> Ring::peer_address(int fd) {
  SimStream* stream = state_->network.stream(fd);
  if (stream == nullptr || stream->remote.size == 0) return fail_errno("read a peer's address", ENOTCONN);
  return stream->remote;
}

void Ring::prepare_accepted(int) {}

int64_t Ring::now_ns() const { return state_->network.now_ns(); }
int64_t Ring::wall_ns() const { return wall_offset_ns + state_->network.now_ns(); }

uint32_t Ring::blocks_out() const { return state_->blocks.out(); }
uint32_t Ring::operations_in_flight() const { return state_->in_flight; }
RingStats Ring::stats() const { return state_->stats; }
bool Ring::min_wait_supported() const { return true; }

}  // namespace sallyport
