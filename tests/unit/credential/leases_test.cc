// Who shares a key, for how long, and what is done about it.
#include "core/credential/leases.h"

#include <gtest/gtest.h>

#include "config/limits.h"

namespace sallyport::credential {
namespace {

constexpr int64_t s = 1'000'000'000;
constexpr Leases::Terms terms = {.lease_ns = 100 * s, .lease_max_ns = 1000 * s, .is_kept = true};
const Leases::Place ann = {"db", "app", "ann", "m"};

SessionRef session(uint32_t index) { return {.core = 0, .index = index, .generation = 1}; }

struct LeasesTest : testing::Test {
  Leases leases;
  Leases::Effects effects;

  Leases::Id lease_of(const Leases::Place& place, uint32_t index, int64_t now) {
    const Leases::Id id = leases.wanted(place, session(index), terms, now, effects);
    leases.check();
    return id;
  }
  Leases::Effects taken() { return std::exchange(effects, {}); }
  // One whose key is there.
  Leases::Id live(const Leases::Place& place, uint32_t index, int64_t now) {
    const Leases::Id id = lease_of(place, index, now);
    leases.minted(id, terms.lease_ns, now, effects);
    effects = {};
    return id;
  }
  void tick(int64_t now) {
    leases.tick(now, effects);
    leases.check();
  }
};

// Goal: callers who come while a key is being made wait for the same one, and all of them get it.
TEST_F(LeasesTest, SessionsThatComeMeanwhileShareOneMint) {
  const Leases::Id id = lease_of(ann, 1, 0);
  EXPECT_EQ(lease_of(ann, 2, 1), id);
  const auto before = taken();
  ASSERT_EQ(before.jobs.size(), 1U);
  EXPECT_EQ(before.jobs[0].work, Leases::Work::mint);
  EXPECT_TRUE(before.answers.empty());
  leases.minted(id, terms.lease_ns, 2, effects);
  EXPECT_EQ(taken().answers.size(), 2U);
}

TEST_F(LeasesTest, AFreshLeaseIsReusedAndOneNearItsEndIsNot) {
  const Leases::Id id = live(ann, 1, 0);
  leases.left(session(1));
  EXPECT_EQ(lease_of(ann, 2, 74 * s), id);
  EXPECT_EQ(taken().answers.size(), 1U);
  leases.left(session(2));
  EXPECT_NE(lease_of(ann, 3, 76 * s), id);
}

TEST_F(LeasesTest, NothingIsSharedBetweenIdentitiesTargetsLoginsOrMeanings) {
  const Leases::Id id = live(ann, 1, 0);
  uint32_t index = 2;
  for (const Leases::Place& other :
       {Leases::Place{"db", "app", "bob", "m"}, Leases::Place{"dc", "app", "ann", "m"},
        Leases::Place{"db", "ro", "ann", "m"}, Leases::Place{"db", "app", "ann", "n"}})
    EXPECT_NE(lease_of(other, index++, 1), id);
}

TEST_F(LeasesTest, OneThatIsUsedIsRenewedUpToItsCapAndThenOver) {
  const Leases::Id id = live(ann, 1, 0);
  tick(49 * s);
  EXPECT_TRUE(effects.jobs.empty());
  int64_t now = 50 * s;
  size_t renewals = 0;
  for (; leases.find(id)->state == Leases::State::live && now < 2000 * s; now += s) {
    tick(now);
    for (const Leases::Job& job : taken().jobs) {
      ASSERT_EQ(job.work, Leases::Work::renew);
      ++renewals;
      EXPECT_LE(now + job.life_ns, terms.lease_max_ns);
      leases.renewed(id, true, job.life_ns, now, effects);
    }
  }
  EXPECT_GT(renewals, 10U);
  EXPECT_EQ(leases.find(id)->state, Leases::State::retiring);
  EXPECT_GE(now, 1000 * s);
  EXPECT_LE(now, 1002 * s);
}

TEST_F(LeasesTest, ItsSessionsAreToldBeforeItIsDropped) {
  const Leases::Id id = live(ann, 1, 0);
  tick(50 * s);
  ASSERT_EQ(taken().jobs.size(), 1U);
  leases.renewed(id, false, 0, 51 * s, effects);
  EXPECT_TRUE(taken().over.empty());
  tick(60 * s);
  ASSERT_EQ(taken().jobs.size(), 1U);
  tick(100 * s);  // the second attempt may still save it
  EXPECT_TRUE(taken().over.empty());
  leases.renewed(id, false, 0, 101 * s, effects);
  EXPECT_EQ(taken().over, std::vector{session(1)});
  tick(102 * s);
  EXPECT_TRUE(effects.jobs.empty());
  leases.left(session(1));
  tick(103 * s);
  ASSERT_EQ(effects.jobs.size(), 1U);
  EXPECT_EQ(effects.jobs[0].work, Leases::Work::drop);
}

TEST_F(LeasesTest, ASessionThatDoesNotEndHoldsItNoLonger) {
  const Leases::Id id = live(ann, 1, 0);
  tick(50 * s);
  leases.renewed(id, false, 0, 100 * s, effects);
  EXPECT_EQ(taken().over.size(), 1U);
  tick(100 * s + int64_t{limits::lease_retiring_ms} * 1'000'000);
  ASSERT_EQ(effects.jobs.size(), 1U);
  EXPECT_EQ(effects.jobs[0].work, Leases::Work::drop);
  EXPECT_EQ(leases.session_count(), 0U);
  leases.left(session(1));  // late, and harmless
}

TEST_F(LeasesTest, DroppingIsTriedUntilItHasWorked) {
  const Leases::Id id = live(ann, 1, 0);
  leases.left(session(1));
  tick(100 * s);
  int64_t now = 100 * s;
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(taken().jobs.size(), 1U);
    leases.dropped(id, false, now, effects);
    tick(now);
    EXPECT_TRUE(effects.jobs.empty());
    now = leases.find(id)->again_ns;
    tick(now);
  }
  leases.dropped(id, true, now, effects);
  EXPECT_EQ(taken().gone, std::vector{id});
  EXPECT_EQ(leases.find(id), nullptr);
}

// Goal: what a failed mint may have left behind is taken back, and nobody gets it.
TEST_F(LeasesTest, AFailedMintIsDroppedWhereItMayExist) {
  for (const bool may_exist : {true, false}) {
    const Leases::Id id = lease_of(ann, may_exist ? 1 : 2, 0);
    effects = {};
    leases.not_minted(id, {.fault = "down", .may_exist = may_exist}, 1, effects);
    const auto then = taken();
    ASSERT_EQ(then.answers.size(), 1U);
    EXPECT_EQ(then.answers[0].lease, 0U);
    EXPECT_EQ(then.answers[0].fault, "down");
    EXPECT_EQ(then.jobs.size(), may_exist ? 1U : 0U);
    EXPECT_EQ(leases.find(id) != nullptr, may_exist);
  }
}

TEST_F(LeasesTest, WhatIsOnlyReadIsForgottenWithoutAWord) {
  const Leases::Id id = leases.wanted(
      ann, session(1), {.lease_ns = 10 * s, .lease_max_ns = 10 * s, .is_kept = false}, 0, effects);
  leases.minted(id, 10 * s, 0, effects);
  effects = {};
  tick(11 * s);
  EXPECT_TRUE(effects.over.empty() && effects.jobs.empty());
  EXPECT_EQ(taken().gone, std::vector{id});
  EXPECT_EQ(leases.session_count(), 0U);
}

TEST_F(LeasesTest, ALifeThatIsShorterThanAskedForRulesRenewal) {
  const Leases::Id id = lease_of(ann, 1, 0);
  leases.minted(id, 10 * s, 0, effects);
  effects = {};
  tick(4 * s);
  EXPECT_TRUE(effects.jobs.empty());
  tick(5 * s);
  EXPECT_EQ(taken().jobs.size(), 1U);
}

TEST_F(LeasesTest, ATargetHasAFewAtWorkAndTheRestWait) {
  for (uint32_t i = 0; i < 5; ++i) lease_of({"db", "app", "user" + std::to_string(i), "m"}, i, 0);
  EXPECT_EQ(effects.jobs.size(), limits::lease_minting_count_max);
  lease_of({"other", "app", "ann", "m"}, 9, 0);
  EXPECT_EQ(effects.jobs.size(), limits::lease_minting_count_max + 1);
  // Nobody waits for the third any more: it is never begun.
  leases.left(session(2));
  const auto jobs = taken().jobs;
  leases.minted(jobs[0].lease, terms.lease_ns, 1, effects);
  const auto then = taken();
  ASSERT_EQ(then.jobs.size(), 1U);
  EXPECT_EQ(leases.find(then.jobs[0].lease)->place.identity, "user3");
  EXPECT_EQ(then.gone.size(), 1U);
}

TEST_F(LeasesTest, ATargetHasSoManyAndNoMore) {
  for (uint32_t i = 0; i < limits::lease_count_max; ++i)
    lease_of({"db", "app", std::to_string(i), "m"}, i, 0);
  effects = {};
  EXPECT_EQ(lease_of(ann, 5000, 0), 0U);
  ASSERT_EQ(effects.answers.size(), 1U);
  EXPECT_EQ(effects.answers[0].lease, 0U);
  EXPECT_NE(lease_of({"other", "app", "ann", "m"}, 5001, 0), 0U);
}

TEST_F(LeasesTest, ClosingTakesEverythingBackAndMakesNothing) {
  const Leases::Id used = live(ann, 1, 0);
  for (uint32_t i = 0; i < 4; ++i) lease_of({"db", "app", "user" + std::to_string(i), "m"}, 10 + i, 0);
  effects = {};
  leases.close(1, effects);
  leases.check();
  auto then = taken();
  EXPECT_EQ(then.answers.size(), 2U);  // those that were not begun
  ASSERT_EQ(then.jobs.size(), 1U);
  EXPECT_EQ(then.jobs[0].lease, used);
  EXPECT_EQ(then.over, std::vector{session(1)});
  for (const Leases::Id id :
       {used + 1, used + 2}) {  // what was under way is taken back as soon as it is there
    leases.minted(id, terms.lease_ns, 2, effects);
    leases.check();
  }
  leases.dropped(used, true, 3, effects);
  for (const Leases::Id id : {used + 1, used + 2}) leases.dropped(id, true, 3, effects);
  EXPECT_TRUE(leases.all().empty());
  EXPECT_EQ(lease_of(ann, 99, 4), 0U);
}

}  // namespace
}  // namespace sallyport::credential
