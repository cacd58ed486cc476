// Approvals: one yes runs once, for exactly the request it was given for, never by the one who asked. The
// calls are made in the order in which cores and people could make them; what is answered and recorded is
// compared.
#include "core/control/approvals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "ringlog/record.h"
#include "tests/unit/control/approval_requests.h"

namespace sallyport {
namespace {

using Effects = Approvals::Effects;

class ApprovalsTest : public testing::Test {
 protected:
  // The id of the approval that `wanted` opens or joins.
  std::string ask(ApprovalWanted wanted) {
    effects = {};
    approvals.wanted(std::move(wanted), now, effects);
    EXPECT_EQ(effects.answers.size(), 1u);
    return effects.answers.empty() ? "" : effects.answers.back().approval;
  }
  bool decide(const std::string& id, bool approve, const std::string& who, std::vector<std::string> groups,
              std::vector<std::string> persons = {}) {
    effects = {};
    return approvals
        .decide(id, {.approve = approve, .again = false, .reason = "because"},
                {.name = who, .groups = groups, .persons = persons}, now, effects)
        .has_value();
  }
  [[nodiscard]] size_t answers(ApprovalState state) const {
    return static_cast<size_t>(std::ranges::count(effects.answers, state, &ApprovalAnswer::state));
  }

  std::minstd_rand random{1};
  Approvals approvals{[this] { return static_cast<uint32_t>(random()); }};
  Effects effects;
  int64_t now = second;
};

TEST_F(ApprovalsTest, OpensAndTellsTheWaiterItsId) {
  const std::string id = ask(request(1, 1));
  EXPECT_FALSE(id.empty());
  EXPECT_EQ(answers(ApprovalState::pending), 1u);
  ASSERT_EQ(effects.records.size(), 1u);
  EXPECT_EQ(effects.records[0].decision, static_cast<uint8_t>(ringlog::DecisionKind::Asked));
  EXPECT_EQ(effects.records[0].shown, "drop table t");
}

TEST_F(ApprovalsTest, NobodyApprovesTheirOwn) {
  const std::string id = ask(request(1, 1));
  EXPECT_FALSE(decide(id, true, "agent", {"dba"}));
  EXPECT_TRUE(effects.answers.empty());
  EXPECT_EQ(approvals.find(id)->state, Approval::State::open);
}

TEST_F(ApprovalsTest, NobodyApprovesTheirOwnUnderAnotherName) {
  ApprovalWanted wanted = request(1, 1);
  wanted.persons = {"https://idp.example.com#7", "mailto:ann@example.com"};
  const std::string id = ask(std::move(wanted));
  EXPECT_FALSE(decide(id, true, "ann", {"dba"}, {"user:ann", "mailto:ann@example.com"}));
  EXPECT_TRUE(decide(id, true, "dana", {"dba"}, {"user:dana", "mailto:dana@example.com"}));
}

// Whom an agent says that it asks for is known by name alone (identity::person_called).
TEST_F(ApprovalsTest, NobodyApprovesWhatWasAskedForHimByName) {
  ApprovalWanted wanted = request(1, 1);
  wanted.persons = {"user:agent", "name:corp:dana"};
  const std::string id = ask(std::move(wanted));
  EXPECT_FALSE(decide(id, true, "corp:Dana", {"dba"}, {"https://idp.example.com#7"}));
  EXPECT_TRUE(decide(id, true, "corp:erin", {"dba"}, {"https://idp.example.com#8"}));
}

TEST_F(ApprovalsTest, OnlyTheRulesApproversCount) {
  const std::string id = ask(request(1, 1));
  EXPECT_FALSE(decide(id, true, "eve", {"interns"}));
  EXPECT_FALSE(decide(id, false, "eve", {"interns"}));
  EXPECT_TRUE(decide(id, true, "dana", {"interns", "dba"}));
  EXPECT_EQ(answers(ApprovalState::approved), 1u);
}

TEST_F(ApprovalsTest, TheAskerMayTakeItBack) {
  const std::string id = ask(request(1, 1));
  EXPECT_TRUE(decide(id, false, "agent", {}));
  EXPECT_EQ(answers(ApprovalState::denied), 1u);
}

TEST_F(ApprovalsTest, OneYesRunsOneOfSeveralWaiters) {
  const std::string id = ask(request(1, 1));
  EXPECT_EQ(ask(request(2, 1)), id) << "the same request joins";
  EXPECT_TRUE(decide(id, true, "dana", {"dba"}));
  ASSERT_EQ(effects.answers.size(), 1u);
  EXPECT_EQ(effects.answers[0].session.index, 1u) << "the oldest waiter is first";
  effects = {};
  approvals.used({.approval = id, .session_id = 1, .ticket = 7}, now, effects);
  ASSERT_EQ(effects.answers.size(), 1u) << "the other waits on, for a yes of its own";
  EXPECT_EQ(effects.answers[0].state, ApprovalState::pending);
  EXPECT_NE(effects.answers[0].approval, id);
  EXPECT_FALSE(decide(id, true, "dana", {"dba"})) << "a used approval is over";
}

TEST_F(ApprovalsTest, AnApprovalWithoutWaiterServesTheNextWhoAsksTheSame) {
  const std::string id = ask(request(1, 1));
  effects = {};
  approvals.left({.session = request(1, 1).session, .ticket = 7, .approval = id, .transaction_over = false},
                 effects);
  EXPECT_TRUE(decide(id, true, "dana", {"dba"}));
  EXPECT_TRUE(effects.answers.empty()) << "nobody waits";
  const std::string other = ask(request(3, 2));
  EXPECT_NE(other, id) << "another request is not it";
  EXPECT_EQ(answers(ApprovalState::pending), 1u);
  EXPECT_EQ(ask(request(4, 1)), id);
  EXPECT_EQ(answers(ApprovalState::approved), 1u);
  effects = {};
  approvals.used({.approval = id, .session_id = 4, .ticket = 7}, now, effects);
  EXPECT_NE(ask(request(5, 1)), id) << "once";
}

TEST_F(ApprovalsTest, ReturnedItGoesToTheNextWaiter) {
  const std::string id = ask(request(1, 1));
  (void)ask(request(2, 1));
  EXPECT_TRUE(decide(id, true, "dana", {"dba"}));
  effects = {};
  approvals.returned({.approval = id}, now, effects);
  ASSERT_EQ(answers(ApprovalState::approved), 1u);
  EXPECT_EQ(effects.answers[0].session.index, 2u);
}

TEST_F(ApprovalsTest, InsideATransactionItDiesWithIt) {
  const std::string id = ask(request(1, 1, 9));
  effects = {};
  approvals.left({.session = request(1, 1).session, .ticket = 7, .approval = id, .transaction_over = true},
                 effects);
  EXPECT_FALSE(decide(id, true, "dana", {"dba"}));
  const std::string again = ask(request(2, 1, 9));
  EXPECT_NE(again, id);
  EXPECT_TRUE(decide(again, true, "dana", {"dba"}));
  effects = {};
  approvals.returned({.approval = again}, now, effects);
  EXPECT_EQ(approvals.find(again)->state, Approval::State::voided);
}

TEST_F(ApprovalsTest, ExpiresForWaitersAndDeciders) {
  const std::string id = ask(request(1, 1));
  now += 61 * second;
  EXPECT_FALSE(decide(id, true, "dana", {"dba"}));
  EXPECT_EQ(answers(ApprovalState::expired), 1u);
  EXPECT_NE(ask(request(2, 1)), id);
}

TEST_F(ApprovalsTest, BoundsWhatOneIdentityMayHavePending) {
  for (uint32_t i = 0; i < limits::approval_count_max_per_identity; ++i) {
    ApprovalWanted wanted = request(i, 0);
    wanted.digest[0] = static_cast<uint8_t>(i);
    wanted.digest[1] = static_cast<uint8_t>(i >> 8);
    wanted.digest[2] = 1;
    (void)ask(std::move(wanted));
  }
  (void)ask(request(9999, 0xff));
  EXPECT_EQ(answers(ApprovalState::refused), 1u);
}

// What is large keeps nobody else from asking.
TEST_F(ApprovalsTest, OneIdentityHasAShareOfTheRoom) {
  const auto large = [](uint8_t digest, const char* identity) {
    ApprovalWanted wanted = request(digest, digest);
    wanted.identity = identity;
    wanted.text.assign(1 << 20, 'x');
    return wanted;
  };
  size_t count = 0;
  while (count < 100 && !ask(large(static_cast<uint8_t>(count + 1), "agent")).empty()) ++count;
  EXPECT_EQ(count, 16U);
  EXPECT_FALSE(ask(large(200, "robot")).empty());
}

}  // namespace
}  // namespace sallyport
