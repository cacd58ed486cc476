// What it takes for a yes, and what a yes is good for: several persons and groups, escalation, revocation,
// the same again, plans, revealing.
#include <gtest/gtest.h>

#include "tests/unit/control/approval_people.h"

namespace sallyport {
namespace {

config::ApprovalTerms several(uint32_t count) {
  config::ApprovalTerms terms = one_of({"dba", "lead"});
  terms.quorums.front().count = count;
  return terms;
}

config::ApprovalTerms dba_and_security() {
  config::ApprovalTerms terms;
  terms.quorums = {{{"dba"}, 1}, {{"security"}, 1}};
  return terms;
}

config::ApprovalTerms again_for(uint32_t ms) {
  config::ApprovalTerms terms = one_of({"dba"});
  terms.again_ms = ms;
  return terms;
}

TEST_F(ApprovalPeople, TwoOfThemAreTwoPersons) {
  const std::string id = ask(request(1, 1, 0, several(2)));
  EXPECT_EQ(yes(id, "dana", {"dba"}), "");
  EXPECT_EQ(records(DecisionKind::Voted), 1);
  EXPECT_TRUE(effects.answers.empty());
  EXPECT_NE(yes(id, "dana", {"dba", "lead"}), "") << "once each";
  EXPECT_EQ(state(id), Approval::State::open);
  EXPECT_EQ(yes(id, "lea", {"lead"}), "");
  EXPECT_TRUE(answered(ApprovalState::approved));
  EXPECT_EQ(approvals.find(id)->decided_by, "dana, lea");
}

TEST_F(ApprovalPeople, OnePersonUnderTwoNamesIsOne) {
  const std::string id = ask(request(1, 1, 0, several(2)));
  EXPECT_EQ(yes(id, "dana", {"dba"}), "");
  effects = {};
  const std::vector<std::string> groups = {"lead"};
  const auto twice = approvals.decide(
      id, {.approve = true, .again = false, .reason = ""},
      {.name = "corp:dana", .groups = groups, .persons = {"https://idp#1", "user:dana"}}, now, effects);
  EXPECT_FALSE(twice.has_value());
}

TEST_F(ApprovalPeople, OnePersonCountsForOneGroup) {
  const std::string id = ask(request(1, 1, 0, dba_and_security()));
  EXPECT_EQ(yes(id, "dana", {"dba", "security"}), "");
  EXPECT_EQ(state(id), Approval::State::open);
  EXPECT_EQ(yes(id, "sam", {"dba"}), "") << "dana then stands for security";
  EXPECT_EQ(state(id), Approval::State::handed);
}

TEST_F(ApprovalPeople, TwoOfOneGroupAreNoneOfTheOther) {
  const std::string id = ask(request(1, 1, 0, dba_and_security()));
  EXPECT_EQ(yes(id, "dana", {"dba"}), "");
  EXPECT_EQ(yes(id, "dick", {"dba"}), "");
  EXPECT_EQ(state(id), Approval::State::open);
  EXPECT_EQ(yes(id, "sam", {"security"}), "");
  EXPECT_EQ(state(id), Approval::State::handed);
}

TEST_F(ApprovalPeople, EveryRuleOfABatchIsHeard) {
  ApprovalWanted wanted = request(1, 1, 0, one_of({"interns"}));
  wanted.demands.push_back({"drops", one_of({"dba"})});
  const std::string id = ask(std::move(wanted));
  EXPECT_EQ(yes(id, "ivo", {"interns"}), "");
  EXPECT_EQ(state(id), Approval::State::open);
  EXPECT_EQ(yes(id, "dana", {"dba"}), "");
  EXPECT_EQ(state(id), Approval::State::handed);
}

TEST_F(ApprovalPeople, OneNoOfAnyApproverDenies) {
  const std::string id = ask(request(1, 1, 0, several(2)));
  EXPECT_EQ(yes(id, "dana", {"dba"}), "");
  EXPECT_EQ(say(id, false, "lea", {"lead"}), "");
  EXPECT_TRUE(answered(ApprovalState::denied));
  EXPECT_NE(yes(id, "dick", {"dba"}), "");
}

TEST_F(ApprovalPeople, AYesUnderOtherDemandsIsNotThisOne) {
  const std::string id = ask(request(1, 1));
  effects = {};
  approvals.left({.session = request(1, 1).session, .ticket = 7, .approval = id}, effects);
  EXPECT_EQ(yes(id, "dana", {"dba"}), "");
  EXPECT_NE(ask(request(2, 1, 0, several(2))), id) << "the rule wants two by now";
}

TEST_F(ApprovalPeople, EscalationLetsOthersInAndIsRecorded) {
  config::ApprovalTerms terms = one_of({"dba"});
  terms.escalate_ms = 30'000;
  terms.escalate_to = {"lead"};
  const std::string id = ask(request(1, 1, 0, terms));
  EXPECT_NE(yes(id, "lea", {"lead"}), "");
  now += 30 * second;
  effects = {};
  approvals.tick(now, effects);
  EXPECT_EQ(records(DecisionKind::Escalated), 1);
  approvals.tick(now, effects);
  EXPECT_EQ(records(DecisionKind::Escalated), 1) << "once";
  EXPECT_EQ(yes(id, "lea", {"lead"}), "");
  EXPECT_EQ(state(id), Approval::State::handed);
}

TEST_F(ApprovalPeople, RevokedBeforeItsUseItNeverRuns) {
  const std::string id = ask(request(1, 1));
  approvals.left({.session = request(1, 1).session, .ticket = 7, .approval = id}, effects);
  EXPECT_EQ(yes(id, "dana", {"dba"}), "");
  EXPECT_EQ(revoke(id, "eve"), std::nullopt) << "who said no yes";
  EXPECT_EQ(revoke(id, "dana"), true);
  EXPECT_EQ(records(DecisionKind::Revoked), 1);
  EXPECT_NE(ask(request(2, 1)), id);
  EXPECT_FALSE(answered(ApprovalState::approved));
  EXPECT_EQ(revoke(id, "dana"), std::nullopt) << "it is over";
}

TEST_F(ApprovalPeople, WhoHasItIsAskedWhetherItRan) {
  for (const bool ran : {true, false}) {
    const std::string id = ask(request(1, ran ? 1 : 2));
    EXPECT_EQ(yes(id, "dana", {"dba"}), "");
    EXPECT_EQ(revoke(id, "operator", true), false);
    EXPECT_TRUE(answered(ApprovalState::revoked));
    EXPECT_EQ(revoke(id, "operator", true), std::nullopt) << "asked already";
    EXPECT_NE(ask(request(5, ran ? 1 : 2)), id) << "nobody joins what is going";
    effects = {};
    if (ran) {
      use(id);
    } else {
      approvals.returned({.approval = id}, now, effects);
    }
    EXPECT_EQ(effects.settled, std::vector<std::string>{id});
    EXPECT_EQ(state(id), ran ? Approval::State::used : Approval::State::revoked);
  }
}

TEST_F(ApprovalPeople, TheSameAgainUntilItsTimeIsOver) {
  const std::string id = ask(request(1, 1, 0, again_for(30 * 60'000)));
  EXPECT_EQ(yes(id, "dana", {"dba"}, true), "");
  use(id);
  EXPECT_EQ(state(id), Approval::State::approved);
  now += 29 * minute;
  EXPECT_EQ(ask(request(3, 1, 0, again_for(30 * 60'000))), id);
  EXPECT_TRUE(answered(ApprovalState::approved));
  use(id, 3);
  ASSERT_EQ(records(DecisionKind::Used), 1);
  EXPECT_EQ(effects.records.front().session_id, 3u) << "on the record of who ran it";
  now += 2 * minute;
  EXPECT_NE(ask(request(4, 1, 0, again_for(30 * 60'000))), id);
  EXPECT_FALSE(answered(ApprovalState::approved));
}

TEST_F(ApprovalPeople, AgainOnlyWhereRuleVotersAndTransactionAllow) {
  EXPECT_NE(yes(ask(request(1, 1)), "dana", {"dba"}, true), "") << "the rule does not";
  EXPECT_NE(yes(ask(request(1, 2, 9, again_for(60'000))), "dana", {"dba"}, true), "") << "a transaction";
  config::ApprovalTerms two = several(2);
  two.again_ms = 60'000;
  const std::string id = ask(request(1, 3, 0, two));
  EXPECT_EQ(yes(id, "dana", {"dba"}, true), "");
  EXPECT_EQ(yes(id, "lea", {"lead"}, false), "");
  use(id);
  EXPECT_EQ(state(id), Approval::State::used) << "not all of them said so";
}

TEST_F(ApprovalPeople, RevocationAndPolicyEndTheSameAgain) {
  for (const bool by_policy : {true, false}) {
    const uint8_t digest = by_policy ? 1 : 2;
    const std::string id = ask(request(1, digest, 0, again_for(60'000)));
    EXPECT_EQ(yes(id, "dana", {"dba"}, true), "");
    use(id);
    effects = {};
    if (by_policy) {
      approvals.policy_changed(effects);
    } else {
      EXPECT_EQ(revoke(id, "dana"), true);
    }
    EXPECT_EQ(records(DecisionKind::Revoked), 1);
    EXPECT_NE(ask(request(2, digest, 0, again_for(60'000))), id);
  }
}

TEST_F(ApprovalPeople, APolicyChangeWhileItRunsMakesItTheLast) {
  const std::string id = ask(request(1, 1, 0, again_for(60'000)));
  EXPECT_EQ(yes(id, "dana", {"dba"}, true), "");
  approvals.policy_changed(effects);
  use(id);
  EXPECT_EQ(state(id), Approval::State::used);
}

TEST_F(ApprovalPeople, ReturnedAfterItsTimeItIsOver) {
  const std::string id = ask(request(1, 1));
  EXPECT_EQ(ask(request(2, 1)), id);
  EXPECT_EQ(yes(id, "dana", {"dba"}), "");
  now += 61 * second;
  effects = {};
  approvals.returned({.approval = id}, now, effects);
  EXPECT_EQ(state(id), Approval::State::expired);
  EXPECT_FALSE(answered(ApprovalState::approved));
}

TEST_F(ApprovalPeople, OnlyApproversRevealAndItIsRecorded) {
  ApprovalWanted wanted = request(1, 1);
  auto hidden = std::make_shared<HiddenText>();
  hidden->text = "drop table t -- 4111";
  wanted.hidden = hidden;
  const std::string id = ask(std::move(wanted));
  const std::vector<std::string> dba = {"dba"}, none = {"agents"};
  effects = {};
  EXPECT_FALSE(approvals.reveal(id, {.name = "eve", .groups = none, .persons = {"user:eve"}}, effects));
  EXPECT_TRUE(effects.records.empty());
  const auto shown = approvals.reveal(id, {.name = "dana", .groups = dba, .persons = {"user:dana"}}, effects);
  ASSERT_TRUE(shown.has_value());
  EXPECT_EQ((*shown)->text, hidden->text);
  ASSERT_EQ(records(DecisionKind::Revealed), 1);
  EXPECT_EQ(effects.records.front().approver, "dana");
  EXPECT_EQ(effects.records.front().shown, "drop table t") << "the record keeps it hidden";
  EXPECT_EQ(say(id, false, "dana", {"dba"}), "");
  EXPECT_FALSE(approvals.reveal(id, {.name = "dana", .groups = dba, .persons = {"user:dana"}}, effects));
}

TEST_F(ApprovalPeople, LatencyIsOfDecisionsOnly) {
  for (uint8_t i = 1; i <= 20; ++i) {
    const std::string id = ask(request(1, i));
    now += second * i;
    EXPECT_EQ(say(id, i % 2 == 0, "dana", {"dba"}), "");
  }
  (void)ask(request(1, 99));
  const Approvals::Latency latency = approvals.latency();
  EXPECT_EQ(latency.count, 20u);
  EXPECT_EQ(latency.p50_ns, 10 * second);
  EXPECT_EQ(latency.p95_ns, 19 * second);
}

}  // namespace
}  // namespace sallyport
