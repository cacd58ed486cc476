// The contract of core/io/ring.h: waiting, polling, cancelling.
// One behaviour a test, compiled against both implementations; against the simulated one under many seeds.
#include "tests/unit/io/ring_fixture.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace sallyport::testing {
namespace {

class RingWaitTest : public RingFixture {};

TEST_P(RingWaitTest, CancelOfNothingIsNotFound) {
  World world(GetParam());
  uint64_t token = next_token();
  world.ring->cancel(424242, token);
  EXPECT_EQ(world.expect(token).result, -ENOENT);
  expect_clean(world);
}

// wait() gives nothing only when its deadline has passed; a deadline in the past means: look, do not sleep.
TEST_P(RingWaitTest, DeadlinePasses) {
  World world(GetParam());
  Completion batch[4];
  int64_t deadline_ns = world.ring->now_ns() + 3'000'000;
  EXPECT_EQ(world.ring->wait(batch, deadline_ns), 0U);
  EXPECT_GE(world.ring->now_ns(), deadline_ns);
  EXPECT_EQ(world.ring->wait(batch, 0), 0U);
  EXPECT_EQ(world.ring->wait(batch, world.ring->now_ns() + 1'000'000, 300), 0U);
}

// Waiting for company does not lose the one completion that came.
TEST_P(RingWaitTest, MinimumWaitReturnsWhatCame) {
  World world(GetParam());
  int event = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
  uint64_t token = next_token();
  world.ring->poll(event, POLLIN, token);
  Completion batch[4];
  ASSERT_EQ(world.ring->wait(batch, -1, 300), 1U);
  EXPECT_EQ(batch[0].token, token);
  EXPECT_EQ(batch[0].result, POLLIN);
  ::close(event);
}

// How a mailbox wakes the core: poll on an eventfd, one shot.
TEST_P(RingWaitTest, PollOfAnEventfdFiresOnce) {
  World world(GetParam());
  int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  uint64_t token = next_token();
  world.ring->poll(event, POLLIN, token);
  Completion batch[4];
  EXPECT_EQ(world.ring->wait(batch, world.ring->now_ns() + 1'000'000), 0U);
  ASSERT_EQ(eventfd_write(event, 1), 0);
  Completion completion = world.expect(token);
  EXPECT_EQ(completion.result & POLLIN, POLLIN);
  EXPECT_FALSE(completion.more);
  EXPECT_EQ(world.ring->wait(batch, world.ring->now_ns() + 1'000'000), 0U);
  expect_clean(world);
  ::close(event);
}

// How a Session that does not read notices that its client has gone, although unread bytes stand before the
// end.
TEST_P(RingWaitTest, PollNoticesAHangUpBehindUnreadBytes) {
  World world(GetParam());
  auto [fd, peer] = world.connected();
  uint64_t token = next_token();
  world.ring->poll(fd, POLLRDHUP, token);
  peer->send("unread");
  Completion batch[4];
  EXPECT_EQ(world.ring->wait(batch, world.ring->now_ns() + 2'000'000), 0U);
  peer->finish();
  EXPECT_NE(world.expect(token).result & POLLRDHUP, 0);
  world.ring->close(fd);
  EXPECT_TRUE(world.run_until([&] { return peer->ended(); }));
  expect_clean(world);
}

TEST_P(RingWaitTest, CancelOfAPoll) {
  World world(GetParam());
  int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  uint64_t polling = next_token();
  uint64_t cancelling = next_token();
  world.ring->poll(event, POLLIN, polling);
  world.ring->cancel(polling, cancelling);
  EXPECT_EQ(world.expect(polling).result, -ECANCELED);
  EXPECT_EQ(world.expect(cancelling).result, 0);
  expect_clean(world);
  ::close(event);
}

// More operations than the submission queue holds, and more completions than one batch takes.
TEST_P(RingWaitTest, MoreOperationsThanEntries) {
  RingOptions options;
  options.entry_count = 8;
  World world(GetParam(), options);
  int event = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
  std::vector<uint64_t> tokens;
  for (int i = 0; i < 200; ++i) {
    tokens.push_back(next_token());
    world.ring->poll(event, POLLIN, tokens.back());
  }
  for (uint64_t token : tokens) EXPECT_EQ(world.expect(token).result, POLLIN);
  expect_clean(world);
  ::close(event);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RingWaitTest, seeds());

}  // namespace
}  // namespace sallyport::testing
