// Plans: approved once, ahead; then exactly their requests run, in order, each once.
#include <gtest/gtest.h>

#include "tests/unit/control/approval_people.h"

namespace sallyport {
namespace {

Digest digest_of(uint8_t value) {
  Digest digest;
  digest.fill(value);
  return digest;
}

ApprovalWanted planned(uint8_t text, uint32_t session = 1) {
  ApprovalWanted wanted = request(session, static_cast<uint8_t>(100 + text));
  wanted.text_digest = digest_of(text);
  wanted.context_digest = digest_of(77);
  wanted.plain_context = true;
  return wanted;
}

class ApprovalPlans : public ApprovalPeople {
 protected:
  void SetUp() override {
    std::vector<PlanStep> steps;
    const ApprovalWanted asked = request(0, 0);
    for (uint8_t i = 1; i <= 3; ++i)
      steps.push_back(
          {.text = "step", .digest = digest_of(i), .demands = asked.demands, .verbs = {}, .objects = {}});
    steps[1].demands.clear();  // the rules allow it: it never asks
    plan = *approvals.submit(request(0, 0), std::move(steps), now, effects);
  }
  // Whether it runs at once, by the plan.
  bool runs(ApprovalWanted wanted) {
    const uint32_t session = static_cast<uint32_t>(wanted.session_id);
    const std::string id = ask(std::move(wanted));
    if (!answered(ApprovalState::approved)) return false;
    EXPECT_EQ(id, plan);
    use(id, session);
    return true;
  }
  std::string plan;
  int salt_ = 200;
};

TEST_F(ApprovalPlans, RunsInOrderEachOnce) {
  EXPECT_FALSE(runs(planned(1))) << "not approved";
  EXPECT_EQ(yes(plan, "dana", {"dba"}), "");
  EXPECT_FALSE(runs(planned(3))) << "not its turn";
  EXPECT_TRUE(runs(planned(1, 2)));
  EXPECT_FALSE(runs(planned(1, 4))) << "once";
  EXPECT_TRUE(runs(planned(3, 3))) << "from another session of the same identity";
  EXPECT_EQ(state(plan), Approval::State::used);
  EXPECT_FALSE(runs(planned(3, 5)));
}

TEST_F(ApprovalPlans, NothingButExactlyIt) {
  EXPECT_EQ(yes(plan, "dana", {"dba"}), "");
  const auto refused = [this](auto change) {
    ApprovalWanted wanted = planned(1);
    change(wanted);
    wanted.digest.fill(static_cast<uint8_t>(++salt_));
    return !runs(std::move(wanted));
  };
  EXPECT_TRUE(refused([](ApprovalWanted& w) { w.identity = "robot"; }));
  EXPECT_TRUE(refused([](ApprovalWanted& w) { w.target = "raw"; }));
  EXPECT_TRUE(refused([](ApprovalWanted& w) { w.database = "other"; }));
  EXPECT_TRUE(refused([](ApprovalWanted& w) { w.login = "owner"; }));
  EXPECT_TRUE(refused([](ApprovalWanted& w) { w.actor = "corp:bot"; })) << "who acts for it";
  EXPECT_TRUE(refused([](ApprovalWanted& w) { w.on_behalf_of = "ann"; }));
  EXPECT_TRUE(refused([](ApprovalWanted& w) { w.transaction = 3; }));
  EXPECT_TRUE(refused([](ApprovalWanted& w) { w.plain_context = false; }));
  EXPECT_TRUE(refused([](ApprovalWanted& w) { w.context_digest = {}; }));
  EXPECT_TRUE(refused([](ApprovalWanted& w) { w.text_digest = {}; }));
  EXPECT_TRUE(refused([](ApprovalWanted& w) { w.demands.front().terms.quorums.front().count = 2; }));
  EXPECT_TRUE(runs(planned(1)));
  ApprovalWanted elsewhere = planned(3);
  elsewhere.context_digest = digest_of(78);
  EXPECT_FALSE(runs(std::move(elsewhere))) << "where its first request ran is where all of it runs";
  EXPECT_TRUE(runs(planned(3, 9)));
}

TEST_F(ApprovalPlans, GivenBackItIsTheNextOnesTurnStill) {
  EXPECT_EQ(yes(plan, "dana", {"dba"}), "");
  EXPECT_EQ(ask(planned(1)), plan);
  effects = {};
  approvals.returned({.approval = plan}, now, effects);
  EXPECT_TRUE(runs(planned(1, 2)));
}

TEST_F(ApprovalPlans, EndsByTimeAndRevocation) {
  EXPECT_EQ(yes(plan, "dana", {"dba"}), "");
  EXPECT_TRUE(runs(planned(1)));
  EXPECT_EQ(revoke(plan, "agent"), true) << "who asked may";
  EXPECT_FALSE(runs(planned(3)));
}

}  // namespace
}  // namespace sallyport
