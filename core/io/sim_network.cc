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

// --- Events.

bool SimNetwork::step() {
  size_t count = live_.size() + 1;  // the last is the timers
  size_t start = random_.below(count);
  for (size_t i = 0; i < count; ++i) {
    size_t index = (start + i) % count;
    bool happened = index == live_.size() ? step_timer() : step_stream(*live_[index]);
    if (!happened) continue;
    note(index);
    return true;
  }
  // Nothing is due, so nobody is in the middle of anything: forget what can never change again.
  std::erase_if(live_, [&](SimStream* stream) {
    stream->live = stream->near_held || next_stream_ns(*stream) >= 0;
    return !stream->live;
  });
  return false;
}

bool SimNetwork::step_timer() {
  if (timers_.empty() || timers_.front().time_ns > now_ns_) return false;
  std::pop_heap(timers_.begin(), timers_.end(), [](const Timer& a, const Timer& b) {
    return std::pair(a.time_ns, a.order) > std::pair(b.time_ns, b.order);
  });
  std::function<void()> call = std::move(timers_.back().call);
  timers_.pop_back();
  call();
  return true;
}

bool SimNetwork::step_stream(SimStream& stream) {
  if (stream.opening_ns >= 0 && stream.opening_ns <= now_ns_) return step_opening(stream);
  if (stream.peer == nullptr) return false;
  if (stream.far_reset_ns >= 0 && stream.far_reset_ns <= now_ns_) {
    stream.far_reset_ns = -1;
    if (stream.phase == SimPhase::broken) return true;
    if (stream.phase == SimPhase::open) stream.phase = SimPhase::broken;
    stream.error = ECONNRESET;
    // A reset may or may not destroy what had come before it.
    if (random_.chance(500)) stream.inbound.clear();
    stream.outbound.clear();
    stream.outbound_size = 0;
    return true;
  }
  if (stream.peer->gone_) return false;
  if (deliver(stream)) return true;
  bool fin_due = stream.near_fin_ns >= 0 && stream.near_fin_ns <= now_ns_ && stream.outbound.empty();
  if (fin_due && stream.peer->reading_ && !stream.peer->finished_) {
    end_peer(stream, SimEnd::finished);
    return true;
  }
  if (stream.near_reset_ns >= 0 && stream.near_reset_ns <= now_ns_) {
    end_peer(stream, SimEnd::reset);
    return true;
  }
  return false;
}

// A connection comes to the end of its way: from the Ring to a server, or from a client to a listener.
bool SimNetwork::step_opening(SimStream& stream) {
  stream.opening_ns = -1;
  if (stream.phase == SimPhase::arriving) {
    for (auto& listener : listeners_) {
      if (!(listener->address == stream.target)) continue;
      stream.phase = SimPhase::queued;
      listener->queue.push_back(&stream);
      stream.peer->connected_ = true;
      if (stream.peer->on_connect) stream.peer->on_connect();
      return true;
    }
    stream.phase = SimPhase::broken;
    end_peer(stream, SimEnd::refused);
    return true;
  }
  if (stream.phase != SimPhase::connecting || black_holes_.contains(stream.remote.text())) return true;
  auto server = servers_.find(stream.remote.text());
  static constexpr int failures[] = {ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH};
  int failure = server == servers_.end() ? ECONNREFUSED : 0;
  if (random_.chance(faults_.connect_failure)) failure = failures[random_.below(3)];
  stream.connect_result = -failure;
  stream.phase = failure == 0 ? SimPhase::open : SimPhase::broken;
  if (failure != 0) return true;
  stream.peer.reset(new SimPeer(*this, stream));
  stream.peer->connected_ = true;
  std::function<void(SimPeer&)> on_peer = server->second;  // a copy: it may stop the server
  on_peer(*stream.peer);
  return true;
}

bool SimNetwork::deliver(SimStream& stream) {
  SimPeer& peer = *stream.peer;
  if (stream.outbound.empty() || stream.outbound.front().arrival_ns > now_ns_) return false;
  if (peer.closed_) {
    stream.outbound.clear();
    stream.outbound_size = 0;
    peer.gone_ = true;
    stream.far_reset_ns = arrival_ns(now_ns_);
    return true;
  }
  if (!peer.reading_) return false;
  std::string bytes = std::move(stream.outbound.front().bytes);
  stream.outbound.pop_front();
  stream.outbound_size -= bytes.size();
  peer.received_size += bytes.size();
  if (peer.on_bytes) {
    peer.on_bytes(std::as_bytes(std::span(bytes)));
  } else {
    peer.received += bytes;
  }
  return true;
}

void SimNetwork::end_peer(SimStream& stream, SimEnd end) {
  SimPeer& peer = *stream.peer;
  if (peer.gone_) return;
  peer.finished_ = peer.finished_ || end == SimEnd::finished;
  peer.gone_ = end != SimEnd::finished;
  if (peer.gone_) {
    stream.outbound.clear();
    stream.outbound_size = 0;
  }
  if (peer.on_end && !peer.closed_) peer.on_end(end);
}

int64_t SimNetwork::next_event_ns() const {
  int64_t next = timers_.empty() ? -1 : timers_.front().time_ns;
  for (const SimStream* stream : live_) {
    int64_t time = next_stream_ns(*stream);
    if (time >= 0 && (next < 0 || time < next)) next = time;
  }
  return next;
}

// When something changes for this stream, seen from either side; what is due already was step()'s to do.
int64_t SimNetwork::next_stream_ns(const SimStream& stream) const {
  int64_t next = -1;
  auto consider = [&](int64_t time) {
    if (time > now_ns_ && (next < 0 || time < next)) next = time;
  };
  consider(stream.opening_ns);
  consider(stream.far_reset_ns);
  consider(stream.far_fin_ns);
  consider(stream.near_reset_ns);
  consider(stream.near_fin_ns);
  if (!stream.outbound.empty()) consider(stream.outbound.front().arrival_ns);
  for (const SimChunk& chunk : stream.inbound) {
    if (chunk.arrival_ns <= now_ns_) continue;
    consider(chunk.arrival_ns);
    break;
  }
  return next;
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

int64_t SimNetwork::arrival_ns(int64_t not_before_ns) {
  int64_t delay = faults_.delay_ns_max > 0
                      ? static_cast<int64_t>(random_.below(static_cast<size_t>(faults_.delay_ns_max)))
                      : 0;
  return std::max(not_before_ns, now_ns_ + delay);
}

// --- The far end.

void SimPeer::send(std::string_view bytes) {
  SimStream& s = stream_;
  if (gone_ || s.far_fin_ns >= 0 || s.far_reset_ns >= 0 || bytes.empty()) return;
  network_.touch(s);
  s.last_inbound_ns = network_.arrival_ns(s.last_inbound_ns);
  bool waiting = s.phase == SimPhase::arriving || s.phase == SimPhase::queued;
  if (!s.near_held && !waiting) {
    if (s.near_reset_ns < 0) s.near_reset_ns = s.last_inbound_ns;  // to a closed socket
    return;
  }
  if (s.phase == SimPhase::broken) return;
  s.inbound.push_back({s.last_inbound_ns, std::string(bytes)});
}

void SimPeer::send(std::span<const std::byte> bytes) {
  send(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

void SimPeer::finish() {
  if (gone_ || stream_.far_fin_ns >= 0) return;
  network_.touch(stream_);
  stream_.far_fin_ns = network_.arrival_ns(stream_.last_inbound_ns);
}

void SimPeer::close() {
  finish();
  closed_ = true;
}

void SimPeer::reset() {
  if (gone_) return;
  gone_ = true;
  network_.touch(stream_);
  stream_.far_reset_ns = network_.arrival_ns(stream_.last_inbound_ns);
}

void SimPeer::stop_reading() { reading_ = false; }
void SimPeer::start_reading() { reading_ = true, network_.touch(stream_); }

size_t SimPeer::unread_by_ring() const {
  size_t size = 0;
  for (const SimChunk& chunk : stream_.inbound) size += chunk.bytes.size();
  return size;
}

}  // namespace sallyport
