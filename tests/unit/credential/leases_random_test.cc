// Leases under everything that can happen, in any order; a failure prints its seed.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <random>

#include "core/credential/leases.h"

namespace sallyport::credential {
namespace {

constexpr int64_t s = 1'000'000'000;
constexpr Leases::Terms terms = {.lease_ns = 100 * s, .lease_max_ns = 1000 * s, .is_kept = true};

SessionRef session(uint32_t index) { return {.core = 0, .index = index, .generation = 1}; }

struct World {
  explicit World(uint64_t seed) : random(seed) {}
  std::mt19937_64 random;
  Leases leases;
  int64_t now = 0;
  std::map<uint32_t, Leases::Id> sessions;  // 0: not answered
  std::set<uint32_t> told_over;
  std::map<Leases::Id, Leases::Work> jobs;
  std::set<Leases::Id> existing;  // at the target
  uint32_t last_session = 0;

  uint64_t below(uint64_t n) { return random() % n; }

  void apply(Leases::Effects&& effects) {
    for (const auto& answer : effects.answers) {
      ASSERT_TRUE(sessions.contains(answer.session.index));
      ASSERT_EQ(sessions[answer.session.index], 0U) << "answered twice";
      if (answer.lease == 0) {
        ASSERT_FALSE(answer.fault.empty());
        sessions.erase(answer.session.index);
      } else {
        ASSERT_TRUE(existing.contains(answer.lease)) << "a key that is none";
        ASSERT_EQ(leases.find(answer.lease)->state, Leases::State::live);
        sessions[answer.session.index] = answer.lease;
      }
    }
    for (const SessionRef& session : effects.over) told_over.insert(session.index);
    for (const Leases::Job& job : effects.jobs) {
      ASSERT_TRUE(jobs.emplace(job.lease, job.work).second) << "two jobs for one lease";
      if (job.work != Leases::Work::drop) continue;
      for (const auto& [index, lease] : sessions)
        ASSERT_TRUE(lease != job.lease || told_over.contains(index))
            << "dropped under a session that knew nothing";
    }
    for (const Leases::Id id : effects.gone)
      ASSERT_FALSE(existing.contains(id)) << "forgotten and not dropped";
    leases.check();
  }

  void finish_a_job(bool good) {
    auto at = jobs.begin();
    std::advance(at, static_cast<long>(below(jobs.size())));
    const auto [id, work] = *at;
    jobs.erase(at);
    Leases::Effects effects;
    switch (work) {
      case Leases::Work::mint:
        if (good || below(3) == 0) existing.insert(id);
        if (good) {
          leases.minted(id, static_cast<int64_t>(1 + below(100)) * s, now, effects);
        } else {
          leases.not_minted(id, {.fault = "no", .may_exist = existing.contains(id) || below(2) == 0}, now,
                            effects);
        }
        break;
      case Leases::Work::renew: leases.renewed(id, good, 100 * s, now, effects); break;
      case Leases::Work::drop:
        if (good) existing.erase(id);
        leases.dropped(id, good, now, effects);
        break;
    }
    apply(std::move(effects));
  }

  void step() {
    Leases::Effects effects;
    switch (below(6)) {
      case 0: {
        const Leases::Place place{"t" + std::to_string(below(2)), "app", "u" + std::to_string(below(4)), "m"};
        sessions[++last_session] = 0;
        leases.wanted(place, session(last_session), terms, now, effects);
        return apply(std::move(effects));
      }
      case 1: {
        if (sessions.empty()) return;
        auto at = sessions.begin();
        std::advance(at, static_cast<long>(below(sessions.size())));
        leases.left(session(at->first));
        sessions.erase(at);
        return leases.check();
      }
      case 2:
      case 3:
        if (!jobs.empty()) finish_a_job(below(4) != 0);
        return;
      case 4: now += static_cast<int64_t>(below(20)) * s; return;
      case 5: leases.tick(now, effects); return apply(std::move(effects));
    }
  }
};

// Goal: whatever happens in whatever order, every session gets one answer, no key is used that is none,
// nothing is dropped under a session that was not told, and in the end nothing is left behind.
TEST(LeasesRandom, NothingIsLeftBehind) {
  const char* given = getenv("SALLYPORT_SEED");
  const uint64_t first = given ? strtoull(given, nullptr, 10) : 1;
  const uint64_t last = given ? first : getenv("SALLYPORT_FULL") ? 5000 : 300;
  for (uint64_t seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("SALLYPORT_SEED=" + std::to_string(seed));
    World world(seed);
    for (int i = 0; i < 2000 && !testing::Test::HasFailure(); ++i) world.step();
    for (const auto& [index, lease] : world.sessions) world.leases.left(session(index));
    world.sessions.clear();
    Leases::Effects effects;
    world.leases.close(world.now, effects);
    world.apply(std::move(effects));
    for (int i = 0; i < 10000 && !world.leases.all().empty() && !testing::Test::HasFailure(); ++i) {
      if (!world.jobs.empty()) world.finish_a_job(true);
      Leases::Effects more;
      world.leases.tick(world.now += s, more);
      world.apply(std::move(more));
    }
    ASSERT_FALSE(testing::Test::HasFailure());
    ASSERT_TRUE(world.leases.all().empty());
    ASSERT_TRUE(world.existing.empty());
    ASSERT_EQ(world.leases.session_count(), 0U);
  }
}

}  // namespace
}  // namespace sallyport::credential
