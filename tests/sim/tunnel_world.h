// One seed of opaque sessions: the real core over a simulated network, callers and servers that send by
// chance, are slow, finish early or break off; pipes that are many, few or none; a log that is late or fails.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/core.h"
#include "core/io/sim_network.h"
#include "ringlog/ring.h"

namespace sallyport::sim {

// What the seeds together have done.
struct TunnelTally {
  uint64_t tunnels = 0, whole = 0, bytes = 0, spliced = 0, copied = 0, refused = 0, lost = 0, log_stops = 0,
           killed = 0;
  size_t most_inside = 0;
  void add(const TunnelTally& other);
  [[nodiscard]] std::string text() const;
};

class TunnelWorld {
 public:
  explicit TunnelWorld(uint64_t seed);
  ~TunnelWorld();

  // The failures; empty: the seed is well.
  std::vector<std::string> run();
  [[nodiscard]] const TunnelTally& tally() const { return tally_; }
  [[nodiscard]] uint64_t trace() const { return network_.trace_hash(); }  // the same for the same seed

 private:
  enum class Place : uint8_t { plain, durable, gone, closed };  // by listener; `closed` takes no caller

  // One end of a tunnel: what it sends and what it has got.
  struct End {
    SimPeer* peer = nullptr;
    size_t to_send = 0, sent = 0, got = 0;
    int64_t over_since_ns = -1;  // when the core was first seen to hold too much of what it sent
    bool waits = false;          // says its last only when the other has
    bool finished = false;       // has said its last
  };
  struct Tunnel {
    uint32_t number = 0;
    Place place = Place::plain;
    std::string source;
    bool is_fair = true;  // breaks nothing off
    End caller, server;
    uint64_t session = 0;  // on the record
  };
  struct Recorded {
    std::string peer, reason;
    uint64_t forwarded = 0, bytes_in = 0, bytes_out = 0;
    bool opened = false, accepted = false, closed = false;
    std::vector<std::pair<uint64_t, uint64_t>> forwards;  // sequence, and bytes up to there
  };

  void make_core();
  void make_tunnels();
  void make_mishaps();
  void step(int64_t until_ns);
  bool run_until(const std::function<bool()>& done, int64_t longest_ns);
  void serve(SimPeer& peer, Place place);
  void take(Tunnel& tunnel, End& end, std::span<const std::byte> bytes, uint8_t way);
  void send_some(Tunnel& tunnel, End& end, uint8_t way);
  void break_off(Tunnel& tunnel);
  void check_recorded(Tunnel& tunnel);
  void check_bounds(Tunnel& tunnel);
  void read_record();
  void release_log();
  void end();
  void check_end();
  void fail(std::string text);
  [[nodiscard]] bool is_whole(const Tunnel& tunnel) const;
  Recorded* recorded(const Tunnel& tunnel);

  SimRandom plan_;
  SimNetwork network_;
  std::optional<ringlog::ByteRing> ring_;
  std::unique_ptr<ControlInbox> to_control_;
  std::unique_ptr<CoreInbox> to_core_;
  std::unique_ptr<Core> core_;
  std::vector<std::unique_ptr<Tunnel>> tunnels_;
  std::map<uint64_t, Recorded> sessions_;
  std::vector<std::string> failures_;
  uint64_t position_ = 0, sequence_ = 0;
  int64_t next_log_ns_ = 0, log_step_ns_ = 0;
  bool log_stops_ = false;
  bool log_failed_ = false;  // who came then was turned away
  bool is_lossless_ = true;  // nothing in this seed breaks a connection off but its own ends
  bool serves_ = true;
  bool drains_ = false;
  TunnelTally tally_;
};

}  // namespace sallyport::sim
