// How operations of the simulated Ring end: what the kernel may answer, in the state that their connection is
// in.
#include <errno.h>
#include <poll.h>
#include <string.h>

#include <algorithm>
#include <utility>

#include "config/check.h"
#include "core/io/ring_simulated.h"

namespace sallyport {

bool Ring::State::complete_one() {
  if (armed.empty()) return false;
  size_t start = random.below(armed.size());
  for (size_t i = 0; i < armed.size(); ++i) {
    size_t index = (start + i) % armed.size();
    switch (complete(armed[index])) {
      case SimOutcome::not_yet: break;
      case SimOutcome::more: return true;
      case SimOutcome::last:
        std::swap(armed[index], armed.back());
        armed.pop_back();
        return true;
    }
  }
  return false;
}

SimOutcome Ring::State::complete(SimOperation& operation) {
  if (operation.kind == SimKind::cancel) return post(operation, operation.result);
  if (operation.cancelled && !(can_run(operation) && random.chance(network.faults().cancel_too_late))) {
    return post(operation, -ECANCELED);
  }
  switch (operation.kind) {
    case SimKind::accept: return complete_accept(operation);
    case SimKind::receive: return complete_receive(operation);
    case SimKind::send: return complete_send(operation);
    case SimKind::connect: return complete_connect(operation);
    case SimKind::poll: return complete_poll(operation);
    case SimKind::cancel:
    case SimKind::close: break;
  }
  CHECK(false);
  return SimOutcome::not_yet;
}

// Whether it would complete by itself now, so that a cancel may come too late.
bool Ring::State::can_run(const SimOperation& operation) const {
  const SimStream* stream = operation.stream;
  switch (operation.kind) {
    case SimKind::accept: return operation.listener != nullptr && !operation.listener->queue.empty();
    case SimKind::receive:
      return stream != nullptr && stream->arrived(network.now_ns()) > 0 && !free_blocks.empty();
    case SimKind::send:
      return stream != nullptr && stream->phase == SimPhase::open && stream->near_held && stream->room() > 0;
    case SimKind::connect: return stream != nullptr && stream->connect_result != 1;
    case SimKind::poll: return !operation.cancelled && poll_mask(operation) != 0;
    case SimKind::cancel:
    case SimKind::close: break;
  }
  return false;
}

SimOutcome Ring::State::post(const SimOperation& operation, int32_t result, bool more) {
  network.note(static_cast<uint64_t>(operation.kind) << 40 ^ static_cast<uint32_t>(result) ^
               uint64_t{more} << 39);
  posted.push_back(
      {.token = operation.token, .result = result, .more = more, .has_block = false, .block = 0});
  if (result == -ENOBUFS) ++stats.enobufs;
  return more ? SimOutcome::more : SimOutcome::last;
}

SimOutcome Ring::State::complete_accept(SimOperation& operation) {
  const SimFaults& faults = network.faults();
  if (operation.listener == nullptr) return post(operation, operation.stream != nullptr ? -EINVAL : -EBADF);
  if (operation.listener->queue.empty()) return SimOutcome::not_yet;
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
SimOutcome Ring::State::fail_stream(SimOperation& operation) {
  static constexpr int receive_errors[] = {ECONNRESET, ETIMEDOUT};
  static constexpr int send_errors[] = {ECONNRESET, EPIPE, ETIMEDOUT};
  int error =
      operation.kind == SimKind::send ? send_errors[random.below(3)] : receive_errors[random.below(2)];
  network.break_stream(*operation.stream, 0);
  return post(operation, -error);
}

SimOutcome Ring::State::complete_receive(SimOperation& operation) {
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
    return SimOutcome::not_yet;
  }
  if (random.chance(faults.interrupted)) return post(operation, -EINTR);
  if (free_blocks.empty() || random.chance(faults.pool_empty)) return post(operation, -ENOBUFS);
  if (stream.phase == SimPhase::open && stream.near_held && random.chance(faults.reset))
    return fail_stream(operation);
  size = std::min<size_t>(size, blocks.size());
  return receive_bytes(operation, random.chance(faults.short_receive) ? random.up_to(size) : size);
}

SimOutcome Ring::State::receive_bytes(SimOperation& operation, size_t size) {
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
  SimOutcome outcome =
      post(operation, static_cast<int32_t>(size), !random.chance(network.faults().multishot_end));
  posted.back().has_block = true;
  posted.back().block = id;
  return outcome;
}

SimOutcome Ring::State::complete_send(SimOperation& operation) {
  const SimFaults& faults = network.faults();
  if (operation.stream == nullptr) return post(operation, operation.listener != nullptr ? -ENOTCONN : -EBADF);
  SimStream& stream = *operation.stream;
  if (stream.error != 0) return post(operation, -std::exchange(stream.error, 0));
  if (stream.phase != SimPhase::open || stream.near_finished) return post(operation, -EPIPE);
  if (random.chance(faults.interrupted)) return post(operation, -EINTR);
  if (random.chance(faults.reset)) return fail_stream(operation);
  if (stream.room() == 0 && operation.wait) return SimOutcome::not_yet;
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

SimOutcome Ring::State::complete_connect(SimOperation& operation) {
  if (operation.stream == nullptr) return post(operation, -EBADF);
  if (operation.stream->connect_result == 1) return SimOutcome::not_yet;
  return post(operation, operation.stream->connect_result);
}

SimOutcome Ring::State::complete_poll(SimOperation& operation) {
  uint32_t mask = poll_mask(operation);
  return mask == 0 ? SimOutcome::not_yet : post(operation, static_cast<int32_t>(mask));
}

uint32_t Ring::State::poll_mask(const SimOperation& operation) const {
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

}  // namespace sallyport
