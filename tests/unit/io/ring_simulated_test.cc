// What only the simulated Ring can show: faults on demand, time without waiting, the same run from the same
// seed.
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <set>

#include "tests/unit/io/echo_server.h"
#include "tests/unit/io/world.h"

namespace sallyport::testing {
namespace {

struct Outcome {
  uint64_t trace = 0;
  std::set<int32_t> errors;
  size_t whole = 0;   // clients that got everything back
  size_t broken = 0;  // clients whose connection a fault ended
  size_t stuck = 0;   // neither: must not be
};

// Twelve clients against the echo server in a storm; then the faults stop and everything must come to its
// end.
Outcome run_storm(uint64_t seed) {
  SimNetwork network(seed, SimFaults::storm());
  RingOptions options;
  options.network = &network;
  options.block_count = 4;
  options.block_size = 2048;
  auto ring = Ring::open(options).value();
  Address address = Address::parse("127.0.0.1:5432").value();
  EchoServer server(*ring, address);
  std::vector<SimPeer*> clients;
  std::vector<std::string> texts;
  for (int i = 0; i < 12; ++i) {
    network.after(static_cast<int64_t>(network.random().below(20'000'000)), [&] {
      SimPeer& client = network.connect(address);
      texts.push_back(pattern(network.random().up_to(20'000)));
      client.send(texts.back());
      if (network.random().chance(300)) {
        client.stop_reading();
        network.after(30'000'000, [&client] { client.start_reading(); });
      }
      clients.push_back(&client);
    });
  }
  server.run_for(100'000'000);
  network.stop_faults();
  server.run_for(100'000'000);

  Outcome outcome;
  for (size_t i = 0; i < clients.size(); ++i) {
    EXPECT_TRUE(texts[i].starts_with(clients[i]->received)) << "seed " << seed;
    if (clients[i]->received == texts[i]) {
      ++outcome.whole;
    } else if (clients[i]->ended()) {
      ++outcome.broken;
    } else {
      ++outcome.stuck;
    }
  }
  server.stop();
  EXPECT_EQ(ring->blocks_out(), 0U) << "seed " << seed;
  EXPECT_EQ(ring->operations_in_flight(), 0U) << "seed " << seed;
  EXPECT_EQ(network.open_descriptors(), 0U) << "seed " << seed;
  outcome.trace = network.trace_hash();
  outcome.errors = server.errors;
  return outcome;
}

// Under every fault at once nothing leaks, no byte is out of place, and once faults stop nobody is stuck.
// Over all seeds each kind of fault was really seen: a storm that does not blow proves nothing.
TEST(RingSimulatedTest, StormsLeakNothingAndEnd) {
  std::set<int32_t> errors;
  size_t whole = 0;
  size_t broken = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Outcome outcome = run_storm(seed);
    EXPECT_EQ(outcome.stuck, 0U) << "seed " << seed;
    errors.insert(outcome.errors.begin(), outcome.errors.end());
    whole += outcome.whole;
    broken += outcome.broken;
  }
  EXPECT_GT(whole, 1000U);
  EXPECT_GT(broken, 100U);
  for (int32_t error : {ECONNRESET, EPIPE, ETIMEDOUT, ENOBUFS, EINTR, ECANCELED, EMFILE, ECONNABORTED}) {
    EXPECT_TRUE(errors.contains(error)) << error;
  }
}

TEST(RingSimulatedTest, TheSameSeedIsTheSameRun) {
  std::set<uint64_t> traces;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    uint64_t trace = run_storm(seed).trace;
    EXPECT_EQ(run_storm(seed).trace, trace) << "seed " << seed;
    traces.insert(trace);
  }
  EXPECT_EQ(traces.size(), 20U);
}

// A target that swallows connections: the deadline comes without waiting, the cancel ends it.
TEST(RingSimulatedTest, ABlackHoleIsCancelled) {
  World world(3);
  Address address = Address::parse("203.0.113.9:5432").value();
  world.network->black_hole(address);
  int fd = world.ring->socket(AF_INET).value();
  world.ring->connect(fd, address, 50);
  Completion batch[4];
  int64_t deadline_ns = world.ring->now_ns() + 3'600'000'000'000;
  EXPECT_EQ(world.ring->wait(batch, deadline_ns), 0U);
  EXPECT_GE(world.ring->now_ns(), deadline_ns);
  EXPECT_LT(world.ring->now_ns(), deadline_ns + 1'000'000);
  world.ring->cancel(50, 51);
  EXPECT_EQ(world.expect(50).result, -ECANCELED);
  EXPECT_EQ(world.expect(51).result, 0);
  world.ring->close(fd);
  EXPECT_EQ(world.ring->wait(batch, 0), 0U);
  EXPECT_EQ(world.network->open_descriptors(), 0U);
}

// Every way for a connect to fail comes up.
TEST(RingSimulatedTest, ConnectFailsInEveryWay) {
  std::set<int32_t> results;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    World world(seed);
    SimFaults faults;
    faults.connect_failure = 500;
    world.network->set_faults(faults);
    Address address = world.serve();
    int fd = world.ring->socket(AF_INET).value();
    world.ring->connect(fd, address, 50);
    results.insert(world.expect(50).result);
    world.ring->close(fd);
  }
  EXPECT_EQ(results, (std::set<int32_t>{0, -ECONNREFUSED, -ETIMEDOUT, -EHOSTUNREACH}));
}

// Timers of the far side run in order of time, at their time.
TEST(RingSimulatedTest, TimersFireInOrder) {
  World world(5);
  std::vector<int> order;
  int64_t start_ns = world.ring->now_ns();
  world.network->after(3'000'000, [&] { order.push_back(3); });
  world.network->after(1'000'000, [&] {
    order.push_back(1);
    world.network->after(1'000'000, [&] { order.push_back(2); });
  });
  EXPECT_TRUE(world.run_until([&] { return order.size() == 3; }));
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  EXPECT_LT(world.ring->now_ns(), start_ns + 5'000'000);
}

// The control thread's part in a simulation: a timer that writes a real eventfd wakes the poller.
TEST(RingSimulatedTest, ARealEventfdWakesThePoller) {
  World world(6);
  int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  world.ring->poll(event, POLLIN, 50);
  world.network->after(5'000'000, [&] { eventfd_write(event, 1); });
  Completion batch[1];
  ASSERT_EQ(world.ring->wait(batch, -1), 1U);
  EXPECT_EQ(batch[0].token, 50U);
  ::close(event);
}

// A wait that nothing can ever end is found, where a real core would hang.
TEST(RingSimulatedTest, AHangIsFound) {
  World world(7);
  auto [fd, peer] = world.connected();
  world.ring->receive(fd, 50);
  int asked = 0;
  world.network->on_stuck = [&, far = peer.get()] {
    ++asked;
    far->send("rescue");
  };
  Completion batch[1];
  ASSERT_EQ(world.ring->wait(batch, -1), 1U);
  EXPECT_EQ(asked, 1);
  EXPECT_GT(batch[0].result, 0);
  world.release(batch[0]);
}

TEST(RingSimulatedDeathTest, AHangWithoutHelpEndsTheProcess) {
  World world(8);
  Completion batch[1];
  EXPECT_DEATH(world.ring->wait(batch, -1), "CHECK failed");
}

// What would be a silent disorder on a real machine ends the process here.
TEST(RingSimulatedDeathTest, MisuseIsFound) {
  World world(9);
  auto [fd, peer] = world.connected();
  Completion batch[4];
  world.ring->receive(fd, 50);
  world.ring->receive(fd, 51);
  EXPECT_DEATH(world.ring->wait(batch, 0), "CHECK failed");
  World other(9);
  auto [other_fd, other_peer] = other.connected();
  other.ring->receive(other_fd, 50);
  other.ring->poll(other_fd, POLLRDHUP, 50);
  EXPECT_DEATH(other.ring->wait(batch, 0), "CHECK failed");
}

// A closed number is reused, and an operation on a closed one is -EBADF, not somebody else's.
TEST(RingSimulatedTest, OperationsOnAClosedDescriptor) {
  World world(10);
  auto [fd, peer] = world.connected();
  world.ring->close(fd);
  world.ring->receive(fd, 50);
  EXPECT_EQ(world.expect(50).result, -EBADF);
}

// A server that closes with bytes unread resets its client, sooner or later than its last words.
TEST(RingSimulatedTest, ClosingWithUnreadBytesResetsThePeer) {
  size_t heard = 0;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    World world(seed);
    auto [fd, peer] = world.connected();
    peer->send("never read");
    world.ring->poll(fd, POLLIN, 50);
    world.expect(50);
    std::string words = "last words";
    iovec vector{words.data(), words.size()};
    world.ring->send(fd, {&vector, 1}, false, 51);
    world.expect(51);
    world.ring->close(fd);
    EXPECT_TRUE(world.run_until([&] { return peer->ended(); }));
    heard += peer->received() == words;
  }
  EXPECT_GT(heard, 5U);
  EXPECT_LT(heard, 50U);
}

}  // namespace
}  // namespace sallyport::testing
