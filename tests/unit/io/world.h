// World is a Ring with the other ends of its connections in the test's hands, so that one source of tests
// holds both implementations of Ring to the same contract: real loopback sockets here, simulated peers there.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/io/ring.h"
#ifdef SALLYPORT_SIMULATED
#include "core/io/sim_network.h"
#endif

namespace sallyport::testing {

// The far end of one connection. Never blocks; bytes move while the World waits.
class Peer {
 public:
#ifdef SALLYPORT_SIMULATED
  explicit Peer(SimPeer& far) : far_(&far) {}
#else
  explicit Peer(int fd) : fd_(fd) {}
#endif
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void send(const std::string& bytes);
  void finish();  // FIN after what was sent; reading goes on
  void close();
  void reset();
  void stop_reading();
  void start_reading();

  [[nodiscard]] const std::string& received() const;
  [[nodiscard]] bool ended() const;  // the Ring's side sent FIN or a reset

  void pump();

 private:
#ifdef SALLYPORT_SIMULATED
  SimPeer* far_;
#else
  int fd_;
  std::string outbox_;
  std::string inbox_;
  bool reading_ = true;
  bool finishing_ = false;
  bool ended_ = false;
#endif
};

class World {
 public:
  explicit World(uint64_t seed, RingOptions options = {.block_count = 16, .block_size = 16'384});
  ~World();

  // Lets time pass until `done`; false when 60 s (of the Ring's clock) did not suffice.
  bool run_until(const std::function<bool()>& done);
  // The next completion of that token. Fails the test when none comes. Others are kept for later.
  Completion expect(uint64_t token);
  bool has(uint64_t token);  // a completion of that token is already here

  // A client of the Ring's listener; accepted by the caller.
  std::shared_ptr<Peer> connect_peer(const Address& listener);
  // Both ends of a fresh connection; the Ring's descriptor and the far end.
  struct Pair {
    int fd;
    std::shared_ptr<Peer> peer;
  };
  Pair connected();
  // A server for the Ring to connect to, and the far ends of what it accepted.
  Address serve();
  std::shared_ptr<Peer> served(size_t index);
  // An address where nobody listens.
  Address refused();

  void release(const Completion& completion);
  [[nodiscard]] std::string text(const Completion& completion);  // its bytes; the block is released

#ifdef SALLYPORT_SIMULATED
  std::unique_ptr<SimNetwork> network;
#endif
  std::unique_ptr<Ring> ring;
  std::deque<Completion> kept;

 private:
  void pump();

  std::vector<std::shared_ptr<Peer>> peers_;
  std::vector<std::shared_ptr<Peer>> served_;
  int listener_ = -1;
  Address listener_address_;
  int server_ = -1;
};

// The descriptor's listening address: port chosen by the kernel or by the simulation.
Address loopback();
// Bytes that differ at every offset, so that a cut, swap or repetition shows.
std::string pattern(size_t size);

inline uint64_t next_token() {
  static uint64_t token = 1000;
  return ++token;
}

}  // namespace sallyport::testing
