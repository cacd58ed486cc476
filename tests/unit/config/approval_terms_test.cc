// Who is enough for a yes: a person counts once, and for one quorum, however they are listed.
#include "config/approval_terms.h"

#include <gtest/gtest.h>

namespace sallyport::config {
namespace {

ApprovalTerms terms(std::vector<Quorum> quorums) {
  ApprovalTerms made;
  made.quorums = std::move(quorums);
  return made;
}

std::vector<Voter> voters(std::initializer_list<std::vector<std::string>> groups) {
  std::vector<Voter> all;
  for (const auto& one : groups) all.push_back({{"user:" + std::to_string(all.size())}, one});
  return all;
}

TEST(ApprovalTerms, CountsPersonsOfAnyOfTheGroups) {
  const ApprovalTerms two = terms({{{"dba", "lead"}, 2}});
  EXPECT_FALSE(enough(two, voters({{"dba", "lead"}}), false));
  EXPECT_FALSE(enough(two, voters({{"dba"}, {"intern"}}), false));
  EXPECT_TRUE(enough(two, voters({{"dba"}, {"lead"}}), false));
}

TEST(ApprovalTerms, SharesOutPersonsOfSeveralGroupsAsItTakes) {
  const ApprovalTerms three = terms({{{"a"}, 1}, {{"b"}, 1}, {{"c"}, 1}});
  EXPECT_FALSE(enough(three, voters({{"a", "b", "c"}, {"a", "b", "c"}}), false));
  EXPECT_TRUE(enough(three, voters({{"a", "b", "c"}, {"a", "b"}, {"a"}}), false));
  EXPECT_TRUE(enough(three, voters({{"a"}, {"a", "b"}, {"a", "b", "c"}}), false));
  EXPECT_FALSE(enough(three, voters({{"a"}, {"a", "b"}, {"a", "b"}}), false));
}

TEST(ApprovalTerms, EscalationStandsInForAnybodyOnceItIsReached) {
  ApprovalTerms both = terms({{{"dba"}, 1}, {{"security"}, 1}});
  both.escalate_ms = 1;
  both.escalate_to = {"lead"};
  EXPECT_FALSE(enough(both, voters({{"dba"}, {"lead"}}), false));
  EXPECT_TRUE(enough(both, voters({{"dba"}, {"lead"}}), true));
  EXPECT_TRUE(enough(both, voters({{"lead"}, {"lead"}}), true));
  EXPECT_FALSE(may_vote(both, voters({{"lead"}}).front().groups, false));
  EXPECT_TRUE(may_vote(both, voters({{"lead"}}).front().groups, true));
}

TEST(ApprovalTerms, NobodyIsNeverEnough) { EXPECT_FALSE(enough(terms({{{"dba"}, 1}}), {}, true)); }

}  // namespace
}  // namespace sallyport::config
