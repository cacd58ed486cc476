// Pipes of the simulated Ring: strings, with the answers that splice(2) may give in the connection's state.
#include <errno.h>

#include <algorithm>
#include <utility>

#include "config/check.h"
#include "core/io/ring_simulated.h"

namespace sallyport {

namespace {

std::string& held_by(std::vector<std::optional<std::string>>& pipes, const Pipe& pipe) {
  CHECK(pipe.read_fd >= 0 && static_cast<size_t>(pipe.read_fd) < pipes.size());
  CHECK(pipes[static_cast<size_t>(pipe.read_fd)].has_value());
  return *pipes[static_cast<size_t>(pipe.read_fd)];
}

// As ring_simulated's receive does.
std::string take_inbound(SimStream& stream, size_t size) {
  std::string bytes;
  while (bytes.size() < size) {
    SimChunk& chunk = stream.inbound.front();
    const size_t part = std::min(size - bytes.size(), chunk.bytes.size());
    bytes.append(chunk.bytes, 0, part);
    chunk.bytes.erase(0, part);
    if (chunk.bytes.empty()) stream.inbound.pop_front();
  }
  return bytes;
}

}  // namespace

Result<Pipe> Ring::open_pipe(size_t size) {
  State& s = *state_;
  s.pipes.emplace_back(std::in_place);
  const int number = static_cast<int>(s.pipes.size() - 1);
  return Pipe{.read_fd = number, .write_fd = number, .size = size};
}

void Ring::close_pipe(const Pipe& pipe) {
  (void)held_by(state_->pipes, pipe);
  state_->pipes[static_cast<size_t>(pipe.read_fd)].reset();
}

void Ring::empty_pipe(const Pipe& pipe) { held_by(state_->pipes, pipe).clear(); }

ptrdiff_t Ring::splice_in(int fd, const Pipe& pipe, size_t size) {
  State& s = *state_;
  CHECK(size > 0);
  std::string& held = held_by(s.pipes, pipe);
  CHECK(held.empty());
  SimStream* stream = s.network.stream(fd);
  if (stream == nullptr) return -EBADF;
  const SimFaults& faults = s.network.faults();
  const size_t arrived = stream->arrived(s.network.now_ns());
  ptrdiff_t result = -EAGAIN;
  if (arrived > 0) {
    size_t take = std::min({arrived, size, pipe.size});
    if (s.random.chance(faults.short_receive)) take = s.random.up_to(take);
    // A look may find nothing yet where a poll has seen something.
    if (!s.random.chance(faults.spurious_again)) {
      held = take_inbound(*stream, take);
      result = static_cast<ptrdiff_t>(take);
    }
  } else if (stream->error != 0) {
    result = -std::exchange(stream->error, 0);
  } else if (stream->phase == SimPhase::broken ||
             (stream->fin_arrived(s.network.now_ns()) && stream->inbound.empty())) {
    result = 0;
  }
  s.network.note(uint64_t{0x51} << 40 ^ static_cast<uint32_t>(result));
  return result;
}

ptrdiff_t Ring::splice_out(const Pipe& pipe, int fd, size_t size) {
  State& s = *state_;
  std::string& held = held_by(s.pipes, pipe);
  CHECK(size > 0 && size <= held.size());
  SimStream* stream = s.network.stream(fd);
  if (stream == nullptr) return -EBADF;
  const SimFaults& faults = s.network.faults();
  ptrdiff_t result = -EAGAIN;
  if (stream->error != 0) {
    result = -std::exchange(stream->error, 0);
  } else if (stream->phase != SimPhase::open || stream->near_finished) {
    result = -EPIPE;
  } else if (s.random.chance(faults.reset)) {
    s.network.break_stream(*stream, ECONNRESET);
    result = -std::exchange(stream->error, 0);
  } else if (stream->room() > 0 && !s.random.chance(faults.spurious_again)) {
    size_t take = std::min(size, stream->room());
    if (s.random.chance(faults.short_send)) take = s.random.up_to(take);
    stream->last_outbound_ns = s.network.arrival_ns(stream->last_outbound_ns);
    stream->outbound.push_back({stream->last_outbound_ns, held.substr(0, take)});
    stream->outbound_size += take;
    held.erase(0, take);
    result = static_cast<ptrdiff_t>(take);
  }
  s.network.note(uint64_t{0x52} << 40 ^ static_cast<uint32_t>(result));
  return result;
}

}  // namespace sallyport
