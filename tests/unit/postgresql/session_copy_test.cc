// COPY to and from the client: legal orders, failures in the middle, what stands behind it, and what is
// recorded.
#include "tests/unit/postgresql/copy_messages.h"

namespace sallyport::pg::test {
namespace {

TEST(SessionCopy, PassesTheClientsData) {
  Bench bench;
  bench.client(query("COPY a FROM STDIN"));
  EXPECT_EQ(bench.to_target(), query("COPY a FROM STDIN"));
  bench.target(copy_in());
  EXPECT_EQ(bench.to_client(), copy_in());
  const std::string data = copy_data("1\tx\n") + copy_data("") + copy_done();
  bench.client(data, 3);
  EXPECT_EQ(bench.to_target(), data);
  bench.target(complete("COPY 1") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "CZ");
  EXPECT_TRUE(bench.host.called("reply_end 0 COPY 1"));
  bench.client(query("SELECT 1"));
  EXPECT_EQ(kinds(bench.to_target()), "Q");
  EXPECT_FALSE(bench.faulted);
}

TEST(SessionCopy, PassesTheTargetsData) {
  for (const size_t piece : {0, 1, 7}) {
    Bench bench;
    bench.client(query("COPY a TO STDOUT"));
    const std::string answer = copy_out() + copy_data("1\n") + notice("half") + copy_data("2\n") +
                               copy_done() + complete("COPY 2") + ready();
    bench.target(answer, piece);
    EXPECT_EQ(bench.to_client(), answer);
    EXPECT_TRUE(bench.host.called("reply_end 2 COPY 2"));
    EXPECT_FALSE(bench.faulted);
  }
}

// Several statements of a text, COPY among them, each in its turn.
TEST(SessionCopy, StandsAmongOtherStatements) {
  Bench bench;
  bench.client(query("SELECT 1; COPY a FROM STDIN; COPY a TO STDOUT; COPY b FROM STDIN") + copy_data("x\n"));
  EXPECT_EQ(kinds(bench.to_target()), "Q");
  bench.target(columns({"a"}) + row({"1"}) + complete("SELECT 1") + copy_in());
  EXPECT_EQ(kinds(bench.to_target()), "d");
  bench.client(copy_done() + copy_data("y\n") + copy_done() + query("SELECT 2"));
  EXPECT_EQ(kinds(bench.to_target()), "c");
  bench.target(complete("COPY 1") + copy_out() + copy_data("x\n") + copy_done() + complete("COPY 1"));
  EXPECT_EQ(bench.to_target(), "");
  bench.target(copy_in());
  EXPECT_EQ(kinds(bench.to_target()), "dcQ");
  bench.target(complete("COPY 1") + ready() + columns({"a"}) + complete("SELECT 0") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "TDCGCHdcCGCZTCZ");
  EXPECT_FALSE(bench.faulted);
}

// In the extended protocol a Sync right behind Execute is ignored once the server asks for data.
TEST(SessionCopy, IgnoresSyncAndFlushDuringCopyIn) {
  Bench bench;
  bench.client(run("COPY a FROM STDIN") + sync());
  EXPECT_EQ(kinds(bench.to_target()), "PBEH");  // the last one is ours: an answer is wanted
  bench.target(parsed() + bound() + copy_in());
  EXPECT_EQ(bench.to_target(), "");
  bench.client(copy_data("1\n") + flush() + sync() + copy_data("2\n") + copy_done() + sync());
  EXPECT_EQ(kinds(bench.to_target()), "ddcS");
  bench.target(complete("COPY 2") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "12GCZ");
  EXPECT_FALSE(bench.faulted);
}

// The server fails in the middle: it skips what comes until a Sync.
TEST(SessionCopy, SkipsUntilSyncAfterAnErrorInTheMiddle) {
  Bench bench;
  begin_copy_in(bench, run("COPY a FROM STDIN") + sync(), parsed() + bound());
  bench.client(copy_data("x\n"));
  bench.target(failure("22P02"));
  EXPECT_EQ(kinds(bench.to_client()), "E");
  bench.to_target();
  bench.client(copy_data("y\n") + copy_done() + query("SELECT 1") + sync() + query("SELECT 2"));
  EXPECT_EQ(kinds(bench.to_target()), "SQ");
  bench.target(ready() + columns({"a"}) + complete("SELECT 0") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "ZTCZ");
  EXPECT_FALSE(bench.faulted);
}

// It fails before it reads any data: then a Sync that stood there before them is one that it answers.
TEST(SessionCopy, AnswersAnEarlySyncWhenNoDataWereRead) {
  Bench bench;
  begin_copy_in(bench, run("COPY a FROM STDIN") + sync(), parsed() + bound());
  bench.target(failure("P0001"));
  EXPECT_EQ(kinds(bench.to_target()), "S");
  bench.target(ready());
  EXPECT_EQ(kinds(bench.to_client()), "EZ");
  bench.client(copy_data("y\n") + copy_done() + sync());
  EXPECT_EQ(kinds(bench.to_target()), "S");
  bench.target(ready());
  EXPECT_EQ(kinds(bench.to_client()), "Z");
  EXPECT_FALSE(bench.faulted);
}

// A COPY that is refused by the server lets go what is held behind it.
TEST(SessionCopy, LetsGoWhatIsBehindAFailedOne) {
  Bench bench;
  bench.client(query("COPY missing FROM STDIN") + query("SELECT 1") + copy_data("x"));
  EXPECT_EQ(kinds(bench.to_target()), "Q");
  bench.target(failure("42P01") + ready());
  EXPECT_EQ(kinds(bench.to_target()), "Q");
  bench.client(run("COPY missing FROM STDIN") + sync());
  bench.target(columns({"a"}) + complete("SELECT 0") + ready() + parsed() + bound() + failure("42P01"));
  EXPECT_EQ(kinds(bench.to_target()), "PBEHS");
  bench.target(ready());
  EXPECT_EQ(kinds(bench.to_client()), "EZTCZ12EZ");
  EXPECT_FALSE(bench.faulted);
}

TEST(SessionCopy, PassesCopyFail) {
  Bench bench;
  begin_copy_in(bench, query("COPY a FROM STDIN"));
  bench.client(copy_data("x\n") + copy_fail("enough"));
  EXPECT_EQ(kinds(bench.to_target()), "df");
  bench.target(failure("57014") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "EZ");
  EXPECT_FALSE(bench.faulted);
}

// A message of any size flows as it comes, and is put on the record in part.
TEST(SessionCopy, HoldsNoData) {
  Bench bench;
  begin_copy_in(bench, query("COPY a FROM STDIN"));
  const std::string data = copy_data(std::string(3 << 20, 'x'));
  bench.client(data.substr(0, 100'000));
  EXPECT_EQ(bench.to_target(), data.substr(0, 100'000));
  bench.client(data.substr(100'000));
  EXPECT_EQ(bench.to_target(), data.substr(100'000));
  bench.client(copy_data("more") + copy_done());
  EXPECT_EQ(bench.to_target(), copy_data("more") + copy_done());
  EXPECT_EQ(bench.count_of("note copy data"), 2u);
  bench.target(complete("COPY 1") + ready());
  bench.client(query("COPY a TO STDOUT"));
  bench.to_client();
  bench.to_target();
  bench.target(copy_out() + data.substr(0, 100'000));
  EXPECT_EQ(bench.to_client(), copy_out() + data.substr(0, 100'000));
  bench.target(data.substr(100'000) + copy_done() + complete("COPY 1") + ready());
  EXPECT_EQ(bench.to_client().size(),
            data.size() - 100'000 + (copy_done() + complete("COPY 1") + ready()).size());
  EXPECT_FALSE(bench.faulted);
}

TEST(SessionCopy, EndsTheSessionForWhatTheServerWould) {
  Bench bench;
  begin_copy_in(bench, query("COPY a FROM STDIN"));
  bench.client(query("SELECT 1"));
  EXPECT_EQ(bench.to_target(), "");
  EXPECT_EQ(said(bench.to_client(), 'C'), "08P01");
  EXPECT_TRUE(bench.wire.ended);
}

// A target that copies where nothing of the kind was asked for has lost its place, or the gateway has.
TEST(SessionCopy, TakesNoCopyThatNobodyAskedFor) {
  struct Case {
    const char* text;
    std::string answer;
  };
  for (const Case& one :
       {Case{"SELECT 1", copy_out()}, Case{"SELECT 1", copy_in()}, Case{"COPY a FROM STDIN", copy_out()},
        Case{"COPY a TO STDOUT", copy_in()}, Case{"COPY a TO STDOUT", copy_both()},
        Case{"COPY a TO STDOUT", copy_data("x")}, Case{"COPY a TO STDOUT", copy_done()},
        Case{"COPY a TO STDOUT", copy_out() + complete("COPY 1")},
        Case{"COPY a TO STDOUT", copy_out() + copy_done() + copy_data("x")},
        Case{"COPY a FROM STDIN", copy_in() + complete("COPY 1")},
        Case{"COPY a FROM STDIN", copy_in() + ready()}, Case{"COPY a TO '/tmp/x'", copy_out()},
        Case{"COPY a FROM PROGRAM 'id'", copy_in()}}) {
    Bench bench;
    bench.client(query(one.text));
    bench.target(one.answer);
    EXPECT_TRUE(bench.faulted) << one.text << " " << kinds(one.answer);
  }
}

// Direction and relations are facts of the question.
TEST(SessionCopy, IsJudged) {
  Bench bench;
  bench.verdicts["COPY"] = SP_DENY;
  bench.client(query("COPY s.a FROM STDIN"));
  EXPECT_EQ(kinds(bench.to_client()), "EZ");
  EXPECT_EQ(bench.to_target(), "");
  ASSERT_EQ(bench.asked.size(), 1u);
  EXPECT_EQ(bench.asked[0].objects, std::vector<std::string>{"s.a"});
  EXPECT_EQ(bench.asked[0].effects, std::vector<std::string>{"write"});
  bench.client(copy_data("x") + copy_done());
  EXPECT_EQ(bench.to_target(), "");
  EXPECT_FALSE(bench.faulted);
}

TEST(SessionCopy, WaitsForAPerson) {
  Bench bench;
  bench.verdicts["COPY"] = SP_WAIT;
  bench.client(query("COPY a FROM STDIN") + copy_data("x\n") + copy_done());
  EXPECT_EQ(bench.to_target(), "");
  bench.decide(SP_ALLOW, SP_STATE_APPROVED);
  EXPECT_EQ(kinds(bench.to_target()), "Q");
  bench.target(copy_in());
  EXPECT_EQ(kinds(bench.to_target()), "dc");
  bench.target(complete("COPY 1") + ready());
  EXPECT_FALSE(bench.faulted);
}

// The bytes of a COPY in UTF8 are what the record takes them for.
TEST(SessionCopy, TakesUtf8ByName) {
  Bench bench;
  bench.client(query("COPY a FROM STDIN (FORMAT csv, ENCODING 'UTF-8')"));
  EXPECT_EQ(kinds(bench.to_target()), "Q");
}

// SQL's EXECUTE of a COPY: what it would come to is not seen in its text.
TEST(SessionCopy, RefusesExecuteOfOne) {
  Bench bench;
  bench.client(parse("s", "COPY a FROM STDIN") + sync());
  bench.target(parsed() + ready());
  bench.to_target();
  bench.to_client();
  bench.client(query("EXECUTE s"));
  EXPECT_EQ(bench.to_target(), "");
  EXPECT_EQ(said(bench.to_client(), 'C'), "0A000");
}

}  // namespace
}  // namespace sallyport::pg::test
