// When a delivery is tried again, and where its words may go.
#include "core/control/webhook_send.h"

#include <gtest/gtest.h>

#include <random>

#include "config/limits.h"

namespace sallyport {
namespace {

TEST(Backoff, DoublesUpToItsCapWithinAHalf) {
  std::mt19937 random(7);
  for (const uint32_t first_ms : {100U, 1000U, limits::webhook_backoff_max_ms}) {
    for (uint32_t tries = 1; tries <= 40; ++tries) {
      const uint64_t wanted =
          std::min<uint64_t>(uint64_t{first_ms} << std::min(tries - 1, 31U), limits::webhook_backoff_max_ms);
      for (int i = 0; i < 100; ++i) {
        const uint32_t wait_ms = backoff_ms(first_ms, tries, static_cast<uint32_t>(random()));
        EXPECT_GE(wait_ms, wanted / 2) << first_ms << " " << tries;
        EXPECT_LE(wait_ms, wanted) << first_ms << " " << tries;
      }
    }
  }
}

TEST(Backoff, ScattersWhatFailedTogether) {
  std::mt19937 random(7);
  uint32_t least = UINT32_MAX, most = 0;
  for (int i = 0; i < 1000; ++i) {
    const uint32_t wait_ms = backoff_ms(1000, 1, static_cast<uint32_t>(random()));
    least = std::min(least, wait_ms);
    most = std::max(most, wait_ms);
  }
  EXPECT_LT(least, 520U);
  EXPECT_GT(most, 980U);
}

TEST(Outcome, IsAsTheStatusSays) {
  using Kind = WebhookOutcome::Kind;
  for (const long status : {200L, 201L, 204L, 299L}) EXPECT_EQ(outcome_of(status), Kind::delivered) << status;
  for (const long status : {0L, 408L, 425L, 429L, 500L, 503L, 599L})
    EXPECT_EQ(outcome_of(status), Kind::again) << status;
  for (const long status : {300L, 302L, 307L, 400L, 401L, 404L, 410L, 413L})
    EXPECT_EQ(outcome_of(status), Kind::refused) << status;
}

TEST(Origin, IsSchemeHostAndPort) {
  EXPECT_EQ(origin_of("https://Hooks.Slack.com/services/x?y#z"), "https://hooks.slack.com");
  EXPECT_EQ(origin_of("https://a.test:8443?x"), "https://a.test:8443");
  EXPECT_NE(origin_of("https://hooks.slack.com.evil.test/"), origin_of("https://hooks.slack.com/"));
  for (const char* url :
       {"", "http://a.test/", "https://a@b/", "file:///etc/passwd", "https://a\\b", "ftp://x"})
    EXPECT_EQ(origin_of(url), "") << url;
}

}  // namespace
}  // namespace sallyport
