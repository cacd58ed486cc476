// What a Bind runs already: functions in the planning of its statement.
#include "tests/unit/postgresql/session_bench.h"

namespace sallyport::pg::test {
namespace {

// The server plans at Bind, and planning runs functions that are said to be immutable: what waits, waits
// there.
TEST(SessionPlanned, HoldsUnknownFunctionsAtBind) {
  Bench bench;
  bench.verdicts["SELECT"] = SP_WAIT;
  bench.client(run("SELECT purge(1)") + sync());
  bench.target(parsed());
  EXPECT_EQ(kinds(bench.to_target()), "P");
  EXPECT_EQ(kinds(bench.to_client()), "1N");
  const size_t asked = bench.asked.size();
  bench.decide(SP_ALLOW, SP_STATE_APPROVED);
  EXPECT_EQ(kinds(bench.to_target()), "BES");
  EXPECT_EQ(bench.asked.size(), asked + 1);  // the approval of Bind is Execute's
  bench.target(bound() + row({"1"}) + complete("SELECT 1") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "2DCZ");
  EXPECT_TRUE(bench.host.called("reply_end 0 planned"));
  EXPECT_FALSE(bench.faulted);
  bench.client(execute("") + sync());
  EXPECT_EQ(bench.asked.back().verbs, std::vector<std::string>{"UNPARSED"});
}

TEST(SessionPlanned, RefusesUnknownFunctionsAtBind) {
  Bench bench;
  bench.verdicts["SELECT"] = SP_WAIT;
  bench.client(run("SELECT a FROM b WHERE c = purge(1)") + sync());
  bench.target(parsed());
  bench.to_target();
  bench.to_client();
  bench.decide(SP_DENY, SP_STATE_EXPIRED);
  const std::string sent = bench.to_target();
  EXPECT_EQ(kinds(sent).substr(0, 1), "E");
  EXPECT_EQ(kinds(sent).find('B'), std::string::npos);
  bench.target(failure("34000") + ready());
  const std::string out = bench.to_client();
  EXPECT_EQ(kinds(out), "EZ");
  EXPECT_EQ(said(out, 'C'), "42501");
  EXPECT_FALSE(bench.faulted);
}

// What cannot be read may call anything, and what a name stands for that nobody told of too.
TEST(SessionPlanned, HoldsAtBindWhatIsNotKnown) {
  Bench bench;
  bench.verdicts["UNPARSED"] = SP_WAIT;
  const std::string unreadable = "SELECT U&\"\\+000074" + std::string(60, 'a') + "\"(1)";
  bench.client(run(unreadable) + sync());
  bench.target(parsed());
  EXPECT_EQ(kinds(bench.to_target()), "P");
  EXPECT_EQ(bench.asked.back().verbs, std::vector<std::string>{"UNPARSED"});
  Bench other;
  other.verdicts["UNPARSED"] = SP_WAIT;
  other.client(bind("", "made elsewhere") + execute("") + sync());
  EXPECT_EQ(kinds(other.to_target()), "");
  EXPECT_EQ(other.asked.back().verbs, std::vector<std::string>{"UNPARSED"});
}

// However many names stand before it.
TEST(SessionPlanned, TakesADeepExecuteForUnread) {
  Bench bench;
  bench.client(parse("q0", "DELETE FROM a WHERE id = 1") + sync());
  bench.target(parsed() + ready());
  for (int i = 1; i < 8; ++i) {
    bench.client(parse("q" + std::to_string(i), "EXECUTE q" + std::to_string(i - 1)) + sync());
    bench.target(parsed() + ready());
    bench.client(query("EXECUTE q" + std::to_string(i)));
    const auto& verbs = bench.asked.back().verbs;
    const bool read = std::ranges::find(verbs, "DELETE") != verbs.end();
    const bool unread = std::ranges::find(verbs, "UNPARSED") != verbs.end();
    EXPECT_TRUE(read || unread) << i;
    bench.target(complete("DELETE 0") + ready());
  }
}

// What a portal was bound for must still be what its names stand for.
TEST(SessionPlanned, RefusesAPortalWhoseNamesHaveMoved) {
  Bench bench;
  bench.client(query("PREPARE q AS SELECT 1"));
  bench.target(complete("PREPARE") + ready());
  bench.client(parse("s", "EXECUTE q") + bind("p", "s") + sync());
  bench.target(parsed() + bound() + ready('T'));
  bench.client(query("DEALLOCATE q"));
  bench.target(complete("DEALLOCATE") + ready('T'));
  (void)bench.to_target();
  bench.client(execute("p") + sync());
  EXPECT_EQ(bench.to_target().find(execute("p")), std::string::npos);
  EXPECT_FALSE(bench.faulted);
}

}  // namespace
}  // namespace sallyport::pg::test
