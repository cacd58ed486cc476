#include "core/path/throttle.h"

#include <gtest/gtest.h>

#include "config/limits.h"

namespace sallyport {
namespace {

constexpr int64_t second = 1'000'000'000;

Throttle made(uint32_t failures_per_minute) {
  Throttle throttle;
  throttle.configure(failures_per_minute);
  return throttle;
}

TEST(Throttle, RefusesASourceAfterSoManyFailures) {
  Throttle throttle = made(6);
  for (int i = 0; i < 6; ++i) {
    EXPECT_TRUE(throttle.allows("10.0.0.1", "ann", 0)) << i;
    throttle.failed("10.0.0.1", "ann", 0);
  }
  EXPECT_FALSE(throttle.allows("10.0.0.1", "ann", 0));
  EXPECT_FALSE(throttle.allows("10.0.0.1", "ben", 0)) << "whichever name it tries";
  EXPECT_TRUE(throttle.allows("10.0.0.2", "ann", 0));
  EXPECT_FALSE(throttle.allows("10.0.0.1", "ann", 9 * second));
  EXPECT_TRUE(throttle.allows("10.0.0.1", "ann", 10 * second)) << "one drains in ten seconds";
}

// Many sources that guess one name are refused; who has not failed keeps his own name.
TEST(Throttle, RefusesANameToThoseWhoFailed) {
  Throttle throttle = made(6);
  for (int i = 0; i < 60; ++i) throttle.failed("10.0.1." + std::to_string(i), "ann", 0);
  EXPECT_FALSE(throttle.allows("10.0.1.7", "ann", 0));
  EXPECT_TRUE(throttle.allows("10.0.1.7", "ben", 0));
  EXPECT_TRUE(throttle.allows("10.0.2.1", "ann", 0));
  EXPECT_TRUE(throttle.allows("10.0.1.7", "", 0)) << "a token will say the name";
}

TEST(Throttle, CountsNothingWhereNothingIsCounted) {
  Throttle throttle = made(0);
  for (int i = 0; i < 1000; ++i) throttle.failed("10.0.0.1", "ann", 0);
  EXPECT_TRUE(throttle.allows("10.0.0.1", "ann", 0));
}

// More sources than it remembers: those that fail most are remembered longest.
TEST(Throttle, RemembersTheWorst) {
  Throttle throttle = made(2);
  throttle.failed("worst", "", 0);
  throttle.failed("worst", "", 0);
  for (size_t i = 0; i < limits::throttle_count_max + 10; ++i) throttle.failed(std::to_string(i), "", 0);
  EXPECT_FALSE(throttle.allows("worst", "", 0));
}

}  // namespace
}  // namespace sallyport
