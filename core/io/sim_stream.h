// One simulated connection: what is under way in both directions and how it stands. Shared by the simulated
// Ring (near side) and SimNetwork (far side); nobody else includes this.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "core/io/address.h"
#include "core/io/sim_network.h"

namespace sallyport {

// Bytes under way, or there since arrival_ns. Arrivals of one direction never decrease.
struct SimChunk {
  int64_t arrival_ns;
  std::string bytes;
};

// fresh -> connecting -> open -> (broken); a client's: arriving -> queued at a listener -> open.
enum class SimPhase : uint8_t { fresh, connecting, arriving, queued, open, broken };

struct SimStream {
  SimPhase phase = SimPhase::fresh;
  std::unique_ptr<SimPeer> peer;
  Address local;
  Address remote;
  Address target;           // of a client: the listener it looks for
  int64_t opening_ns = -1;  // when connecting or arriving comes to its end
  int connect_result = 1;  // 1: not known yet, 0: connected, else -errno; taken once by the connect operation
  bool near_held = false;  // the Ring has a descriptor for it
  bool live = false;       // among those that SimNetwork steps

  std::deque<SimChunk> inbound;  // far end -> Ring
  int64_t last_inbound_ns = 0;
  int64_t far_fin_ns = -1;    // when the far end's FIN arrives
  int64_t far_reset_ns = -1;  // when its reset does
  int error = 0;              // errno to be told once by the next receive or send

  std::deque<SimChunk> outbound;  // Ring -> far end
  size_t outbound_size = 0;
  size_t outbound_size_max = 0;  // the socket's send buffer
  int64_t last_outbound_ns = 0;
  bool near_finished = false;  // FIN stands behind outbound
  int64_t near_fin_ns = -1;
  int64_t near_reset_ns = -1;  // the Ring closed with bytes unread

  [[nodiscard]] size_t arrived(int64_t now_ns) const {
    size_t size = 0;
    for (const SimChunk& chunk : inbound) {
      if (chunk.arrival_ns > now_ns) break;
      size += chunk.bytes.size();
    }
    return size;
  }
  [[nodiscard]] bool fin_arrived(int64_t now_ns) const { return far_fin_ns >= 0 && far_fin_ns <= now_ns; }
  [[nodiscard]] size_t room() const {
    return outbound_size < outbound_size_max ? outbound_size_max - outbound_size : 0;
  }
};

struct SimListener {
  Address address;
  std::deque<SimStream*> queue;  // arrived, not yet accepted
};

}  // namespace sallyport
