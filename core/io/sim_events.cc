// What happens in the simulated network, one event at a time: connections arrive, bytes reach far ends,
// timers ring.
#include <errno.h>

#include <algorithm>
#include <utility>

#include "core/io/sim_network.h"
#include "core/io/sim_stream.h"

namespace sallyport {

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
  // A connection may break while nobody touches it.
  bool idle = stream.near_held && stream.phase == SimPhase::open;
  if (idle && random_.chance(faults_.reset) && random_.chance(100)) {
    break_stream(stream, random_.chance(500) ? ECONNRESET : ETIMEDOUT);
    return true;
  }
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

}  // namespace sallyport
