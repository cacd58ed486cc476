// What the tests of Ring's contract share.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/io/world.h"

namespace sallyport::testing {

#ifdef SALLYPORT_SIMULATED
inline constexpr uint64_t seed_count = 60;
#else
inline constexpr uint64_t seed_count = 1;
#endif

// The parameter is the seed; sockets need only one.
inline auto seeds() { return ::testing::Range<uint64_t>(1, seed_count + 1); }

inline iovec vector_of(const std::string& bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

class RingFixture : public ::testing::TestWithParam<uint64_t> {
 protected:
  static RingOptions small_pool(uint32_t block_count, uint32_t block_size = 4096) {
    RingOptions options;
    options.block_count = block_count;
    options.block_size = block_size;
    return options;
  }

  // Receives until `size` bytes or the end came; re-arms as the contract asks.
  static std::string receive_all(World& world, int fd, size_t size) {
    std::string bytes;
    uint64_t token = next_token();
    world.ring->receive(fd, token);
    bool more = true;
    while (bytes.size() < size) {
      Completion completion = world.expect(token);
      if (completion.token == 0) return bytes;
      more = completion.more;
      bytes += world.text(completion);
      if (completion.result == 0 || (completion.result < 0 && completion.result != -ENOBUFS)) return bytes;
      if (!more && bytes.size() < size) world.ring->receive(fd, token);
    }
    if (more) {
      world.ring->cancel(token, 0);
      Completion last = world.expect(token);
      EXPECT_TRUE(last.result == -ECANCELED || last.result == 0) << last.result;
    }
    return bytes;
  }

  static void send_all(World& world, int fd, const std::string& bytes) {
    uint64_t token = next_token();
    for (size_t sent = 0; sent < bytes.size();) {
      iovec vector{const_cast<char*>(bytes.data()) + sent, bytes.size() - sent};
      world.ring->send(fd, {&vector, 1}, true, token);
      Completion completion = world.expect(token);
      ASSERT_GT(completion.result, 0);
      ASSERT_FALSE(completion.more);
      sent += static_cast<size_t>(completion.result);
    }
  }

  static void expect_clean(World& world) {
    EXPECT_EQ(world.ring->blocks_out(), 0U);
    EXPECT_EQ(world.ring->operations_in_flight(), 0U);
    EXPECT_TRUE(world.kept.empty());
  }
};

}  // namespace sallyport::testing
