// A fixture for tests of what people do with approvals.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "ringlog/record.h"
#include "tests/unit/control/approval_requests.h"

namespace sallyport {

using Effects = Approvals::Effects;
using ringlog::DecisionKind;

inline constexpr int64_t minute = 60 * second;

class ApprovalPeople : public testing::Test {
 protected:
  std::string ask(ApprovalWanted wanted) {
    effects = {};
    approvals.wanted(std::move(wanted), now, effects);
    EXPECT_EQ(effects.answers.size(), 1u);
    return effects.answers.empty() ? "" : effects.answers.back().approval;
  }
  // Empty: it counts.
  std::string say(const std::string& id, bool approve, const std::string& who,
                  const std::vector<std::string>& groups, bool again = false) {
    effects = {};
    const Result<void> done =
        approvals.decide(id, {.approve = approve, .again = again, .reason = ""},
                         {.name = who, .groups = groups, .persons = {"user:" + who}}, now, effects);
    return done ? "" : done.error().text;
  }
  std::string yes(const std::string& id, const std::string& who, const std::vector<std::string>& groups,
                  bool again = false) {
    return say(id, true, who, groups, again);
  }
  std::optional<bool> revoke(const std::string& id, const std::string& who, bool is_operator = false) {
    effects = {};
    const Result<bool> done = approvals.revoke(id, {.name = who, .groups = {}, .persons = {"user:" + who}},
                                               is_operator, "", effects);
    return done ? std::optional(*done) : std::nullopt;
  }
  void use(const std::string& id, uint64_t session = 1) {
    effects = {};
    approvals.used({.approval = id, .session_id = session, .ticket = 7}, now, effects);
  }
  [[nodiscard]] Approval::State state(const std::string& id) const { return approvals.find(id)->state; }
  [[nodiscard]] bool answered(ApprovalState state) const {
    return std::ranges::find(effects.answers, state, &ApprovalAnswer::state) != effects.answers.end();
  }
  [[nodiscard]] long records(DecisionKind kind) const {
    return std::ranges::count(effects.records, static_cast<uint8_t>(kind), &RecordDecision::decision);
  }

  std::minstd_rand random{1};
  Approvals approvals{[this] { return static_cast<uint32_t>(random()); }};
  Effects effects;
  int64_t now = second;
};

}  // namespace sallyport
