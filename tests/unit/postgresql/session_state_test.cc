// What a held request's names mean is asked of the server in the request's place, and again before it runs.
#include "plugins/postgresql/state_lookup.h"
#include "tests/unit/postgresql/session_bench.h"

namespace sallyport::pg::test {
namespace {

std::string look_up(bool with_sync) {
  Writer out;
  write_state_lookup(out, with_sync);
  return taken(out);
}
// An empty status: the client's own Sync is to come.
std::string state_reply(std::string_view state, std::string_view status = "I") {
  std::string out =
      parsed() + bound() + row({std::string(state)}) + complete("SELECT 1") + closed() + closed();
  if (!status.empty()) out += ready(status[0]);
  return out;
}

struct Held : Bench {
  Held() {
    verdicts["DROP"] = SP_WAIT;
    state_row.clear();
  }
};

TEST(SessionState, IsAskedBeforeTheApprovalAndBeforeTheRelease) {
  Held bench;
  bench.client(query("DROP TABLE a"));
  EXPECT_EQ(bench.to_target(), look_up(true));
  EXPECT_TRUE(bench.asked.empty());
  bench.target(state_reply("public"), 3);
  ASSERT_EQ(bench.asked.size(), 1u);
  EXPECT_EQ(kinds(bench.to_client()), "N");
  EXPECT_EQ(bench.to_target(), "");
  bench.decide(SP_ALLOW, SP_STATE_APPROVED);
  EXPECT_EQ(bench.to_target(), look_up(true));
  bench.target(state_reply("public"));
  EXPECT_EQ(bench.to_target(), query("DROP TABLE a"));
  ASSERT_EQ(bench.asked.size(), 2u);
  EXPECT_EQ(bench.asked[0].binding, bench.asked[1].binding);
  bench.target(complete("DROP TABLE") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "CZ");
  EXPECT_FALSE(bench.faulted);
}

TEST(SessionState, ThatHasChangedChangesTheBinding) {
  Held bench;
  bench.client(query("DROP TABLE a"));
  bench.target(state_reply("public"));
  bench.decide(SP_ALLOW, SP_STATE_APPROVED);
  bench.target(state_reply("other, public"));
  ASSERT_EQ(bench.asked.size(), 2u);
  EXPECT_NE(bench.asked[0].binding, bench.asked[1].binding);
}

TEST(SessionState, IsAskedByAFlushWithinASegment) {
  Held bench;
  bench.client(run("DROP TABLE a") + sync());
  EXPECT_EQ(bench.to_target(), parse("", "DROP TABLE a") + bind("", "") + look_up(false));
  bench.target(parsed() + bound() + state_reply("public", ""));
  EXPECT_EQ(kinds(bench.to_client()), "12N");
  bench.decide(SP_ALLOW, SP_STATE_APPROVED);
  EXPECT_EQ(bench.to_target(), look_up(false));
  bench.target(state_reply("public", ""));
  EXPECT_EQ(bench.to_target(), execute("") + sync());
  bench.target(complete("DROP TABLE") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "CZ");
  EXPECT_FALSE(bench.faulted);
}

TEST(SessionState, IsReadBehindAnswersThatAreToCome) {
  Held bench;
  bench.client(query("SELECT 1") + query("DROP TABLE a") + query("SELECT 2"));
  EXPECT_EQ(bench.to_target(), query("SELECT 1") + look_up(true));
  bench.target(columns({"a"}) + row({"not the state"}) + complete("SELECT 1") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "TDCZ");
  EXPECT_TRUE(bench.held());
  bench.target(state_reply("public"));
  EXPECT_EQ(kinds(bench.to_client()), "N");
  EXPECT_EQ(bench.asked.size(), 2u);
}

TEST(SessionState, OfAFailedTransactionIsNotAsked) {
  Held bench;
  bench.client(query("BEGIN"));
  bench.target(complete("BEGIN") + ready('T'));
  bench.client(query("SELECT 1/0"));
  bench.target(failure("22012") + ready('E'));
  bench.to_target();
  bench.to_client();
  bench.client(query("DROP TABLE a"));
  const std::string sent = bench.to_target();
  EXPECT_EQ(kinds(sent), "Q");
  EXPECT_EQ(sent.find("DROP"), std::string::npos);
  bench.target(failure("42601") + ready('E'));
  const std::string out = bench.to_client();
  EXPECT_EQ(said(out, 'C'), "42501");
  EXPECT_EQ(kinds(out), "EZ");
  bench.client(query("ROLLBACK"));
  EXPECT_EQ(bench.to_target(), query("ROLLBACK"));
  EXPECT_FALSE(bench.faulted);
}

TEST(SessionState, ThatTheServerRefusesRefusesTheRequest) {
  Held bench;
  bench.client(query("DROP TABLE a") + query("SELECT 2"));
  EXPECT_EQ(bench.to_target(), look_up(true));
  bench.target(failure("42P05") + ready());
  const std::string out = bench.to_client();
  EXPECT_EQ(said(out, 'C'), "42501");
  EXPECT_EQ(kinds(out), "EZ");
  EXPECT_EQ(bench.to_target(), query("SELECT 2"));
  EXPECT_FALSE(bench.faulted);
}

TEST(SessionState, ThatTheServerRefusesWithinASegmentFailsIt) {
  Held bench;
  bench.client(run("DROP TABLE a") + run("SELECT 2"));
  bench.to_target();
  bench.target(parsed() + bound() + failure("42P05"));
  const std::string out = bench.to_client();
  EXPECT_EQ(said(out, 'C'), "42501");
  EXPECT_EQ(kinds(out), "12E");
  EXPECT_EQ(bench.to_target(), "");
  bench.client(sync());
  bench.target(ready());
  EXPECT_EQ(kinds(bench.to_client()), "Z");
  EXPECT_FALSE(bench.faulted);
}

TEST(SessionState, BehindAFailureIsSkippedWithTheRequest) {
  Held bench;
  bench.client(run("SELECT 1/0") + run("DROP TABLE a"));
  bench.to_target();
  bench.target(parsed() + bound() + failure("22012"));
  EXPECT_EQ(said(bench.to_client(), 'C'), "22012");
  bench.client(sync());
  EXPECT_EQ(bench.to_target(), sync());
  bench.target(ready());
  EXPECT_EQ(kinds(bench.to_client()), "Z");
  EXPECT_FALSE(bench.held());
  EXPECT_FALSE(bench.faulted);
}

TEST(SessionState, IsNotNeededForWhatTheCallerWithdraws) {
  Held bench;
  bench.client(query("DROP TABLE a"));
  bench.to_target();
  EXPECT_TRUE(bench.frontend.cancel());
  bench.target(state_reply("public"));
  EXPECT_EQ(said(bench.to_client(), 'C'), "57014");
  EXPECT_TRUE(bench.asked.empty());
  EXPECT_FALSE(bench.host.called("cancel"));
  bench.client(query("SELECT 1"));
  EXPECT_EQ(bench.to_target(), query("SELECT 1"));
  EXPECT_FALSE(bench.faulted);
}

TEST(SessionState, OfMoreThanOneRowOrNoneIsAFault) {
  for (const std::string& rows : {std::string(), columns({"a"}) + row({"x"})}) {
    Held bench;
    bench.client(query("DROP TABLE a"));
    bench.target(parsed() + bound() + rows + complete("SELECT 0"));
    EXPECT_TRUE(bench.faulted);
  }
}

}  // namespace
}  // namespace sallyport::pg::test
