// Executes that wait for a person.
#include "tests/unit/postgresql/session_bench.h"

namespace sallyport::pg::test {
namespace {

// A held Execute lets nothing behind it pass, and everything before it.
TEST(SessionExtended, HoldsAtExecute) {
  Bench bench;
  bench.verdicts["DROP"] = SP_WAIT;
  bench.client(run("DROP TABLE a") + sync());
  bench.target(parsed() + bound());
  EXPECT_EQ(kinds(bench.to_target()), "PB");
  EXPECT_EQ(kinds(bench.to_client()), "12N");
  bench.decide(SP_ALLOW, SP_STATE_APPROVED);
  EXPECT_EQ(kinds(bench.to_target()), "ES");
  bench.target(complete("DROP TABLE") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "CZ");
}

TEST(SessionExtended, HeldThenRefused) {
  Bench bench;
  bench.verdicts["DROP"] = SP_WAIT;
  bench.client(run("DROP TABLE a") + sync());
  bench.target(parsed() + bound());
  bench.to_target();
  bench.to_client();
  bench.decide(SP_DENY, SP_STATE_EXPIRED);
  EXPECT_EQ(kinds(bench.to_target()), "ES");
  bench.target(failure("34000") + ready());
  const std::string out = bench.to_client();
  EXPECT_EQ(kinds(out), "EZ");
  EXPECT_EQ(said(out, 'C'), "42501");
}

// A message that waits is dropped when the server comes to skip it.
TEST(SessionExtended, HeldThenSkipped) {
  Bench bench;
  bench.verdicts["DROP"] = SP_WAIT;
  bench.client(parse("", "DROP TABLE a") + bind("", "") + flush() + execute("") + sync());
  EXPECT_TRUE(bench.held());
  bench.target(parsed() + failure("42704"));
  EXPECT_FALSE(bench.held());
  EXPECT_EQ(kinds(bench.to_target()), "PBHPBECCHS");  // with the look-up of the state, skipped too
  bench.target(ready());
  EXPECT_EQ(kinds(bench.to_client()), "1EZ");
  EXPECT_FALSE(bench.faulted);
}

// The further rows of an approved portal belong to the run that was approved; of another they are judged.
TEST(SessionExtended, ContinuesAnApprovedPortal) {
  Bench bench;
  bench.client(query("BEGIN"));
  bench.target(complete("BEGIN") + ready('T'));
  bench.verdicts["SELECT"] = SP_WAIT;
  bench.client(parse("", "SELECT 1") + bind("", "") + execute("", 1) + sync());
  bench.target(parsed() + bound());
  bench.decide(SP_ALLOW, SP_STATE_APPROVED);
  bench.target(row({"1"}) + suspended() + ready('T'));
  const size_t before = bench.asked.size();
  bench.client(execute("", 1) + sync());
  EXPECT_EQ(bench.asked.size(), before);
  bench.target(row({"1"}) + suspended() + ready('T'));
  EXPECT_FALSE(bench.faulted);
}

}  // namespace
}  // namespace sallyport::pg::test
