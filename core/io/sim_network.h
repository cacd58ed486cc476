// SimNetwork is the world around a simulated Ring: a virtual clock, and the far ends of its connections,
// which a test plays (clients that connect to the Ring's listeners, servers that the Ring connects to).
// Everything is decided by one seed: delays, cuts, the order of events, faults. Single-threaded; far ends run
// inside Ring::wait() and may call the network and their own SimPeer, never the Ring.
//
// A failing run is repeated by its seed; trace_hash() shows that two runs were the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/address.h"
#include "core/io/sim_random.h"

namespace sallyport {

struct SimStream;
struct SimListener;
class SimNetwork;

// Chances in per mille of each occasion.
struct SimFaults {
  // What any kernel and network may do at any time; no byte is lost by it.
  uint32_t short_receive = 300;    // a receive brings fewer bytes than have arrived
  uint32_t short_send = 200;       // a send takes fewer bytes than would fit
  uint32_t spurious_again = 20;    // a send that does not wait finds the socket full
  uint32_t multishot_end = 20;     // a multishot operation ends after a good completion
  uint32_t pool_empty = 20;        // -ENOBUFS although blocks are left
  uint32_t interrupted = 10;       // -EINTR from send, receive, accept
  uint32_t cancel_too_late = 200;  // a cancelled operation that could run was faster
  int64_t delay_ns_max = 200'000;  // of bytes, connections, ends, one way
  // What ends a connection.
  uint32_t reset = 0;            // at each receive and send: -ECONNRESET, -EPIPE or -ETIMEDOUT
  uint32_t connect_failure = 0;  // -ECONNREFUSED, -ETIMEDOUT or -EHOSTUNREACH
  uint32_t accept_failure = 0;   // -EMFILE or -ECONNABORTED; the client stays in the queue, or is gone

  // Every byte as it comes, in order, at once: for tests of something else.
  static SimFaults calm();
  // All of it, often.
  static SimFaults storm();
};

enum class SimEnd : uint8_t {
  finished,  // the Ring's side sent FIN (shutdown or close); sending to it may go on
  reset,     // the connection is gone
  refused,   // nobody listened
};

// The far end of one connection. Owned by the network, valid as long as that.
class SimPeer {
 public:
  // Called from inside Ring::wait(). Without on_bytes everything collects in `received`.
  std::function<void()> on_connect;
  std::function<void(std::span<const std::byte>)> on_bytes;
  std::function<void(SimEnd)> on_end;  // once for `finished`, once for `reset` or `refused`

  // Unbounded: the far end's memory is the test's concern. Ignored once the connection is gone.
  void send(std::string_view bytes);
  void send(std::span<const std::byte> bytes);
  void finish();  // FIN after what was sent; reading goes on
  void close();   // FIN, and what arrives from now on is answered with a reset
  void reset();
  void stop_reading();  // the Ring's sends then fill the socket
  void start_reading();

  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] bool ended() const { return finished_ || gone_; }
  [[nodiscard]] bool gone() const { return gone_; }  // reset or refused
  [[nodiscard]] size_t unread_by_ring() const;       // bytes sent here that no receive has taken yet

  std::string received;
  size_t received_size = 0;  // all bytes ever delivered, with on_bytes too

 private:
  friend class SimNetwork;
  SimPeer(SimNetwork& network, SimStream& stream) : network_(network), stream_(stream) {}

  SimNetwork& network_;
  SimStream& stream_;
  bool connected_ = false;
  bool reading_ = true;
  bool closed_ = false;  // by the test
  bool finished_ = false;
  bool gone_ = false;
};

class SimNetwork {
 public:
  explicit SimNetwork(uint64_t seed, const SimFaults& faults = {});
  ~SimNetwork();
  SimNetwork(const SimNetwork&) = delete;
  SimNetwork& operator=(const SimNetwork&) = delete;

  // --- For tests.
  // A server: `on_peer` is called with each connection that the Ring makes, before any byte of it.
  void serve(const Address& address, std::function<void(SimPeer&)> on_peer);
  void stop_serving(const Address& address);  // then refused; open connections live on
  void black_hole(const Address& address);    // connecting never completes
  // A client of a listener of the Ring. `source` is what the Ring sees as peer address; empty: one is made
  // up.
  SimPeer& connect(const Address& listener, const Address& source = {});

  [[nodiscard]] int64_t now_ns() const { return now_ns_; }
  // Calls back at that time of the virtual clock (from inside Ring::wait()), then forgets.
  void at(int64_t time_ns, std::function<void()> call);
  void after(int64_t delay_ns, std::function<void()> call) { at(now_ns_ + delay_ns, std::move(call)); }
  SimRandom& random() { return random_; }

  void set_faults(const SimFaults& faults) { faults_ = faults; }
  // Calm from now on, so that a test can demand that everything comes to its end.
  void stop_faults() { faults_ = SimFaults::calm(); }
  [[nodiscard]] const SimFaults& faults() const { return faults_; }

  // Called when a Ring waits without deadline and nothing can ever happen. It must make something happen;
  // without it, or when it did nothing, the process ends: on real hardware that would be a hang.
  std::function<void()> on_stuck;

  [[nodiscard]] uint64_t trace_hash() const { return trace_; }
  [[nodiscard]] size_t open_descriptors() const { return open_count_; }  // of the Ring: streams and listeners

  // --- For the simulated Ring.
  static bool owns(int fd) { return fd >= first_fd; }
  int open_stream(int family);
  int open_listener(const Address& address);  // -EADDRINUSE
  SimStream* stream(int fd);
  SimListener* listener(int fd);
  int accept(SimListener& listener);  // -EAGAIN
  void begin_connect(SimStream& stream, const Address& target);
  void break_stream(SimStream& stream, int error);
  void shutdown(SimStream& stream);
  void close(int fd);
  void reset(int fd);  // of a stream
  // Lets one network event happen (bytes reach a far end, a connection arrives, a timer): false when none is
  // due.
  bool step();
  // When the next event comes due; -1: never.
  [[nodiscard]] int64_t next_event_ns() const;
  void advance(int64_t to_ns) { now_ns_ = to_ns > now_ns_ ? to_ns : now_ns_; }
  void note(uint64_t fact);  // into the trace
  int64_t arrival_ns(int64_t not_before_ns);

 private:
  friend class SimPeer;
  struct Timer {
    int64_t time_ns;
    uint64_t order;
    std::function<void()> call;
  };

  SimStream& new_stream();
  void touch(SimStream& stream);  // it can change again
  int new_descriptor();
  bool step_stream(SimStream& stream);
  bool step_opening(SimStream& stream);
  bool deliver(SimStream& stream);
  bool step_timer();
  void end_peer(SimStream& stream, SimEnd end);
  [[nodiscard]] int64_t next_stream_ns(const SimStream& stream) const;

  static constexpr int first_fd = 1 << 20;  // beyond every real descriptor
  struct Slot {
    SimStream* stream = nullptr;
    SimListener* listener = nullptr;
  };

  int64_t now_ns_;
  SimRandom random_;
  SimFaults faults_;
  uint64_t trace_ = 0xcbf29ce484222325;
  uint64_t order_ = 0;
  uint16_t next_port_ = 20'000;
  size_t open_count_ = 0;
  std::vector<Slot> slots_;
  std::vector<int> free_slots_;
  std::vector<std::unique_ptr<SimStream>> streams_;
  std::vector<SimStream*> live_;  // those that can still change
  std::vector<std::unique_ptr<SimListener>> listeners_;
  std::map<std::string, std::function<void(SimPeer&)>> servers_;
  std::map<std::string, bool> black_holes_;
  std::vector<Timer> timers_;
};

}  // namespace sallyport
