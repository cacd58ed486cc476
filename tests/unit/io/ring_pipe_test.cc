// The contract of core/io/ring.h: bytes go from socket to socket through a pipe.
#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "tests/unit/io/ring_fixture.h"

namespace sallyport::testing {
namespace {

class RingPipeTest : public RingFixture {
 protected:
  void SetUp() override { signal(SIGPIPE, SIG_IGN); }

  static void wait_for(World& world, int fd, uint32_t mask) {
    const uint64_t token = next_token();
    world.ring->poll(fd, mask, token);
    EXPECT_GT(world.expect(token).result, 0);
  }

  // What a socket has, after waiting for it.
  static ptrdiff_t fill(World& world, int fd, const Pipe& pipe, size_t size) {
    wait_for(world, fd, POLLIN);
    return world.ring->splice_in(fd, pipe, size);
  }

  static void drain(World& world, const Pipe& pipe, size_t held, int fd) {
    while (held > 0) {
      const ptrdiff_t size = world.ring->splice_out(pipe, fd, held);
      if (size == -EAGAIN) {
        wait_for(world, fd, POLLOUT);
        continue;
      }
      ASSERT_GT(size, 0);
      ASSERT_LE(static_cast<size_t>(size), held);
      held -= static_cast<size_t>(size);
    }
  }
};

// Everything arrives, in order, whatever the portions; the end is 0; a silent socket says so.
TEST_P(RingPipeTest, BytesPassWholeAndInOrder) {
  World world(GetParam());
  auto [from, sender] = world.connected();
  auto [to, receiver] = world.connected();
  const Pipe pipe = world.ring->open_pipe(64 * limits::KiB).value();
  EXPECT_GE(pipe.size, 64 * limits::KiB);
  EXPECT_EQ(world.ring->splice_in(from, pipe, pipe.size), -EAGAIN);
  const std::string text = pattern(1'000'000);
  sender->send(text);
  sender->finish();
  size_t total = 0;
  for (;;) {
    const ptrdiff_t size = fill(world, from, pipe, pipe.size);
    if (size == -EAGAIN) continue;
    if (size == 0) break;
    ASSERT_GT(size, 0);
    total += static_cast<size_t>(size);
    drain(world, pipe, static_cast<size_t>(size), to);
  }
  EXPECT_EQ(total, text.size());
  EXPECT_EQ(world.ring->splice_in(from, pipe, pipe.size), 0);
  world.ring->shutdown(to);
  EXPECT_TRUE(world.run_until([&] { return receiver->ended(); }));
  EXPECT_TRUE(receiver->received() == text);
  world.ring->close(from);
  world.ring->close(to);
  world.ring->close_pipe(pipe);
  expect_clean(world);
}

// A reader that stops fills its socket: -EAGAIN, and POLLOUT when it reads again.
TEST_P(RingPipeTest, FullSocketIsSaid) {
  World world(GetParam());
  auto [from, sender] = world.connected();
  auto [to, receiver] = world.connected();
  const Pipe pipe = world.ring->open_pipe(64 * limits::KiB).value();
  receiver->stop_reading();
  const std::string text = pattern(32'000'000);
  sender->send(text);
  size_t held = 0, moved = 0;
  for (;;) {
    if (held == 0) {
      const ptrdiff_t size = fill(world, from, pipe, pipe.size);
      if (size == -EAGAIN) continue;
      ASSERT_GT(size, 0);
      held = static_cast<size_t>(size);
    }
    const ptrdiff_t size = world.ring->splice_out(pipe, to, held);
    if (size == -EAGAIN) break;
    ASSERT_GT(size, 0);
    held -= static_cast<size_t>(size);
    moved += static_cast<size_t>(size);
    ASSERT_LT(moved, text.size());
  }
  receiver->start_reading();
  drain(world, pipe, held, to);
  moved += held;
  EXPECT_TRUE(world.run_until([&] { return receiver->received().size() >= moved; }));
  EXPECT_TRUE(receiver->received() == text.substr(0, moved));
  world.ring->close(from);
  world.ring->close(to);
  world.ring->close_pipe(pipe);
}

TEST_P(RingPipeTest, ResetIsAnError) {
  World world(GetParam());
  auto [from, sender] = world.connected();
  const Pipe pipe = world.ring->open_pipe(64 * limits::KiB).value();
  sender->reset();
  EXPECT_LT(fill(world, from, pipe, pipe.size), 0);
  world.ring->close(from);
  world.ring->close_pipe(pipe);
  expect_clean(world);
}

TEST_P(RingPipeTest, NobodyTakesAfterShutdown) {
  World world(GetParam());
  auto [from, sender] = world.connected();
  auto [to, receiver] = world.connected();
  const Pipe pipe = world.ring->open_pipe(64 * limits::KiB).value();
  sender->send("hello");
  ptrdiff_t size = 0;
  while ((size = fill(world, from, pipe, pipe.size)) == -EAGAIN) {
  }
  ASSERT_GT(size, 0);
  world.ring->shutdown(to);
  EXPECT_EQ(world.ring->splice_out(pipe, to, static_cast<size_t>(size)), -EPIPE);
  // Emptied, it brings nobody the bytes that were meant for another.
  world.ring->empty_pipe(pipe);
  sender->send("new");
  auto [fresh, reader] = world.connected();
  const std::string rest = std::string("hello").substr(static_cast<size_t>(size)) + "new";
  size_t total = 0;
  while (total < rest.size()) {
    if ((size = fill(world, from, pipe, pipe.size)) == -EAGAIN) continue;
    ASSERT_GT(size, 0);
    drain(world, pipe, static_cast<size_t>(size), fresh);
    total += static_cast<size_t>(size);
  }
  EXPECT_TRUE(world.run_until([&] { return reader->received() == rest; }));
  for (int fd : {from, to, fresh}) world.ring->close(fd);
  world.ring->close_pipe(pipe);
  expect_clean(world);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RingPipeTest, seeds());

}  // namespace
}  // namespace sallyport::testing
