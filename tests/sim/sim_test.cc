// The simulation's seeds. SALLYPORT_SEED=n runs that one alone and tells more; SALLYPORT_SEEDS=n sets how
// many (60), SALLYPORT_FIRST_SEED where they begin (1).
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/world.h"

namespace sallyport::sim {
namespace {

constexpr uint64_t seed_count = 60;
constexpr uint64_t repeat_every = 8;
constexpr size_t failed_seeds_max = 20;

char last_words[96];

// A CHECK that fails ends the process: then the seed is still told.
void tell_seed(int number) {
  [[maybe_unused]] const ssize_t ignored = write(STDERR_FILENO, last_words, strlen(last_words));
  signal(number, SIG_DFL);
  raise(number);
}

uint64_t setting(const char* name, uint64_t otherwise) {
  const char* text = getenv(name);
  return text != nullptr && *text != 0 ? strtoull(text, nullptr, 10) : otherwise;
}

std::string run_seed(uint64_t seed, Tally& tally, uint64_t& trace) {
  snprintf(last_words, sizeof last_words, "seed %llu: run it alone with SALLYPORT_SEED=%llu\n",
           static_cast<unsigned long long>(seed), static_cast<unsigned long long>(seed));
  World world(seed);
  std::string text;
  for (const std::string& failure : world.run()) text += "\n  " + failure;
  if (!text.empty()) text += "\n  " + world.picture();
  tally.add(world.tally());
  trace = world.trace();
  return text;
}

TEST(Simulation, HoldsItsInvariants) {
  signal(SIGABRT, tell_seed);
  signal(SIGSEGV, tell_seed);
  const uint64_t alone = setting("SALLYPORT_SEED", 0);
  const uint64_t first = alone != 0 ? alone : setting("SALLYPORT_FIRST_SEED", 1);
  const uint64_t count = alone != 0 ? 1 : setting("SALLYPORT_SEEDS", seed_count);
  Tally tally;
  size_t failed = 0;
  for (uint64_t seed = first; seed < first + count && failed < failed_seeds_max; ++seed) {
    uint64_t trace = 0;
    const std::string failures = run_seed(seed, tally, trace);
    if (!failures.empty()) {
      ++failed;
      ADD_FAILURE() << "seed " << seed << " (run it alone with SALLYPORT_SEED=" << seed << "):" << failures;
    }
    if (seed % repeat_every != 0 && alone == 0) continue;
    Tally ignored;
    uint64_t again = 0;
    (void)run_seed(seed, ignored, again);
    EXPECT_EQ(trace, again) << "seed " << seed << " ran differently the second time";
  }
  printf("%s\n", tally.text().c_str());
  if (count < seed_count || failed > 0) return;
  // The seeds together must have done what they are for.
  for (size_t i = 0; i < kind_count; ++i) {
    const bool runs = !never_runs(static_cast<Kind>(i));
    EXPECT_EQ(runs, tally.kinds[i] > 0) << "statements of kind " << i;
  }
  EXPECT_GT(tally.compared, 4 * count);
  EXPECT_GT(tally.approved, count / 8);
  EXPECT_GT(tally.denied, count);
  EXPECT_GT(tally.revoked, 0u);
  EXPECT_GT(tally.masked, count / 2);
  EXPECT_GT(tally.log_failures, 0u);
  EXPECT_GT(tally.flooded, 0u);
  EXPECT_GT(tally.copied_in, count / 8);
  EXPECT_GT(tally.copies_failed, count / 8);
  EXPECT_GT(tally.left_in_copy, 0u);
}

}  // namespace
}  // namespace sallyport::sim
