// The contract of core/io/ring.h: blocks, cancels and sends; no byte is lost or doubled, no block leaks.
// One behaviour a test, compiled against both implementations; against the simulated one under many seeds.
#include "tests/unit/io/ring_fixture.h"

namespace sallyport::testing {
namespace {

class RingBlocksTest : public RingFixture {};

// Far more bytes than the pool holds pass through it, in order, as long as blocks are released.
TEST_P(RingBlocksTest, ManyBlocksThroughASmallPool) {
  World world(GetParam(), small_pool(4));
  auto [fd, peer] = world.connected();
  std::string bytes = pattern(200'000);
  peer->send(bytes);
  EXPECT_TRUE(receive_all(world, fd, bytes.size()) == bytes);
  world.ring->close(fd);
  EXPECT_TRUE(world.run_until([&] { return peer->ended(); }));
  expect_clean(world);
}

// An empty pool ends the receive with -ENOBUFS and no byte lost; released blocks and a new receive go on.
TEST_P(RingBlocksTest, EmptyPoolEndsTheReceiveAndReleaseRevivesIt) {
  World world(GetParam(), small_pool(2));
  auto [fd, peer] = world.connected();
  std::string bytes = pattern(40'000);
  peer->send(bytes);
  uint64_t token = next_token();
  world.ring->receive(fd, token);
  std::vector<Completion> held;
  for (;;) {
    Completion completion = world.expect(token);
    if (completion.result == -ENOBUFS) {
      EXPECT_FALSE(completion.more);
      EXPECT_FALSE(completion.has_block);
      break;
    }
    ASSERT_TRUE(completion.has_block);
    held.push_back(completion);
    if (!completion.more) world.ring->receive(fd, token);
  }
  EXPECT_EQ(world.ring->blocks_out(), 2U);
  EXPECT_GE(world.ring->stats().enobufs, 1U);
  std::string got;
  for (const Completion& completion : held) got += world.text(completion);
  EXPECT_EQ(world.ring->blocks_out(), 0U);
  got += receive_all(world, fd, bytes.size() - got.size());
  EXPECT_TRUE(got == bytes);
  world.ring->close(fd);
  EXPECT_TRUE(world.run_until([&] { return peer->ended(); }));
  expect_clean(world);
}

// With no block left a receive on a silent connection ends, too, or stays armed; a later one works.
TEST_P(RingBlocksTest, EmptyPoolOfOneConnectionDoesNotBreakAnother) {
  World world(GetParam(), small_pool(2));
  auto [greedy, first] = world.connected();
  auto [modest, second] = world.connected();
  first->send(pattern(20'000));
  uint64_t token = next_token();
  world.ring->receive(greedy, token);
  std::vector<Completion> held;
  Completion completion = world.expect(token);
  while (completion.result != -ENOBUFS) {
    held.push_back(completion);
    if (!completion.more) world.ring->receive(greedy, token);
    completion = world.expect(token);
  }
  second->send("small");
  uint64_t other = next_token();
  world.ring->receive(modest, other);
  completion = world.expect(other);
  EXPECT_EQ(completion.result, -ENOBUFS);
  EXPECT_FALSE(completion.more);
  for (const Completion& one : held) world.release(one);
  EXPECT_EQ(receive_all(world, modest, 5), "small");
  world.ring->close(greedy);
  world.ring->close(modest);
  EXPECT_TRUE(world.run_until([&] { return first->ended() && second->ended(); }));
  expect_clean(world);
}

// A connection that is closed while bytes arrive still owes its blocks; with them given back nothing leaks.
// (Met before: the pool starved because completions of dead connections were thrown away.)
TEST_P(RingBlocksTest, ADeadConnectionGivesItsBlocksBack) {
  World world(GetParam(), small_pool(8));
  for (int round = 0; round < 20; ++round) {
    auto [fd, peer] = world.connected();
    peer->send(pattern(16'000));
    uint64_t token = next_token();
    world.ring->receive(fd, token);
    Completion completion = world.expect(token);
    world.ring->close(fd);
    for (;;) {
      world.release(completion);
      if (!completion.more) break;
      completion = world.expect(token);
    }
    EXPECT_LE(completion.result, 16'000);
  }
  expect_clean(world);
}

// A cancelled receive gives what has come, then -ECANCELED, and the bytes after that are still in the socket.
TEST_P(RingBlocksTest, CancelOfAReceiveLosesNoByte) {
  World world(GetParam());
  auto [fd, peer] = world.connected();
  std::string bytes = pattern(10'000);
  uint64_t receiving = next_token();
  uint64_t cancelling = next_token();
  world.ring->receive(fd, receiving);
  peer->send(bytes);
  world.ring->cancel(receiving, cancelling);
  std::string got;
  Completion completion;
  do {
    completion = world.expect(receiving);
    got += world.text(completion);
  } while (completion.more);
  EXPECT_TRUE(completion.result == -ECANCELED || completion.result > 0) << completion.result;
  Completion cancelled = world.expect(cancelling);
  EXPECT_FALSE(cancelled.more);
  EXPECT_TRUE(cancelled.result == 0 || cancelled.result == -ENOENT || cancelled.result == -EALREADY);
  if (got.size() < bytes.size()) got += receive_all(world, fd, bytes.size() - got.size());
  EXPECT_TRUE(got == bytes);
  world.ring->close(fd);
  EXPECT_TRUE(world.run_until([&] { return peer->ended(); }));
  expect_clean(world);
}

// Without wait a full socket answers at once; what it had taken arrives whole once the peer reads.
TEST_P(RingBlocksTest, SendWithoutWaitOnAFullSocket) {
  World world(GetParam());
  auto [fd, peer] = world.connected();
  peer->stop_reading();
  std::string chunk = pattern(100'000);
  std::string taken;
  uint64_t token = next_token();
  for (;;) {
    iovec vector = vector_of(chunk);
    world.ring->send(fd, {&vector, 1}, false, token);
    Completion completion = world.expect(token);
    ASSERT_FALSE(completion.more);
    if (completion.result == -EAGAIN) break;
    ASSERT_GT(completion.result, 0);
    taken.append(chunk, 0, static_cast<size_t>(completion.result));
    ASSERT_LT(taken.size(), 1'000'000'000U);
  }
  peer->start_reading();
  EXPECT_TRUE(world.run_until([&] { return peer->received().size() == taken.size(); }));
  EXPECT_TRUE(peer->received() == taken);
  world.ring->close(fd);
  EXPECT_TRUE(world.run_until([&] { return peer->ended(); }));
  expect_clean(world);
}

// With wait a send on a full socket completes when the peer reads, not before.
TEST_P(RingBlocksTest, SendWithWaitOnAFullSocketCompletesWhenThePeerReads) {
  World world(GetParam());
  auto [fd, peer] = world.connected();
  peer->stop_reading();
  std::string chunk = pattern(100'000);
  uint64_t filling = next_token();
  size_t sent = 0;
  for (;;) {
    iovec vector = vector_of(chunk);
    world.ring->send(fd, {&vector, 1}, false, filling);
    Completion completion = world.expect(filling);
    if (completion.result == -EAGAIN) break;
    sent += static_cast<size_t>(completion.result);
  }
  uint64_t token = next_token();
  iovec vector = vector_of(chunk);
  world.ring->send(fd, {&vector, 1}, true, token);
  Completion batch[4];
  EXPECT_EQ(world.ring->wait(batch, world.ring->now_ns() + 2'000'000), 0U);
  peer->start_reading();
  Completion completion = world.expect(token);
  EXPECT_GT(completion.result, 0);
  sent += static_cast<size_t>(completion.result);
  EXPECT_TRUE(world.run_until([&] { return peer->received().size() == sent; }));
  world.ring->close(fd);
  EXPECT_TRUE(world.run_until([&] { return peer->ended(); }));
  expect_clean(world);
}

// Short sends add up: a large answer in many vectors arrives exactly, whatever each send took.
TEST_P(RingBlocksTest, ShortSendsOfManyVectorsAddUp) {
  World world(GetParam());
  auto [fd, peer] = world.connected();
  std::string bytes = pattern(1'000'000);
  uint64_t token = next_token();
  for (size_t sent = 0; sent < bytes.size();) {
    std::vector<iovec> vectors;
    for (size_t at = sent; at < bytes.size() && vectors.size() < limits::send_iovec_count_max; at += 7'001) {
      vectors.push_back({bytes.data() + at, std::min<size_t>(7'001, bytes.size() - at)});
    }
    world.ring->send(fd, vectors, true, token);
    vectors.assign(vectors.size(), iovec{nullptr, 1});  // the Ring has its own copy
    Completion completion = world.expect(token);
    ASSERT_GT(completion.result, 0);
    sent += static_cast<size_t>(completion.result);
  }
  EXPECT_TRUE(world.run_until([&] { return peer->received().size() == bytes.size(); }));
  EXPECT_TRUE(peer->received() == bytes);
  world.ring->close(fd);
  EXPECT_TRUE(world.run_until([&] { return peer->ended(); }));
  expect_clean(world);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RingBlocksTest, seeds());

}  // namespace
}  // namespace sallyport::testing
