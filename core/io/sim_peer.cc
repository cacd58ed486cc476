// The far end of a simulated connection, as a test moves it.
#include "core/io/sim_network.h"
#include "core/io/sim_stream.h"

namespace sallyport {

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
