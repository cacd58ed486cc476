// What crosses between a core and the control thread, with a real control thread: approvals and their
// decisions, snapshots at a reload, derived keys, kills. The test's own thread is the core.
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "tests/unit/control/running_control.h"

namespace sallyport {
namespace {

using nlohmann::json;

json asked(const RunningControl& running, const json& request) {
  return json::parse(running.ask(request.dump() + "\n"));
}

ApprovalWanted wanted(uint64_t ticket) {
  ApprovalWanted made;
  made.session_id = 7;
  made.ticket = ticket;
  made.digest[0] = static_cast<uint8_t>(ticket);
  made.identity = "ann";
  made.target = "db";
  made.demands.emplace_back().terms.quorums = {{{"dba"}, 1}};
  made.text = "DROP TABLE a" + std::to_string(ticket);
  made.timeout_ms = 60'000;
  return made;
}

// The core asks and uses while operators look and decide from another thread: each ticket gets its decision.
TEST(ControlThreads, DecisionsReachTheCoreThatAsked) {
  constexpr uint64_t ticket_count = 20;
  RunningControl running;
  std::atomic<bool> over = false;
  std::thread looker([&] {
    while (!over) EXPECT_TRUE(asked(running, {{"act", "approvals"}, {"all", true}})["ok"]);
  });
  for (uint64_t ticket = 1; ticket <= ticket_count; ++ticket) {
    running.send(wanted(ticket));
    const auto pending = running.wait_for<ApprovalAnswer>();
    EXPECT_EQ(pending.ticket, ticket);
    EXPECT_EQ(pending.state, ApprovalState::pending);
    const bool yes = ticket % 2 == 0;
    std::thread approver([&] {
      const json answer = asked(running, {{"act", yes ? "approve" : "deny"}, {"id", pending.approval}});
      EXPECT_TRUE(answer["ok"]) << answer.dump();
    });
    const auto decided = running.wait_for<ApprovalAnswer>();
    approver.join();
    EXPECT_EQ(decided.ticket, ticket);
    EXPECT_EQ(decided.state, yes ? ApprovalState::approved : ApprovalState::denied);
    EXPECT_EQ(decided.approver, "me");
    if (yes) running.send(ApprovalUsed{.approval = decided.approval, .session_id = 7});
  }
  over = true;
  looker.join();
}

// The core reads the snapshot that it has while the next one is built and handed over, and lets the old one
// go.
TEST(ControlThreads, SnapshotsAreExchangedWhileTheCoreReadsThem) {
  RunningControl running;
  constexpr int reload_count = 10;
  std::thread operators([&] {
    for (int i = 0; i < reload_count; ++i) {
      (void)running.write_config("[[rule]]\nname = \"r" + std::to_string(i) +
                                 "\"\nmatch = { verb = [\"DROP\"] }\naction = \"deny\"\n");
      const json answer = asked(running, {{"act", "reload"}});
      EXPECT_TRUE(answer["ok"]) << answer.dump();
    }
    running.control().poke('r');
  });
  SnapshotPointer snapshot;
  uint64_t version = 0;
  for (int seen = 0; seen < reload_count; ++seen) {
    snapshot = running.wait_for<SnapshotChanged>().snapshot;
    EXPECT_GT(snapshot->policy->version(), version);
    version = snapshot->policy->version();
    ASSERT_NE(snapshot->target("db"), nullptr);
    EXPECT_EQ(snapshot->target("db")->logins.at(0).password.text(), "of the target");
    EXPECT_EQ(snapshot->policy->config().rules.size(), 1u);
  }
  operators.join();
}

// A key that a worker derived from the snapshot that the core sent along.
TEST(ControlThreads, DerivedKeysComeBack) {
  RunningControl running;
  ASSERT_TRUE(asked(running, {{"act", "reload"}})["ok"]);
  const SnapshotPointer snapshot = running.wait_for<SnapshotChanged>().snapshot;
  const std::vector<uint8_t> salt(16, 1);
  for (uint32_t i = 0; i < 4; ++i) {
    running.send(DeriveWanted{
        .session = {.core = 0, .index = i}, .snapshot = snapshot, .salt = salt, .iterations = 4096 + i});
  }
  uint32_t indexes = 0;
  for (uint32_t i = 0; i < 4; ++i) {
    const auto answer = running.wait_for<DeriveAnswer>();
    EXPECT_EQ(answer.salted_password.text().size(), 32u);
    EXPECT_EQ(answer.iterations, 4096 + answer.session.index);
    indexes |= 1u << answer.session.index;
  }
  EXPECT_EQ(indexes, 15u);
}

TEST(ControlThreads, KillsReachTheSession) {
  RunningControl running;
  running.send(SessionStarted{.session = {.core = 0, .index = 3, .generation = 9}, .session_id = 7});
  json answer;
  do {
    answer = asked(running, {{"act", "kill"}, {"session", 7}});
  } while (!answer["ok"]);
  const auto killed = running.wait_for<KillSession>();
  EXPECT_EQ(killed.session.generation, 9u);
}

// Anybody of the machine may write to the socket: what they write may not take the gateway down.
TEST(ControlThreads, ARequestOfTheWrongKindIsAnswered) {
  RunningControl running;
  for (const char* line :
       {R"({"act":"approvals","all":"yes"})", R"({"act":"approvals","all":null})",
        R"({"act":"approve","id":7})", R"({"act":"kill","session":-1})", R"({"act":1})", "[]"}) {
    const json answer = json::parse(running.ask(std::string(line) + "\n"), nullptr, false);
    EXPECT_TRUE(answer.is_object() && answer["ok"].is_boolean()) << line << answer.dump();
  }
}

}  // namespace
}  // namespace sallyport
