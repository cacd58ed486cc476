#include "core/io/sim_network.h"

#include <errno.h>

#include <algorithm>

#include "config/check.h"
#include "core/io/sim_stream.h"

namespace sallyport {

namespace {

constexpr size_t send_buffer_min = 4096;
constexpr size_t send_buffer_spread = 128 * 1024;

}  // namespace

SimFaults SimFaults::calm() {
  return {.short_receive = 0,
          .short_send = 0,
          .spurious_again = 0,
          .multishot_end = 0,
          .pool_empty = 0,
          .interrupted = 0,
          .cancel_too_late = 0,
          .delay_ns_max = 0};
}

SimFaults SimFaults::storm() {
  return {.short_receive = 600,
          .short_send = 500,
          .spurious_again = 200,
          .multishot_end = 100,
          .pool_empty = 60,
          .interrupted = 60,
          .cancel_too_late = 400,
          .delay_ns_max = 5'000'000,
          .reset = 5,
          .connect_failure = 50,
          .accept_failure = 20};
}

SimNetwork::SimNetwork(uint64_t seed, const SimFaults& faults)
    : now_ns_(1'000'000'000 + static_cast<int64_t>(seed % 1'000'000)), random_(seed), faults_(faults) {}

SimNetwork::~SimNetwork() = default;

void SimNetwork::note(uint64_t fact) {
  trace_ = (trace_ ^ fact) * 0x100000001b3;
  trace_ ^= trace_ >> 29;
}

// --- The test's side.

void SimNetwork::serve(const Address& address, std::function<void(SimPeer&)> on_peer) {
  servers_[address.text()] = std::move(on_peer);
}

void SimNetwork::stop_serving(const Address& address) { servers_.erase(address.text()); }
void SimNetwork::black_hole(const Address& address) { black_holes_[address.text()] = true; }

SimPeer& SimNetwork::connect(const Address& listener, const Address& source) {
  SimStream& stream = new_stream();
  stream.peer.reset(new SimPeer(*this, stream));
  stream.phase = SimPhase::arriving;
  stream.target = listener;
  stream.local = listener;
  stream.remote = source;
  if (source.size == 0) {
    stream.remote = Address::parse("192.0.2.1:0").value();
    stream.remote.set_port(next_port_++);
  }
  stream.opening_ns = arrival_ns(now_ns_);
  return *stream.peer;
}

void SimNetwork::at(int64_t time_ns, std::function<void()> call) {
  timers_.push_back({time_ns, order_++, std::move(call)});
  std::push_heap(timers_.begin(), timers_.end(), [](const Timer& a, const Timer& b) {
    return std::pair(a.time_ns, a.order) > std::pair(b.time_ns, b.order);
  });
}

// --- The Ring's side.

SimStream& SimNetwork::new_stream() {
  streams_.push_back(std::make_unique<SimStream>());
  SimStream& stream = *streams_.back();
  stream.outbound_size_max = send_buffer_min + random_.below(send_buffer_spread);
  touch(stream);
  return stream;
}

void SimNetwork::touch(SimStream& stream) {
  if (stream.live) return;
  stream.live = true;
  live_.push_back(&stream);
}

// Numbers come back soon, as the kernel's do, so that a late use of an old one is found out.
int SimNetwork::new_descriptor() {
  ++open_count_;
  if (free_slots_.empty()) {
    slots_.push_back({});
    return first_fd + static_cast<int>(slots_.size()) - 1;
  }
  size_t index = random_.below(free_slots_.size());
  std::swap(free_slots_[index], free_slots_.back());
  int slot = free_slots_.back();
  free_slots_.pop_back();
  return first_fd + slot;
}

int SimNetwork::open_stream(int family) {
  SimStream& stream = new_stream();
  stream.near_held = true;
  stream.local = Address::parse(family == AF_INET6 ? "[2001:db8::1]:0" : "198.51.100.1:0").value();
  stream.local.set_port(next_port_++);
  int fd = new_descriptor();
  slots_[static_cast<size_t>(fd - first_fd)] = {.stream = &stream, .listener = nullptr};
  return fd;
}

int SimNetwork::open_listener(const Address& address) {
  auto listener = std::make_unique<SimListener>();
  listener->address = address;
  if (address.family() != AF_UNIX && address.port() == 0) listener->address.set_port(next_port_++);
  for (auto& other : listeners_) {
    if (other->address == listener->address) return -EADDRINUSE;
  }
  int fd = new_descriptor();
  slots_[static_cast<size_t>(fd - first_fd)] = {.stream = nullptr, .listener = listener.get()};
  listeners_.push_back(std::move(listener));
  return fd;
}

SimStream* SimNetwork::stream(int fd) {
  auto slot = static_cast<size_t>(fd - first_fd);
  return fd >= first_fd && slot < slots_.size() ? slots_[slot].stream : nullptr;
}

SimListener* SimNetwork::listener(int fd) {
  auto slot = static_cast<size_t>(fd - first_fd);
  return fd >= first_fd && slot < slots_.size() ? slots_[slot].listener : nullptr;
}

int SimNetwork::accept(SimListener& listener) {
  if (listener.queue.empty()) return -EAGAIN;
  SimStream& stream = *listener.queue.front();
  listener.queue.pop_front();
  stream.phase = stream.error == 0 ? SimPhase::open : SimPhase::broken;
  stream.near_held = true;
  touch(stream);
  int fd = new_descriptor();
  slots_[static_cast<size_t>(fd - first_fd)] = {.stream = &stream, .listener = nullptr};
  return fd;
}

void SimNetwork::begin_connect(SimStream& stream, const Address& target) {
  stream.phase = SimPhase::connecting;
  stream.remote = target;
  stream.opening_ns = arrival_ns(now_ns_);
}

void SimNetwork::break_stream(SimStream& stream, int error) {
  touch(stream);
  stream.phase = SimPhase::broken;
  stream.error = error;
  stream.inbound.clear();
  stream.near_reset_ns = arrival_ns(now_ns_);
}

void SimNetwork::shutdown(SimStream& stream) {
  if (stream.phase != SimPhase::open || stream.near_finished) return;
  stream.near_finished = true;
  stream.near_fin_ns = arrival_ns(stream.last_outbound_ns);
}

void SimNetwork::close(int fd) {
  auto slot = static_cast<size_t>(fd - first_fd);
  CHECK(slot < slots_.size());
  auto [stream, listener] = slots_[slot];
  CHECK(stream != nullptr || listener != nullptr);
  slots_[slot] = {};
  free_slots_.push_back(static_cast<int>(slot));
  --open_count_;
  if (listener != nullptr) {
    for (SimStream* waiting : listener->queue) break_stream(*waiting, ECONNRESET);
    std::erase_if(listeners_, [&](auto& one) { return one.get() == listener; });
    return;
  }
  stream->near_held = false;
  if (stream->phase == SimPhase::connecting) stream->opening_ns = -1;
  if (stream->phase != SimPhase::open) return;
  size_t unread = stream->arrived(now_ns_);
  shutdown(*stream);
  if (stream->inbound.empty()) return;
  // As TCP does: bytes that nobody will read are answered with a reset, which may overtake what was sent.
  if (unread > 0 && random_.chance(500)) {
    stream->outbound.clear();
    stream->outbound_size = 0;
  }
  stream->near_reset_ns = arrival_ns(std::max(stream->near_fin_ns, stream->last_inbound_ns));
}

void SimNetwork::reset(int fd) {
  SimStream* one = stream(fd);
  CHECK(one != nullptr);
  if (one->phase == SimPhase::open) {
    touch(*one);
    one->phase = SimPhase::broken;
    one->inbound.clear();
    one->outbound.clear();
    one->outbound_size = 0;
    one->near_reset_ns = arrival_ns(now_ns_);
  }
  close(fd);
}

int64_t SimNetwork::arrival_ns(int64_t not_before_ns) {
  int64_t delay = faults_.delay_ns_max > 0
                      ? static_cast<int64_t>(random_.below(static_cast<size_t>(faults_.delay_ns_max)))
                      : 0;
  return std::max(not_before_ns, now_ns_ + delay);
}

}  // namespace sallyport
