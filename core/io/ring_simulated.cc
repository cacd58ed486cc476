// Ring over SimNetwork. Operations queue up, become armed at the next wait(), and complete one by one in an
// order that the seed decides; between them the network moves. What a completion may look like follows
// ring_linux.cc's kernel, only that everything rare is frequent here.
#include <errno.h>
#include <poll.h>
#include <string.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "config/check.h"
#include "core/io/blocks.h"
#include "core/io/ring.h"
#include "core/io/sim_network.h"
#include "core/io/sim_stream.h"

namespace sallyport {

namespace {

constexpr int64_t wall_offset_ns = 1'700'000'000'000'000'000;
constexpr size_t step_ns_max = 2'000;  // time that one event takes
constexpr int released_byte = 0xdb;    // what a released block is filled with: a late reader shall notice

enum class Kind : uint8_t { accept, receive, send, connect, poll, cancel, close };

struct Operation {
  Kind kind;
  int fd = -1;
  uint64_t token = 0;
  SimStream* stream = nullptr;
  SimListener* listener = nullptr;
  std::vector<iovec> vectors;
  Address address;
  uint64_t target = 0;
  uint32_t mask = 0;
  bool wait = false;
  bool attempted = false;
  bool cancelled = false;
  int32_t result = 0;  // of a cancel, known when it was taken
};

enum class Outcome : uint8_t { not_yet, more, last };

}  // namespace

struct Ring::State {
  State(Blocks&& pool, SimNetwork& world) : blocks(std::move(pool)), network(world), random(world.random()) {}

  void submit();
  void take(Operation& operation);
  void take_cancel(Operation& operation);
  void take_close(const Operation& operation);
  bool complete_one();
  Outcome complete(Operation& operation);
  Outcome complete_accept(Operation& operation);
  Outcome complete_receive(Operation& operation);
  Outcome complete_send(Operation& operation);
  Outcome complete_connect(Operation& operation);
  Outcome complete_poll(Operation& operation);
  Outcome post(const Operation& operation, int32_t result, bool more = false);
  Outcome receive_bytes(Operation& operation, size_t size);
  Outcome fail_stream(Operation& operation);
  [[nodiscard]] bool can_run(const Operation& operation) const;
  [[nodiscard]] uint32_t poll_mask(const Operation& operation) const;
  size_t return_posted(std::span<Completion> out);

  Blocks blocks;
  std::vector<uint16_t> free_blocks;
  SimNetwork& network;
  SimRandom& random;
  std::vector<Operation> queued;  // since the last wait()
  std::vector<Operation> armed;
  std::deque<Completion> posted;
  uint32_t in_flight = 0;
  RingStats stats;
};

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
  for (Operation& operation : queued) take(operation);
  queued.clear();
}

void Ring::State::take(Operation& operation) {
  if (operation.kind == Kind::close) return take_close(operation);
  if (operation.kind == Kind::cancel) {
    take_cancel(operation);
    if (operation.token != 0) armed.push_back(std::move(operation));
    return;
  }
  operation.stream = network.stream(operation.fd);
  operation.listener = network.listener(operation.fd);
  for (const Operation& other : armed) {
    CHECK(other.token != operation.token);  // two operations in flight under one token
    bool stream_order_lost = other.stream != nullptr && other.stream == operation.stream &&
                             other.kind == operation.kind && !other.cancelled && operation.kind != Kind::poll;
    CHECK(!stream_order_lost);  // two sends, receives or connects at once on one descriptor
  }
  if (operation.kind == Kind::connect && operation.stream != nullptr &&
      operation.stream->phase == SimPhase::fresh) {
    network.begin_connect(*operation.stream, operation.address);
  }
  armed.push_back(std::move(operation));
}

void Ring::State::take_cancel(Operation& cancel) {
  cancel.result = -ENOENT;
  for (Operation& operation : armed) {
    if (operation.token != cancel.target || operation.kind == Kind::cancel || operation.cancelled) continue;
    bool under_way = can_run(operation) && operation.kind != Kind::receive &&
                     operation.kind != Kind::accept && random.chance(network.faults().cancel_too_late);
    cancel.result = under_way ? -EALREADY : 0;
    operation.cancelled = !under_way;
    return;
  }
}

void Ring::State::take_close(const Operation& operation) {
  SimStream* stream = network.stream(operation.fd);
  SimListener* listener = network.listener(operation.fd);
  for (Operation& other : armed) {
    bool same =
        (stream != nullptr && other.stream == stream) || (listener != nullptr && other.listener == listener);
    if (!same || other.kind == Kind::cancel) continue;
    other.cancelled = true;
    if (other.listener != nullptr) other.listener = nullptr;  // the network forgets it now
  }
  network.close(operation.fd);
}

// --- Completing.

bool Ring::State::complete_one() {
  if (armed.empty()) return false;
  size_t start = random.below(armed.size());
  for (size_t i = 0; i < armed.size(); ++i) {
    size_t index = (start + i) % armed.size();
    switch (complete(armed[index])) {
      case Outcome::not_yet: break;
      case Outcome::more: return true;
      case Outcome::last:
        std::swap(armed[index], armed.back());
        armed.pop_back();
        return true;
    }
  }
  return false;
}

Outcome Ring::State::complete(Operation& operation) {
  if (operation.kind == Kind::cancel) return post(operation, operation.result);
  if (operation.cancelled && !(can_run(operation) && random.chance(network.faults().cancel_too_late))) {
    return post(operation, -ECANCELED);
  }
  switch (operation.kind) {
    case Kind::accept: return complete_accept(operation);
    case Kind::receive: return complete_receive(operation);
    case Kind::send: return complete_send(operation);
    case Kind::connect: return complete_connect(operation);
    case Kind::poll: return complete_poll(operation);
    case Kind::cancel:
    case Kind::close: break;
  }
  CHECK(false);
  return Outcome::not_yet;
}

// Whether it would complete by itself now, so that a cancel may come too late.
bool Ring::State::can_run(const Operation& operation) const {
  const SimStream* stream = operation.stream;
  switch (operation.kind) {
    case Kind::accept: return operation.listener != nullptr && !operation.listener->queue.empty();
    case Kind::receive:
      return stream != nullptr && stream->arrived(network.now_ns()) > 0 && !free_blocks.empty();
    case Kind::send:
      return stream != nullptr && stream->phase == SimPhase::open && stream->near_held && stream->room() > 0;
    case Kind::connect: return stream != nullptr && stream->connect_result != 1;
    case Kind::poll: return !operation.cancelled && poll_mask(operation) != 0;
    case Kind::cancel:
    case Kind::close: break;
  }
  return false;
}

Outcome Ring::State::post(const Operation& operation, int32_t result, bool more) {
  network.note(static_cast<uint64_t>(operation.kind) << 40 ^ static_cast<uint32_t>(result) ^
               uint64_t{more} << 39);
  posted.push_back(
      {.token = operation.token, .result = result, .more = more, .has_block = false, .block = 0});
  if (result == -ENOBUFS) ++stats.enobufs;
  return more ? Outcome::more : Outcome::last;
}

Outcome Ring::State::complete_accept(Operation& operation) {
  const SimFaults& faults = network.faults();
  if (operation.listener == nullptr) return post(operation, operation.stream != nullptr ? -EINVAL : -EBADF);
  if (operation.listener->queue.empty()) return Outcome::not_yet;
  if (random.chance(faults.interrupted)) return post(operation, -EINTR);
  if (random.chance(faults.accept_failure)) {
    if (random.chance(500)) return post(operation, -EMFILE);
    SimStream* gone = operation.listener->queue.front();
    operation.listener->queue.pop_front();
    network.break_stream(*gone, ECONNABORTED);
    return post(operation, -ECONNABORTED);
  }
  int fd = network.accept(*operation.listener);
  // A cancelled accept that was faster is not armed any more.
  return post(operation, fd, !operation.cancelled && !random.chance(faults.multishot_end));
}

// The connection breaks under this operation.
Outcome Ring::State::fail_stream(Operation& operation) {
  static constexpr int receive_errors[] = {ECONNRESET, ETIMEDOUT};
  static constexpr int send_errors[] = {ECONNRESET, EPIPE, ETIMEDOUT};
  int error = operation.kind == Kind::send ? send_errors[random.below(3)] : receive_errors[random.below(2)];
  network.break_stream(*operation.stream, 0);
  return post(operation, -error);
}

Outcome Ring::State::complete_receive(Operation& operation) {
  const SimFaults& faults = network.faults();
  if (operation.stream == nullptr) return post(operation, operation.listener != nullptr ? -ENOTCONN : -EBADF);
  SimStream& stream = *operation.stream;
  if (stream.phase != SimPhase::open && stream.phase != SimPhase::broken) return post(operation, -ENOTCONN);
  // As the kernel does: a fresh receive wants its block before it looks for bytes.
  if (!std::exchange(operation.attempted, true) && free_blocks.empty()) return post(operation, -ENOBUFS);
  size_t size = stream.arrived(network.now_ns());
  if (size == 0) {
    if (stream.error != 0) return post(operation, -std::exchange(stream.error, 0));
    if (stream.phase == SimPhase::broken) return post(operation, 0);
    if (stream.fin_arrived(network.now_ns()) && stream.inbound.empty()) return post(operation, 0);
    return Outcome::not_yet;
  }
  if (random.chance(faults.interrupted)) return post(operation, -EINTR);
  if (free_blocks.empty() || random.chance(faults.pool_empty)) return post(operation, -ENOBUFS);
  if (stream.phase == SimPhase::open && stream.near_held && random.chance(faults.reset))
    return fail_stream(operation);
  size = std::min<size_t>(size, blocks.size());
  return receive_bytes(operation, random.chance(faults.short_receive) ? random.up_to(size) : size);
}

Outcome Ring::State::receive_bytes(Operation& operation, size_t size) {
  std::swap(free_blocks[random.below(free_blocks.size())], free_blocks.back());
  uint16_t id = free_blocks.back();
  free_blocks.pop_back();
  auto* at = reinterpret_cast<char*>(blocks.at(id).data());
  for (size_t left = size; left > 0;) {
    SimChunk& chunk = operation.stream->inbound.front();
    size_t part = std::min(left, chunk.bytes.size());
    memcpy(at, chunk.bytes.data(), part);
    chunk.bytes.erase(0, part);
    if (chunk.bytes.empty()) operation.stream->inbound.pop_front();
    at += part;
    left -= part;
  }
  Outcome outcome =
      post(operation, static_cast<int32_t>(size), !random.chance(network.faults().multishot_end));
  posted.back().has_block = true;
  posted.back().block = id;
  return outcome;
}

Outcome Ring::State::complete_send(Operation& operation) {
  const SimFaults& faults = network.faults();
  if (operation.stream == nullptr) return post(operation, operation.listener != nullptr ? -ENOTCONN : -EBADF);
  SimStream& stream = *operation.stream;
  if (stream.error != 0) return post(operation, -std::exchange(stream.error, 0));
  if (stream.phase != SimPhase::open || stream.near_finished) return post(operation, -EPIPE);
  if (random.chance(faults.interrupted)) return post(operation, -EINTR);
  if (random.chance(faults.reset)) return fail_stream(operation);
  if (stream.room() == 0 && operation.wait) return Outcome::not_yet;
  if (stream.room() == 0 || (!operation.wait && random.chance(faults.spurious_again)))
    return post(operation, -EAGAIN);
  std::string bytes;
  for (const iovec& vector : operation.vectors)
    bytes.append(static_cast<const char*>(vector.iov_base), vector.iov_len);
  if (bytes.empty()) return post(operation, 0);
  size_t size = std::min(bytes.size(), stream.room());
  if (random.chance(faults.short_send)) size = random.up_to(size);
  bytes.resize(size);
  stream.last_outbound_ns = network.arrival_ns(stream.last_outbound_ns);
  stream.outbound.push_back({stream.last_outbound_ns, std::move(bytes)});
  stream.outbound_size += size;
  return post(operation, static_cast<int32_t>(size));
}

Outcome Ring::State::complete_connect(Operation& operation) {
  if (operation.stream == nullptr) return post(operation, -EBADF);
  if (operation.stream->connect_result == 1) return Outcome::not_yet;
  return post(operation, operation.stream->connect_result);
}

Outcome Ring::State::complete_poll(Operation& operation) {
  uint32_t mask = poll_mask(operation);
  return mask == 0 ? Outcome::not_yet : post(operation, static_cast<int32_t>(mask));
}

uint32_t Ring::State::poll_mask(const Operation& operation) const {
  uint32_t mask = 0;
  if (!SimNetwork::owns(operation.fd)) {
    // A real descriptor, such as a mailbox's eventfd: looked at, never waited for.
    pollfd real{.fd = operation.fd, .events = static_cast<short>(operation.mask), .revents = 0};
    if (::poll(&real, 1, 0) == 1) mask = static_cast<uint32_t>(real.revents);
  } else if (operation.listener != nullptr) {
    if (!operation.listener->queue.empty()) mask = POLLIN;
  } else if (operation.stream == nullptr) {
    mask = POLLNVAL;
  } else {
    const SimStream& stream = *operation.stream;
    bool broken = stream.phase == SimPhase::broken;
    bool ended = broken || stream.fin_arrived(network.now_ns());
    if (stream.arrived(network.now_ns()) > 0 || ended) mask |= POLLIN;
    if (ended) mask |= POLLRDHUP;
    if (broken || (stream.phase == SimPhase::open && stream.room() > 0)) mask |= POLLOUT;
    if (broken || (ended && stream.near_finished)) mask |= POLLHUP;
    if (broken && stream.error != 0) mask |= POLLERR;
  }
  return mask & (operation.mask | POLLERR | POLLHUP | POLLNVAL);
}

// --- Operations: all of them queue.

namespace {

void enqueue(std::vector<Operation>& queued, uint32_t& in_flight, RingStats& stats, Operation operation) {
  if (operation.token != 0) ++in_flight;
  ++stats.operations;
  queued.push_back(std::move(operation));
}

}  // namespace

void Ring::accept(int listener_fd, uint64_t token) {
  CHECK(token != 0);
  enqueue(state_->queued, state_->in_flight, state_->stats,
          {.kind = Kind::accept, .fd = listener_fd, .token = token});
}

void Ring::receive(int fd, uint64_t token) {
  CHECK(token != 0);
  enqueue(state_->queued, state_->in_flight, state_->stats,
          {.kind = Kind::receive, .fd = fd, .token = token});
}

void Ring::send(int fd, std::span<const iovec> bytes, bool wait, uint64_t token) {
  CHECK(token != 0);
  CHECK(!bytes.empty() && bytes.size() <= limits::send_iovec_count_max);
  enqueue(
      state_->queued, state_->in_flight, state_->stats,
      {.kind = Kind::send, .fd = fd, .token = token, .vectors = {bytes.begin(), bytes.end()}, .wait = wait});
}

void Ring::connect(int fd, const Address& address, uint64_t token) {
  CHECK(token != 0 && address.size > 0);
  enqueue(state_->queued, state_->in_flight, state_->stats,
          {.kind = Kind::connect, .fd = fd, .token = token, .address = address});
}

void Ring::poll(int fd, uint32_t mask, uint64_t token) {
  CHECK(token != 0);
  enqueue(state_->queued, state_->in_flight, state_->stats,
          {.kind = Kind::poll, .fd = fd, .token = token, .mask = mask});
}

void Ring::cancel(uint64_t target_token, uint64_t token) {
  CHECK(target_token != 0);
  enqueue(state_->queued, state_->in_flight, state_->stats,
          {.kind = Kind::cancel, .token = token, .target = target_token});
}

void Ring::close(int fd) {
  CHECK(fd >= 0);
  enqueue(state_->queued, state_->in_flight, state_->stats, {.kind = Kind::close, .fd = fd});
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
