// The opaque sessions' seeds. SALLYPORT_SEED=n runs that one alone; SALLYPORT_SEEDS=n sets how many (200),
// SALLYPORT_FIRST_SEED where they begin (1).
#include <gtest/gtest.h>
#include <stdlib.h>

#include "tests/sim/tunnel_world.h"

namespace sallyport::sim {
namespace {

constexpr uint64_t seed_count = 200;
constexpr uint64_t repeat_every = 8;

uint64_t setting(const char* name, uint64_t otherwise) {
  const char* text = getenv(name);
  return text != nullptr && *text != 0 ? strtoull(text, nullptr, 10) : otherwise;
}

std::string run_seed(uint64_t seed, TunnelTally& tally, uint64_t& trace) {
  TunnelWorld world(seed);
  std::string text;
  for (const std::string& failure : world.run()) text += "\n  " + failure;
  tally.add(world.tally());
  trace = world.trace();
  return text;
}

TEST(Tunnels, HoldTheirInvariants) {
  const uint64_t alone = setting("SALLYPORT_SEED", 0);
  const uint64_t first = alone != 0 ? alone : setting("SALLYPORT_FIRST_SEED", 1);
  const uint64_t count = alone != 0 ? 1 : setting("SALLYPORT_SEEDS", seed_count);
  TunnelTally tally;
  size_t failed = 0;
  for (uint64_t seed = first; seed < first + count && failed < 20; ++seed) {
    uint64_t trace = 0, again = 0;
    const std::string failures = run_seed(seed, tally, trace);
    if (!failures.empty()) {
      ++failed;
      ADD_FAILURE() << "seed " << seed << " (run it alone with SALLYPORT_SEED=" << seed << "):" << failures;
    }
    if (seed % repeat_every != 0 && alone == 0) continue;
    TunnelTally ignored;
    (void)run_seed(seed, ignored, again);
    EXPECT_EQ(trace, again) << "seed " << seed << " ran differently the second time";
  }
  printf("%s\n", tally.text().c_str());
  if (count < seed_count || failed > 0) return;
  // The seeds together must have done what they are for.
  EXPECT_GT(tally.whole, count);
  EXPECT_GT(tally.spliced, count / 4);
  EXPECT_GT(tally.copied, count / 4);
  EXPECT_GT(tally.refused, 0u);
  EXPECT_GT(tally.lost, 0u);
  EXPECT_GT(tally.log_stops, 0u);
}

}  // namespace
}  // namespace sallyport::sim
