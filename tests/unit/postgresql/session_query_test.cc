// Simple queries: what is asked, passed, refused, held; and what the replies change.
#include "tests/unit/postgresql/session_bench.h"

namespace sallyport::pg::test {
namespace {

// A query that is allowed reaches the target byte for byte, and its answer the client.
TEST(SessionQuery, PassesWhatIsAllowed) {
  Bench bench;
  bench.client(query("SELECT 1"));
  EXPECT_EQ(bench.to_target(), query("SELECT 1"));
  const std::string answer = columns({"a"}) + row({"1"}) + complete("SELECT 1") + ready();
  bench.target(answer);
  EXPECT_EQ(bench.to_client(), answer);
  ASSERT_EQ(bench.asked.size(), 1u);
  EXPECT_EQ(bench.asked[0].verbs, std::vector<std::string>{"SELECT"});
  EXPECT_EQ(bench.asked[0].effects, std::vector<std::string>{"read"});
  EXPECT_TRUE(bench.host.called("reply_end 1 SELECT 1"));
  EXPECT_FALSE(bench.faulted);
}

// All statements of a text are one question.
TEST(SessionQuery, JudgesATextWhole) {
  Bench bench;
  bench.verdicts["DROP"] = SP_DENY;
  bench.client(query("SELECT 1; DROP TABLE a"));
  EXPECT_EQ(bench.to_target(), "");
  ASSERT_EQ(bench.asked.size(), 1u);
  EXPECT_EQ(bench.asked[0].verbs, (std::vector<std::string>{"SELECT", "DROP"}));
  EXPECT_EQ(kinds(bench.to_client()), "EZ");
}

// Outside a block, with nothing under way, the refusal is ours and the target hears nothing.
TEST(SessionQuery, RefusesInPlaceOfTheTarget) {
  Bench bench;
  bench.verdicts["DROP"] = SP_DENY;
  bench.client(query("DROP TABLE a"));
  EXPECT_EQ(bench.to_target(), "");
  const std::string out = bench.to_client();
  EXPECT_EQ(kinds(out), "EZ");
  EXPECT_EQ(said(out, 'C'), "42501");
  EXPECT_EQ(said(out, 'M'), "denied by rule \"test-rule\"");
  EXPECT_EQ(last_ready(out), 'I');
  bench.client(query("SELECT 1"));
  EXPECT_EQ(bench.to_target(), query("SELECT 1"));
}

// In a block the target must fail it, so that COMMIT rolls back.
TEST(SessionQuery, RefusesThroughTheTargetInABlock) {
  Bench bench;
  bench.verdicts["DROP"] = SP_DENY;
  bench.client(query("BEGIN"));
  bench.target(complete("BEGIN") + ready('T'));
  bench.to_target();
  bench.to_client();
  bench.client(query("DROP TABLE a"));
  const std::string sent = bench.to_target();
  EXPECT_EQ(kinds(sent), "Q");
  EXPECT_EQ(sent.find("DROP"), std::string::npos);
  EXPECT_EQ(bench.to_client(), "");
  bench.target(failure("42601", "syntax error") + ready('E'));
  const std::string out = bench.to_client();
  EXPECT_EQ(kinds(out), "EZ");
  EXPECT_EQ(said(out, 'C'), "42501");
  EXPECT_EQ(last_ready(out), 'E');
  EXPECT_EQ(bench.asked[1].transaction, 1u);
}

// With an answer outstanding the refusal must come behind it.
TEST(SessionQuery, RefusesInOrderBehindWhatIsUnderWay) {
  Bench bench;
  bench.verdicts["DROP"] = SP_DENY;
  bench.client(query("SELECT 1") + query("DROP TABLE a") + query("SELECT 2"));
  EXPECT_EQ(kinds(bench.to_target()), "QQQ");
  EXPECT_EQ(bench.to_client(), "");
  bench.target(columns({"a"}) + complete("SELECT 0") + ready() + failure("42601") + ready() + columns({"a"}) +
               complete("SELECT 0") + ready());
  const std::string out = bench.to_client();
  EXPECT_EQ(kinds(out), "TCZEZTCZ");
  EXPECT_EQ(said(out, 'C'), "42501");
}

// A target that takes what it has to refuse is not to be believed.
TEST(SessionQuery, EndsWhenTheTargetTakesARefusedMessage) {
  Bench bench;
  bench.verdicts["DROP"] = SP_DENY;
  bench.client(query("SELECT 1") + query("DROP TABLE a"));
  bench.target(columns({"a"}) + complete("SELECT 0") + ready());
  EXPECT_FALSE(bench.faulted);
  bench.target(complete("DROP TABLE") + ready());
  EXPECT_TRUE(bench.faulted);
}

// A request that waits stays where it is; its caller is told once, at once.
TEST(SessionQuery, HoldsUntilApproved) {
  Bench bench;
  bench.verdicts["DROP"] = SP_WAIT;
  bench.client(query("DROP TABLE a"));
  EXPECT_EQ(bench.to_target(), "");
  const std::string out = bench.to_client();
  EXPECT_EQ(kinds(out), "N");
  EXPECT_EQ(said(out, 'S'), "WARNING");
  EXPECT_EQ(said(out, 'C'), "01000");
  EXPECT_EQ(said(out, 'M'), "paused by rule \"test-rule\": waiting for approval");
  EXPECT_EQ(said(out, 'D'), "approval=7F3K state=pending");
  bench.host.event(SP_LEG_CLIENT, SP_EVENT_TIMER);
  EXPECT_EQ(bench.asked.size(), 1u);
  bench.decide(SP_ALLOW, SP_STATE_APPROVED);
  EXPECT_EQ(bench.to_target(), query("DROP TABLE a"));
  EXPECT_EQ(bench.asked.size(), 2u);
  EXPECT_EQ(bench.asked[0].ticket, bench.asked[1].ticket);
  EXPECT_EQ(bench.asked[0].binding, bench.asked[1].binding);
  bench.target(complete("DROP TABLE") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "CZ");
}

TEST(SessionQuery, RefusesWhatAPersonRefused) {
  Bench bench;
  bench.verdicts["DROP"] = SP_WAIT;
  bench.client(query("DROP TABLE a"));
  bench.to_client();
  bench.decide(SP_DENY, SP_STATE_REFUSED);
  EXPECT_EQ(bench.to_target(), "");
  const std::string out = bench.to_client();
  EXPECT_EQ(kinds(out), "EZ");
  EXPECT_EQ(said(out, 'C'), "42501");
}

// A cancel ends the wait, and says how to come back.
TEST(SessionQuery, CancelEndsAWait) {
  Bench bench;
  bench.verdicts["DROP"] = SP_WAIT;
  bench.client(query("DROP TABLE a"));
  bench.to_client();
  EXPECT_TRUE(bench.frontend.cancel());
  bench.host.event(SP_LEG_CLIENT, SP_EVENT_SIGNAL);
  EXPECT_EQ(bench.to_target(), "");
  const std::string out = bench.to_client();
  EXPECT_EQ(kinds(out), "EZ");
  EXPECT_EQ(said(out, 'C'), "42501");
  EXPECT_EQ(said(out, 'D'), "approval=7F3K state=pending");
  EXPECT_FALSE(bench.held());
}

// Large objects and FunctionCall are refused by name, in the same place as a denial.
TEST(SessionQuery, RefusesWhatItDoesNotLookInto) {
  for (const char* text :
       {"SELECT lo_import('/etc/passwd')", "SET client_encoding = 'LATIN1'",
        "SET standard_conforming_strings = off", "SELECT set_config('client_encoding', 'SJIS', false)",
        "SET NAMES 'latin1'", "COPY a FROM STDIN (ENCODING 'LATIN1')", "COPY a TO STDOUT ENCODING 'sjis'"}) {
    Bench bench;
    bench.client(query(text));
    EXPECT_EQ(bench.to_target(), "") << text;
    const std::string out = bench.to_client();
    EXPECT_EQ(kinds(out), "EZ") << text;
    EXPECT_EQ(said(out, 'C'), "0A000") << text;
    EXPECT_TRUE(bench.asked.empty()) << text;
  }
  Bench bench;
  Writer call;
  call.begin(front::function_call).u32(764).u16(0).u16(0).u16(0).end();
  bench.client(query("SELECT 1") + taken(call));
  EXPECT_EQ(kinds(bench.to_target()), "QQ");
}

// SET to what holds already is harmless, and said to be.
TEST(SessionQuery, TellsHarmlessSettings) {
  Bench bench;
  bench.client(query("SET application_name = 'x'"));
  EXPECT_EQ(bench.asked[0].effects, std::vector<std::string>{"session"});
  EXPECT_NE(std::ranges::find(bench.asked[0].fields, "session=harmless"), bench.asked[0].fields.end());
  bench.target(complete("SET") + ready());
  bench.client(query("SET search_path = evil"));
  EXPECT_NE(std::ranges::find(bench.asked[1].fields, "session=changed"), bench.asked[1].fields.end());
  bench.target(complete("SET") + ready());
  bench.client(query("SET client_encoding = 'UTF8'"));
  EXPECT_EQ(bench.asked.size(), 3u);
}

// The meaning of a name depends on search_path, so the binding does.
TEST(SessionQuery, BindsTheSearchPath) {
  Bench bench;
  bench.client(query("DROP TABLE a"));
  bench.target(complete("DROP TABLE") + ready());
  bench.client(query("SET search_path = b"));
  bench.target(complete("SET") + ready());
  bench.client(query("DROP TABLE a"));
  bench.target(complete("DROP TABLE") + ready());
  bench.client(query("RESET search_path"));
  bench.target(complete("RESET") + ready());
  EXPECT_NE(bench.asked[0].binding, bench.asked[2].binding);
}

// A SET that is undone does not stay in the binding; one that is under way makes it unlike any other.
TEST(SessionQuery, FollowsSettingsThroughTransactions) {
  Bench bench;
  bench.client(query("DROP TABLE a"));
  bench.target(complete("DROP TABLE") + ready());
  bench.client(query("BEGIN; SET search_path = b; ROLLBACK"));
  bench.target(complete("BEGIN") + complete("SET") + complete("ROLLBACK") + ready());
  bench.client(query("DROP TABLE a"));
  EXPECT_EQ(bench.asked[0].binding, bench.asked[2].binding);
  bench.target(complete("DROP TABLE") + ready());
  bench.client(query("SET search_path = b") + query("DROP TABLE a"));
  EXPECT_NE(bench.asked[0].binding, bench.asked[4].binding);
}

// EXECUTE is judged as what it runs.
TEST(SessionQuery, JudgesExecuteAsWhatItStandsFor) {
  Bench bench;
  bench.verdicts["DELETE"] = SP_DENY;
  bench.client(query("PREPARE x AS SELECT 1"));
  bench.target(complete("PREPARE") + ready());
  bench.client(query("EXECUTE x"));
  EXPECT_EQ(bench.asked[1].verbs, (std::vector<std::string>{"EXECUTE", "SELECT"}));
  EXPECT_EQ(bench.asked[1].effects, (std::vector<std::string>{"read", "read"}));
  EXPECT_NE(bench.asked[1].text.find("SELECT 1"), std::string::npos);
  bench.target(columns({"a"}) + complete("SELECT 0") + ready());
  bench.client(query("DEALLOCATE x"));
  bench.target(complete("DEALLOCATE") + ready());
  bench.client(query("EXECUTE x"));
  EXPECT_EQ(bench.asked[3].verbs, (std::vector<std::string>{"EXECUTE", "UNPARSED"}));
  EXPECT_EQ(bench.asked[3].effects, (std::vector<std::string>{"unknown", "unknown"}));
  EXPECT_FALSE(bench.faulted);
}

// A PREPARE that failed defines nothing.
TEST(SessionQuery, FailedPrepareDefinesNothing) {
  Bench bench;
  bench.client(query("PREPARE x AS SELECT 1"));
  bench.target(failure("42P05") + ready());
  bench.client(query("EXECUTE x"));
  EXPECT_EQ(bench.asked[1].verbs, (std::vector<std::string>{"EXECUTE", "UNPARSED"}));
}

TEST(SessionQuery, JudgesFetchAsItsCursor) {
  Bench bench;
  bench.client(query("BEGIN"));
  bench.target(complete("BEGIN") + ready('T'));
  bench.client(query("DECLARE c CURSOR FOR SELECT 1"));
  bench.target(complete("DECLARE CURSOR") + ready('T'));
  bench.client(query("FETCH 10 FROM c"));
  EXPECT_EQ(bench.asked[2].verbs, (std::vector<std::string>{"FETCH", "SELECT"}));
  EXPECT_EQ(bench.asked[2].effects, (std::vector<std::string>{"read", "read"}));
  bench.target(columns({"a"}) + complete("FETCH 0") + ready('T'));
  EXPECT_FALSE(bench.faulted);
}

// What a name stands for may hang on an answer that is still to come: the request waits for it.
TEST(SessionQuery, WaitsForAmbiguousNames) {
  Bench bench;
  bench.client(query("PREPARE x AS SELECT 1"));
  bench.target(complete("PREPARE") + ready());
  bench.to_target();
  bench.client(query("DEALLOCATE x; PREPARE x AS DELETE FROM a") + query("EXECUTE x"));
  EXPECT_EQ(kinds(bench.to_target()), "Q");
  bench.target(complete("DEALLOCATE") + complete("PREPARE") + ready());
  EXPECT_EQ(kinds(bench.to_target()), "Q");
  EXPECT_EQ(bench.asked.back().verbs, (std::vector<std::string>{"EXECUTE", "DELETE"}));
}

// Numbers of transaction blocks differ, and a chained one is another.
TEST(SessionQuery, NumbersTransactions) {
  Bench bench;
  const auto run_one = [&bench](std::string_view text, std::string_view tag, char status) {
    bench.client(query(text));
    bench.target(complete(tag) + ready(status));
    return bench.asked.back().transaction;
  };
  EXPECT_EQ(run_one("BEGIN", "BEGIN", 'T'), 0u);
  EXPECT_EQ(run_one("DELETE FROM a WHERE b = 1", "DELETE 1", 'T'), 1u);
  EXPECT_EQ(run_one("COMMIT AND CHAIN", "COMMIT", 'T'), 1u);
  EXPECT_EQ(run_one("DELETE FROM a WHERE b = 1", "DELETE 1", 'T'), 2u);
  EXPECT_EQ(run_one("COMMIT", "COMMIT", 'I'), 2u);
  EXPECT_EQ(run_one("SELECT 1", "SELECT 0", 'I'), 0u);
}

// Anything the target says unasked ends the session.
TEST(SessionQuery, EndsOnUnexpectedReplies) {
  for (const std::string& reply :
       {ready(), complete("SELECT 1"), row({"1"}), columns({"a"}), parsed(), failure("42601"), plain('G'),
        plain('H'), plain('W'), plain('V'), plain('R'), plain('K'), plain('q'), plain('v')}) {
    Bench bench;
    bench.target(reply);
    EXPECT_TRUE(bench.faulted) << kinds(reply);
    EXPECT_EQ(bench.to_client(), "");
  }
  for (const std::string& reply :
       {row({"1"}), parsed(), bound(), suspended(), no_data(), plain('G'), plain('H')}) {
    Bench bench;
    bench.client(query("SELECT 1"));
    bench.target(reply);
    EXPECT_TRUE(bench.faulted) << kinds(reply);
  }
}

TEST(SessionQuery, EndsOnInvalidClientMessages) {
  for (const std::string& bytes : {plain('z'), plain('p'), std::string("Q\0\0\0\3", 5),
                                   std::string("Q\xff\xff\xff\xff", 5), plain('Q'), plain('E'), plain('B')}) {
    Bench bench;
    bench.client(bytes);
    EXPECT_TRUE(bench.faulted);
    EXPECT_EQ(bench.to_target(), "");
    EXPECT_EQ(said(bench.to_client(), 'C'), "08P01");
  }
}

TEST(SessionQuery, PassesAsynchronousMessages) {
  Bench bench;
  const std::string news = notice("hello") + parameter_status("TimeZone", "UTC");
  bench.target(news);
  EXPECT_EQ(bench.to_client(), news);
  EXPECT_FALSE(bench.faulted);
}

// Beyond the gateway's knowledge of encoding and string syntax nothing more is judged.
TEST(SessionQuery, EndsWhenStringSyntaxChanges) {
  Bench bench;
  bench.target(notice("hello") + parameter_status("standard_conforming_strings", "off"));
  const std::string out = bench.to_client();
  EXPECT_EQ(kinds(out), "NE");
  EXPECT_TRUE(bench.host.called("finish 0"));
  EXPECT_TRUE(bench.wire.ended);
}

// A message that cannot be held whole is refused, and dropped as it comes.
TEST(SessionQuery, RefusesMessagesTooLarge) {
  Bench bench;
  const std::string large = query(std::string(message_size_max, 'x'));
  bench.client(large + query("SELECT 1"));
  const std::string out = bench.to_client();
  EXPECT_EQ(kinds(out), "EZ");
  EXPECT_EQ(said(out, 'C'), "54000");
  bench.client(query("SELECT 2"));
  EXPECT_NE(bench.to_target().find("SELECT 2"), std::string::npos);
}

// Terminate goes on, and both legs end.
TEST(SessionQuery, Terminates) {
  Bench bench;
  bench.client(terminate());
  EXPECT_EQ(bench.to_target(), terminate());
  EXPECT_TRUE(bench.host.called("finish 1"));
  EXPECT_TRUE(bench.host.called("finish 0"));
}

TEST(SessionQuery, ReportsActivity) {
  Bench bench;
  bench.client(query("BEGIN"));
  EXPECT_EQ(bench.wire.activity, SP_BUSY);
  bench.target(complete("BEGIN") + ready('T'));
  EXPECT_EQ(bench.wire.activity, SP_IDLE_IN_TRANSACTION);
  bench.client(query("COMMIT"));
  bench.target(complete("COMMIT") + ready('I'));
  EXPECT_EQ(bench.wire.activity, SP_IDLE);
}

}  // namespace
}  // namespace sallyport::pg::test
