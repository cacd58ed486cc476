// The contract of core/io/ring.h: connections come, talk and go.
// One behaviour a test, compiled against both implementations; against the simulated one under many seeds.
#include "tests/unit/io/ring_fixture.h"

#include <poll.h>

namespace sallyport::testing {
namespace {

class RingTest : public RingFixture {};

// Bytes go in and out unchanged, over one accepted connection.
TEST_P(RingTest, EchoOverAnAcceptedConnection) {
  World world(GetParam());
  auto [fd, peer] = world.connected();
  peer->send("hello, ring");
  std::string bytes = receive_all(world, fd, 11);
  EXPECT_EQ(bytes, "hello, ring");
  send_all(world, fd, bytes);
  EXPECT_TRUE(world.run_until([&] { return peer->received() == "hello, ring"; }));
  world.ring->close(fd);
  EXPECT_TRUE(world.run_until([&] { return peer->ended(); }));
  expect_clean(world);
}

// One accept serves many clients; its token comes back with each.
TEST_P(RingTest, AcceptStaysArmed) {
  World world(GetParam());
  int listener = world.ring->listen(loopback(), true, 16).value();
  Address address = world.ring->local_address(listener).value();
  EXPECT_NE(address.port(), 0);
  uint64_t token = next_token();
  world.ring->accept(listener, token);
  std::vector<int> accepted;
  std::vector<std::shared_ptr<Peer>> peers;
  for (int i = 0; i < 5; ++i) peers.push_back(world.connect_peer(address));
  while (accepted.size() < 5) {
    Completion completion = world.expect(token);
    ASSERT_GE(completion.result, 0);
    if (!completion.more) world.ring->accept(listener, token);  // the kernel may end it at any time
    accepted.push_back(completion.result);
    EXPECT_EQ(world.ring->peer_address(completion.result).value().family(), AF_INET);
  }
  for (int fd : accepted) world.ring->close(fd);
  world.ring->close(listener);
  EXPECT_EQ(world.expect(token).result, -ECANCELED);
  expect_clean(world);
}

TEST_P(RingTest, EndOfStreamIsZero) {
  World world(GetParam());
  auto [fd, peer] = world.connected();
  peer->send("last words");
  peer->finish();
  EXPECT_EQ(receive_all(world, fd, 10), "last words");
  uint64_t token = next_token();
  world.ring->receive(fd, token);
  Completion completion = world.expect(token);
  EXPECT_EQ(completion.result, 0);
  EXPECT_FALSE(completion.more);
  EXPECT_FALSE(completion.has_block);
  send_all(world, fd, "still heard");
  EXPECT_TRUE(world.run_until([&] { return peer->received() == "still heard"; }));
  world.ring->close(fd);
  EXPECT_TRUE(world.run_until([&] { return peer->ended(); }));
  expect_clean(world);
}

TEST_P(RingTest, PeerResetEndsReceiveAndSend) {
  World world(GetParam());
  auto [fd, peer] = world.connected();
  uint64_t receiving = next_token();
  world.ring->receive(fd, receiving);
  peer->reset();
  Completion completion = world.expect(receiving);
  EXPECT_EQ(completion.result, -ECONNRESET);
  EXPECT_FALSE(completion.more);
  uint64_t sending = next_token();
  std::string bytes = "anyone?";
  iovec vector = vector_of(bytes);
  world.ring->send(fd, {&vector, 1}, true, sending);
  completion = world.expect(sending);
  EXPECT_TRUE(completion.result == -EPIPE || completion.result == -ECONNRESET) << completion.result;
  world.ring->close(fd);
  Completion batch[4];
  EXPECT_EQ(world.ring->wait(batch, 0), 0U);
  expect_clean(world);
}

// shutdown() says that no more comes; the other direction lives on.
TEST_P(RingTest, ShutdownSendsFinAndReadingGoesOn) {
  World world(GetParam());
  auto [fd, peer] = world.connected();
  std::string bytes = "and that was all";
  send_all(world, fd, bytes);
  world.ring->shutdown(fd);
  EXPECT_TRUE(world.run_until([&] { return peer->ended(); }));
  EXPECT_EQ(peer->received(), bytes);
  peer->send("understood");
  EXPECT_EQ(receive_all(world, fd, 10), "understood");
  world.ring->close(fd);
  Completion batch[4];
  EXPECT_EQ(world.ring->wait(batch, 0), 0U);
  expect_clean(world);
}

// close() ends every armed operation, and the peer sees the end although a receive was armed.
TEST_P(RingTest, CloseEndsEveryOperationOfTheDescriptor) {
  World world(GetParam());
  auto [fd, peer] = world.connected();
  uint64_t receiving = next_token();
  uint64_t polling = next_token();
  world.ring->receive(fd, receiving);
  world.ring->poll(fd, POLLRDHUP, polling);
  Completion batch[4];
  EXPECT_EQ(world.ring->wait(batch, world.ring->now_ns() + 1'000'000), 0U);
  world.ring->close(fd);
  EXPECT_EQ(world.expect(receiving).result, -ECANCELED);
  EXPECT_EQ(world.expect(polling).result, -ECANCELED);
  EXPECT_TRUE(world.run_until([&] { return peer->ended(); }));
  expect_clean(world);
}

// Operations queued together with the close, never submitted before it, end as well.
TEST_P(RingTest, CloseInTheSameBatchAsTheOperation) {
  World world(GetParam());
  auto [fd, peer] = world.connected();
  uint64_t receiving = next_token();
  world.ring->receive(fd, receiving);
  world.ring->close(fd);
  EXPECT_EQ(world.expect(receiving).result, -ECANCELED);
  EXPECT_TRUE(world.run_until([&] { return peer->ended(); }));
  expect_clean(world);
}

// A new connection may get the number of one that was just closed; the old one's end must not touch it.
TEST_P(RingTest, AReusedDescriptorIsNotDisturbed) {
  World world(GetParam());
  for (int round = 0; round < 10; ++round) {
    auto [old_fd, old_peer] = world.connected();
    uint64_t old_token = next_token();
    world.ring->receive(old_fd, old_token);
    world.ring->close(old_fd);
    auto [fd, peer] = world.connected();
    peer->send("fresh");
    EXPECT_EQ(receive_all(world, fd, 5), "fresh");
    Completion completion = world.expect(old_token);
    EXPECT_EQ(completion.result, -ECANCELED);
    world.ring->close(fd);
    EXPECT_TRUE(world.run_until([&] { return peer->ended() && old_peer->ended(); }));
  }
  expect_clean(world);
}

TEST_P(RingTest, ConnectAndTalk) {
  World world(GetParam());
  Address address = world.serve();
  int fd = world.ring->socket(address.family()).value();
  uint64_t token = next_token();
  world.ring->connect(fd, Address(address), token);
  EXPECT_EQ(world.expect(token).result, 0);
  EXPECT_EQ(world.ring->peer_address(fd).value().text(), address.text());
  std::shared_ptr<Peer> peer = world.served(0);
  send_all(world, fd, "ping");
  EXPECT_TRUE(world.run_until([&] { return peer->received() == "ping"; }));
  peer->send("pong");
  EXPECT_EQ(receive_all(world, fd, 4), "pong");
  world.ring->close(fd);
  EXPECT_TRUE(world.run_until([&] { return peer->ended(); }));
  expect_clean(world);
}

TEST_P(RingTest, ConnectRefused) {
  World world(GetParam());
  Address address = world.refused();
  int fd = world.ring->socket(address.family()).value();
  uint64_t token = next_token();
  world.ring->connect(fd, address, token);
  EXPECT_EQ(world.expect(token).result, -ECONNREFUSED);
  world.ring->close(fd);
  Completion batch[4];
  EXPECT_EQ(world.ring->wait(batch, 0), 0U);
  expect_clean(world);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RingTest, seeds());

}  // namespace
}  // namespace sallyport::testing
