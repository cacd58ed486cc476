// Requests for access and the grants that come of them: who may ask how often, what a yes gives, what is
// kept, and what of it the policy stands by.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "config/limits.h"
#include "core/control/grant_text.h"
#include "core/control/grants.h"
#include "core/control/store.h"
#include "tests/unit/config/folder.h"
#include "tests/unit/control/approval_people.h"

namespace sallyport {
namespace {

using identity::Grant;
using identity::GrantPointer;

constexpr uint32_t hour_ms = 3'600'000;

class Access : public ApprovalPeople {
 protected:
  Result<std::string> want(const std::string& who, const std::string& target = "shop",
                           uint32_t life_ms = hour_ms, const std::string& actor = "") {
    ApprovalWanted asked = request(0, 0);
    asked.session_id = 0;
    asked.identity = who;
    asked.persons = {"user:" + who};
    asked.target = target;
    Grant wanted;
    wanted.identity = who;
    wanted.target = target;
    wanted.actor = actor;
    effects = {};
    return approvals.ask_access(std::move(asked), wanted, life_ms, now, effects);
  }
};

TEST_F(Access, TheLastYesGrantsOnce) {
  const std::string id = *want("ann");
  EXPECT_EQ(records(DecisionKind::Asked), 1);
  EXPECT_NE(yes(id, "ann", {"dba"}), "");
  EXPECT_TRUE(effects.granted.empty());
  EXPECT_EQ(yes(id, "dana", {"dba"}), "");
  EXPECT_EQ(effects.granted, std::vector<std::string>{id});
  EXPECT_EQ(state(id), Approval::State::used);
  EXPECT_NE(yes(id, "dick", {"dba"}), "") << "it is over";
  EXPECT_TRUE(effects.granted.empty());
  approvals.settle_access(id, "g-2", "");
  EXPECT_FALSE(revoke(id, "dana"));
}

TEST_F(Access, TheSameJoinsAndAnotherTimeDoesNot) {
  const std::string id = *want("ann");
  EXPECT_EQ(*want("ann"), id);
  EXPECT_TRUE(effects.records.empty());
  EXPECT_FALSE(want("ann", "shop", 2 * hour_ms));
  EXPECT_NE(*want("ann", "other"), id);
  EXPECT_NE(*want("ann", "shop", hour_ms, "bot"), id) << "asked by somebody who acts for ann";
  EXPECT_NE(*want("ben"), id);
}

TEST_F(Access, ANoLastsAWhileForThatPersonAndTarget) {
  EXPECT_EQ(say(*want("ann"), false, "ann", {}), "");
  const std::string id = *want("ann");
  EXPECT_EQ(say(id, false, "dana", {"dba"}), "");
  EXPECT_FALSE(want("ann"));
  EXPECT_TRUE(want("ann", "other"));
  EXPECT_TRUE(want("ben"));
  now += int64_t{limits::access_cooldown_ms} * 1'000'000 - 1;
  EXPECT_FALSE(want("ann"));
  ++now;
  EXPECT_TRUE(want("ann"));
}

TEST_F(Access, AskingIsBoundedByTheHourAndSurvivesAClockThatIsSetBack) {
  for (size_t i = 0; i < limits::access_ask_count_max; ++i) {
    const Result<std::string> id = want("ann");
    ASSERT_TRUE(id) << i;
    EXPECT_EQ(say(*id, false, "ann", {}), "");
  }
  EXPECT_FALSE(want("ann"));
  EXPECT_TRUE(want("ben"));
  now += int64_t{limits::access_ask_window_ms} * 1'000'000;
  EXPECT_TRUE(want("ann"));
  now = second / 2;
  EXPECT_TRUE(want("ann", "other")) << "what was asked in the future is forgotten";
}

TEST_F(Access, IsNoYesForARun) {
  const std::string id = *want("ann");
  EXPECT_EQ(yes(id, "dana", {"dba"}), "");
  const std::string other = *want("ben");
  ApprovalWanted run = request(1, 0);
  run.identity = "ben";
  const std::string asked = ask(std::move(run));
  EXPECT_NE(asked, other);
  EXPECT_TRUE(answered(ApprovalState::pending));
}

TEST_F(Access, EndsWhereThereIsAReason) {
  const std::string one = *want("ann"), two = *want("ben");
  effects = {};
  approvals.end_access(
      [](const Approval& approval) { return approval.asked.identity == "ann" ? std::string("gone") : ""; },
      effects);
  EXPECT_EQ(state(one), Approval::State::revoked);
  EXPECT_EQ(state(two), Approval::State::open);
  EXPECT_EQ(records(DecisionKind::Revoked), 1);
  EXPECT_NE(yes(one, "dana", {"dba"}), "");
}

GrantPointer grant(const std::string& id, int64_t expires_ns, const std::string& who = "ann") {
  auto made = std::make_shared<Grant>();
  made->id = id;
  made->approval = "7F3KM";
  made->target = "shop";
  made->identity = who;
  made->actor = "bot\n\"";
  made->issuer_meaning = std::string("a\0b", 3);
  made->persons = {"user:ann"};
  made->groups = {"agents", "ä"};
  made->granted_by = "dana, sam";
  made->granting_persons = {"user:dana", "user:sam"};
  made->reason = "why";
  made->created_ns = 5;
  made->expires_ns = expires_ns;
  made->grace_ms = 60'000;
  return made;
}

TEST(Grants, KnowWhatIsOver) {
  Grants grants;
  grants.add(grant("g-1", 100));
  grants.add(grant("g-2", 200));
  EXPECT_TRUE(grants.expired(99).empty());
  ASSERT_EQ(grants.expired(100).size(), 1u);
  EXPECT_EQ(grants.expired(100).front()->id, "g-1");
  grants.remove(std::vector<std::string>{"g-1"});
  EXPECT_TRUE(grants.expired(199).empty());
  EXPECT_EQ(grants.expired(500).size(), 1u);
  EXPECT_EQ(grants.find("g-1"), nullptr);
}

TEST(Grants, AreBounded) {
  Grants grants;
  for (size_t i = 0; i < limits::access_count_max_per_identity; ++i) {
    ASSERT_TRUE(grants.has_room("ann"));
    grants.add(grant("g-" + std::to_string(i), 100));
  }
  EXPECT_FALSE(grants.has_room("ann"));
  EXPECT_TRUE(grants.has_room("ben"));
}

TEST(HeldGrants, FindTheOneThatLastsLongestForThatPairAndTarget) {
  identity::HeldGrants held;
  held.add(grant("g-1", 100));
  held.add(grant("g-2", 200));
  EXPECT_EQ(held.find("ann", "bot\n\"", "shop", 50)->id, "g-2");
  EXPECT_EQ(held.find("ann", "bot\n\"", "shop", 200), nullptr) << "over at that very moment";
  EXPECT_EQ(held.find("ann", "", "shop", 50), nullptr);
  EXPECT_EQ(held.find("ben", "bot\n\"", "shop", 50), nullptr);
  EXPECT_EQ(held.find("ann", "bot\n\"", "other", 50), nullptr);
  held.remove("g-2");
  EXPECT_EQ(held.find("ann", "bot\n\"", "shop", 99)->id, "g-1");
  EXPECT_EQ(held.find("ann", "bot\n\"", "shop", 100), nullptr);
}

TEST(GrantStore, KeepsThemOverReopening) {
  const config::Folder folder;
  {
    auto store = Store::open(folder.path());
    ASSERT_TRUE(store) << store.error().text;
    ASSERT_TRUE((*store)->add_grant(*grant("g-1", 100)));
    ASSERT_TRUE((*store)->add_grant(*grant("g-2", 200)));
    EXPECT_FALSE((*store)->add_grant(*grant("g-2", 200))) << "the same id twice";
    ASSERT_TRUE((*store)->remove_grants({"g-1", "g-none"}));
  }
  auto store = Store::open(folder.path());
  ASSERT_TRUE(store);
  const auto found = (*store)->grants();
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(grant_text(*found->front()), grant_text(*grant("g-2", 200)));
  EXPECT_EQ(found->front()->issuer_meaning.size(), 3u);
}

// A gateway of before there were grants has run here.
TEST(GrantStore, BringsAnOlderOneUp) {
  const config::Folder folder;
  ASSERT_TRUE(Store::open(folder.path()));
  sqlite3* file = nullptr;
  ASSERT_EQ(sqlite3_open((folder.path() / "store.sqlite").c_str(), &file), SQLITE_OK);
  const char* const before = "DROP TABLE access_grant; PRAGMA user_version = 1";
  EXPECT_EQ(sqlite3_exec(file, before, nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(file);
  for (int round = 0; round < 2; ++round) {
    auto store = Store::open(folder.path());
    ASSERT_TRUE(store) << store.error().text;
    EXPECT_EQ((*store)->add_grant(*grant("g-1", 100)).has_value(), round == 0);
    EXPECT_EQ((*store)->grants()->size(), 1u);
  }
}

TEST(GrantText, WhatIsNoneLetsNobodyIn) {
  const std::string good = grant_text(*grant("g-1", 100));
  EXPECT_TRUE(parse_grant(good));
  for (const char* text : {"", "[]", "{}", "null", "{\"id\":\"g-1\"}"})
    EXPECT_FALSE(parse_grant(text)) << text;
  EXPECT_FALSE(parse_grant(good.substr(0, good.size() / 2)));
  std::string other = good;
  other.replace(other.find("\"expires_ns\":100"), 16, "\"expires_ns\":\"9\"");
  EXPECT_FALSE(parse_grant(other));
}

// Cores ask for themselves: that nobody has told them of the end lets nobody in.
TEST(HeldGrants, AreGoodForOnePairAtOneTargetUntilTheirEnd) {
  identity::HeldGrants held;
  auto grant = std::make_shared<identity::Grant>();
  grant->id = "g-1";
  grant->identity = "ann";
  grant->actor = "bot";
  grant->target = "shop";
  grant->expires_ns = 1000;
  held.add(grant);
  EXPECT_NE(held.find("ann", "bot", "shop", 999), nullptr);
  EXPECT_EQ(held.find("ann", "bot", "shop", 1000), nullptr);
  EXPECT_EQ(held.find("ann", "", "shop", 999), nullptr);
  EXPECT_EQ(held.find("ann", "bot", "raw", 999), nullptr);
  EXPECT_EQ(held.find("bob", "bot", "shop", 999), nullptr);
}

}  // namespace
}  // namespace sallyport
