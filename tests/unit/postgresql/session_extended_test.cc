// The extended protocol: names, portals, pipelines, skip until Sync, and refusals in their place.
#include "tests/unit/postgresql/session_bench.h"

namespace sallyport::pg::test {
namespace {

// Parse is asked as PREPARE, Execute as EXECUTE with its values; all bytes go on unchanged.
TEST(SessionExtended, JudgesAtExecuteWithValues) {
  Bench bench;
  const std::string bytes = parse("", "INSERT INTO a VALUES ($1, $2)", {23, 25}) + bind("", "", {"7", "x"}) +
                            describe('P', "") + execute("") + sync();
  bench.client(bytes);
  EXPECT_EQ(bench.to_target(), bytes);
  ASSERT_EQ(bench.asked.size(), 2u);
  EXPECT_EQ(bench.asked[0].stage, SP_STAGE_PREPARE);
  EXPECT_EQ(bench.asked[1].stage, SP_STAGE_EXECUTE);
  EXPECT_EQ(bench.asked[1].values, (std::vector<std::string>{"$1:int4=7", "$2:text=x"}));
  const std::string answer = parsed() + bound() + no_data() + complete("INSERT 0 1") + ready();
  bench.target(answer);
  EXPECT_EQ(bench.to_client(), answer);
  EXPECT_TRUE(bench.host.called("reply_end 0 INSERT 0 1"));
  EXPECT_FALSE(bench.faulted);
}

// Binary values are printed by their type, and other values make another request.
TEST(SessionExtended, PrintsBinaryValues) {
  Bench bench;
  bench.client(parse("", "SELECT $1", {23}) + bind("", "", {std::string("\0\0\0\x2a", 4)}, 1) + execute("") +
               bind("", "", {std::string("\0\0\0\x2b", 4)}, 1) + execute("") + sync());
  ASSERT_EQ(bench.asked.size(), 3u);
  EXPECT_EQ(bench.asked[1].values, std::vector<std::string>{"$1:int4=42"});
  EXPECT_NE(bench.asked[1].binding, bench.asked[2].binding);
}

// A statement prepared once is judged at each Execute, under the policy of that moment.
TEST(SessionExtended, JudgesEachExecute) {
  Bench bench;
  bench.client(parse("s", "DELETE FROM a WHERE b = 1") + sync());
  bench.target(parsed() + ready());
  bench.verdicts["DELETE"] = SP_DENY;
  bench.to_target();
  bench.client(bind("", "s") + execute("") + sync());
  const std::string sent = bench.to_target();
  EXPECT_EQ(kinds(sent), "BES");
  EXPECT_NE(sent.find("sallyport_refused_"), std::string::npos);
  bench.to_client();
  bench.target(bound() + failure("34000") + ready());
  const std::string out = bench.to_client();
  EXPECT_EQ(kinds(out), "2EZ");
  EXPECT_EQ(said(out, 'C'), "42501");
  EXPECT_FALSE(bench.faulted);
}

// A refused Parse defines nothing, and the rest up to Sync is the server's to skip.
TEST(SessionExtended, RefusesParseInPlace) {
  Bench bench;
  bench.verdicts["DROP"] = SP_DENY;
  bench.client(run("DROP TABLE a") + sync());
  const std::string sent = bench.to_target();
  EXPECT_EQ(kinds(sent), "PBES");
  EXPECT_EQ(sent.find("DROP"), std::string::npos);
  bench.target(failure("42601") + ready());
  const std::string out = bench.to_client();
  EXPECT_EQ(kinds(out), "EZ");
  EXPECT_EQ(said(out, 'C'), "42501");
  EXPECT_FALSE(bench.faulted);
  bench.client(bind("", "") + execute("") + sync());
  EXPECT_EQ(bench.asked.back().verbs, std::vector<std::string>{"UNPARSED"});
}

// Parse that failed at the server: the old statement still stands behind the name.
TEST(SessionExtended, FailedParseDoesNotDefine) {
  Bench bench;
  bench.client(parse("s", "DELETE FROM a") + sync());
  bench.target(parsed() + ready());
  bench.client(parse("s", "SELECT 1") + sync());
  bench.target(failure("42P05") + ready());
  bench.client(bind("", "s") + execute("") + sync());
  EXPECT_EQ(bench.asked.back().verbs, std::vector<std::string>{"DELETE"});
}

// The same, with nothing waited for: what the name stands for is not known until the answer is there.
TEST(SessionExtended, WaitsForAmbiguousNames) {
  Bench bench;
  bench.client(parse("s", "DELETE FROM a") + sync());
  bench.target(parsed() + ready());
  bench.to_target();
  bench.client(parse("s", "SELECT 1") + sync() + bind("", "s") + execute("") + sync());
  EXPECT_EQ(kinds(bench.to_target()), "PS");
  bench.target(failure("42P05") + ready());
  EXPECT_EQ(kinds(bench.to_target()), "BES");
  EXPECT_EQ(bench.asked.back().verbs, std::vector<std::string>{"DELETE"});
  bench.target(bound() + complete("DELETE 0") + ready());
  EXPECT_FALSE(bench.faulted);
}

// Within one segment a failure skips what depends on it, so nothing has to wait.
TEST(SessionExtended, TrustsNamesWithinASegment) {
  Bench bench;
  bench.client(parse("", "SELECT 1") + sync());
  bench.target(parsed() + ready());
  bench.to_target();
  bench.client(run("SELECT 2") + run("DELETE FROM a") + sync());
  EXPECT_EQ(kinds(bench.to_target()), "PBEPBES");
  EXPECT_EQ(bench.asked.back().verbs, std::vector<std::string>{"DELETE"});
}

// A name whose first definition is under way needs no wait either: it stands for that, or for nothing.
TEST(SessionExtended, PipelinesANewName) {
  Bench bench;
  bench.client(parse("s", "DELETE FROM a") + sync() + bind("", "s") + execute("") + sync());
  EXPECT_EQ(kinds(bench.to_target()), "PSBES");
  EXPECT_EQ(bench.asked.back().verbs, std::vector<std::string>{"DELETE"});
}

// After an error the server skips to Sync: so do we, and nothing skipped counts as run.
TEST(SessionExtended, SkipsUntilSync) {
  Bench bench;
  bench.client(parse("s", "SELECT 1") + bind("", "s") + flush());
  bench.target(parsed() + failure("42704"));
  bench.to_target();
  bench.client(execute("") + query("SELECT 1") + parse("t", "DELETE FROM a"));
  EXPECT_EQ(bench.to_target(), "");
  EXPECT_EQ(bench.asked.size(), 1u);
  bench.client(sync() + query("SELECT 2"));
  EXPECT_EQ(kinds(bench.to_target()), "SQ");
  bench.target(ready() + columns({"a"}) + complete("SELECT 0") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "1EZTCZ");
  EXPECT_FALSE(bench.faulted);
}

// What was sent before the error came back is skipped by the server, a simple Query included.
TEST(SessionExtended, ServerSkipsWhatWasSent) {
  Bench bench;
  bench.client(run("SELECT 1") + query("DELETE FROM a") + run("SELECT 2") + sync());
  EXPECT_EQ(kinds(bench.to_target()), "PBEQPBES");
  bench.target(failure("42601") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "EZ");
  EXPECT_EQ(bench.count_of("reply_end 0 skipped"), 3u);
  EXPECT_FALSE(bench.faulted);
  EXPECT_TRUE(bench.wire.ledger.empty());
}

// The refused message itself is skipped when an earlier one fails: then its error never comes.
TEST(SessionExtended, RefusalIsSkippedToo) {
  Bench bench;
  bench.verdicts["DROP"] = SP_DENY;
  bench.client(run("SELECT 1") + parse("", "DROP TABLE a") + sync() + query("SELECT 3"));
  bench.target(parsed() + failure("22012") + ready() + columns({"a"}) + complete("SELECT 0") + ready());
  const std::string out = bench.to_client();
  EXPECT_EQ(kinds(out), "1EZTCZ");
  EXPECT_EQ(said(out, 'C'), "22012");
  EXPECT_FALSE(bench.faulted);
}

// A simple Query denied while extended messages are unsynced is refused by the target, too.
TEST(SessionExtended, RefusesQueryInAnUnsyncedPipeline) {
  Bench bench;
  bench.verdicts["DROP"] = SP_DENY;
  bench.client(parse("s", "SELECT 1") + flush());
  bench.target(parsed());
  bench.to_target();
  bench.client(query("DROP TABLE a"));
  EXPECT_EQ(kinds(bench.to_target()), "Q");
  bench.target(failure("42601") + ready());
  EXPECT_EQ(said(bench.to_client(), 'C'), "42501");
}

// Portals die with the transaction; in a block they live on.
TEST(SessionExtended, PortalsDieAtTransactionEnd) {
  Bench bench;
  bench.client(parse("", "SELECT 1") + bind("p", "") + sync());
  bench.target(parsed() + bound() + ready());
  bench.client(execute("p") + sync());
  EXPECT_EQ(bench.asked.back().verbs, std::vector<std::string>{"UNPARSED"});
  bench.target(failure("34000") + ready());
  bench.client(query("BEGIN"));
  bench.target(complete("BEGIN") + ready('T'));
  bench.client(parse("", "SELECT 1") + bind("p", "") + sync());
  bench.target(parsed() + bound() + ready('T'));
  bench.client(execute("p", 1) + sync());
  EXPECT_EQ(bench.asked.back().verbs, std::vector<std::string>{"SELECT"});
  bench.target(row({"1"}) + suspended() + ready('T'));
  EXPECT_TRUE(bench.host.called("reply_end 1 suspended"));
  EXPECT_FALSE(bench.faulted);
}

// A wire name may be run by SQL, and an SQL name by the wire.
TEST(SessionExtended, NamesAreShared) {
  Bench bench;
  bench.client(parse("s", "DELETE FROM a") + sync());
  bench.target(parsed() + ready());
  bench.client(query("EXECUTE s"));
  EXPECT_EQ(bench.asked.back().verbs, (std::vector<std::string>{"EXECUTE", "DELETE"}));
  bench.target(complete("DELETE 0") + ready());
  bench.client(query("PREPARE t AS DELETE FROM b"));
  bench.target(complete("PREPARE") + ready());
  bench.client(bind("", "t") + execute("") + sync());
  EXPECT_EQ(bench.asked.back().verbs, std::vector<std::string>{"DELETE"});
  EXPECT_EQ(bench.asked.back().objects, std::vector<std::string>{"b"});
}

TEST(SessionExtended, CloseForgetsAName) {
  Bench bench;
  bench.client(parse("s", "DELETE FROM a") + close('S', "s") + sync());
  bench.target(parsed() + closed() + ready());
  bench.client(bind("", "s") + execute("") + sync());
  EXPECT_EQ(bench.asked.back().verbs, std::vector<std::string>{"UNPARSED"});
  EXPECT_FALSE(bench.faulted);
}

// The server cuts names at 63 bytes, so two of them could become one.
TEST(SessionExtended, RefusesLongNames) {
  Bench bench;
  bench.client(parse(std::string(64, 'n'), "SELECT 1") + sync());
  EXPECT_EQ(kinds(bench.to_target()), "PS");
  bench.target(failure("42601") + ready());
  EXPECT_EQ(said(bench.to_client(), 'C'), "42622");
}

// Large objects, refused at Parse in the extended protocol.
TEST(SessionExtended, RefusesLargeObjects) {
  Bench bench;
  bench.client(run("SELECT lo_get(1)") + sync());
  EXPECT_EQ(bench.to_target().find("lo_get"), std::string::npos);
  bench.target(failure("42601") + ready());
  EXPECT_EQ(said(bench.to_client(), 'C'), "0A000");
}

// BEGIN; INSERT; denied; COMMIT in one pipeline: the block is the server's to fail.
TEST(SessionExtended, DeniedInAPipelinedBlock) {
  Bench bench;
  bench.verdicts["DROP"] = SP_DENY;
  bench.client(run("BEGIN") + run("INSERT INTO a VALUES (1)") + parse("", "DROP TABLE a") + bind("", "") +
               execute("") + run("COMMIT") + sync());
  EXPECT_EQ(kinds(bench.to_target()), "PBEPBEPBEPBES");
  EXPECT_EQ(bench.asked[3].transaction, 1u);
  bench.target(parsed() + bound() + complete("BEGIN") + parsed() + bound() + complete("INSERT 0 1") +
               failure("42601") + ready('E'));
  const std::string out = bench.to_client();
  EXPECT_EQ(kinds(out), "12C12CEZ");
  EXPECT_EQ(said(out, 'C'), "42501");
  EXPECT_EQ(last_ready(out), 'E');
}

// Beyond the bound of unanswered messages the client waits, and the server is asked to answer.
TEST(SessionExtended, WaitsWhenTooMuchIsUnderWay) {
  Bench bench;
  std::string bytes = parse("", "SELECT 1");
  for (size_t i = 0; i < outstanding_count_max; ++i) bytes += bind("", "");
  bench.client(bytes);
  EXPECT_EQ(bench.wire.ledger.size(), outstanding_count_max);
  const std::string sent = bench.to_target();
  EXPECT_EQ(kinds(sent).back(), 'H');
  std::string answer = parsed();
  for (size_t i = 0; i < outstanding_count_max - 1; ++i) answer += bound();
  bench.target(answer);
  EXPECT_EQ(kinds(bench.to_target()), "B");
  EXPECT_FALSE(bench.faulted);
}

// FATAL while idle is the server's last word.
TEST(SessionExtended, PassesFatalAtAnyTime) {
  Bench bench;
  const std::string bytes = failure("57P01", "terminating", "FATAL");
  bench.target(bytes);
  EXPECT_EQ(bench.to_client(), bytes);
  EXPECT_TRUE(bench.wire.target_said_fatal);
  EXPECT_FALSE(bench.faulted);
}

// An unknown portal may hold a SET: while it is under way nothing is bound to the settings known now.
TEST(SessionExtended, UnknownPortalUnderWayMakesTheBindingItsOwn) {
  Bench bench;
  bench.client(run("SELECT 1") + execute("unknown") + run("SELECT 1"));
  ASSERT_EQ(bench.asked.size(), 5u);
  EXPECT_NE(bench.asked[1].binding, bench.asked[4].binding);
}

}  // namespace
}  // namespace sallyport::pg::test
