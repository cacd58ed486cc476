// Sessions with a walsender: its commands, and both directions at once.
#include <gtest/gtest.h>

#include "tests/unit/postgresql/call_messages.h"
#include "tests/unit/postgresql/copy_messages.h"
#include "tests/unit/postgresql/session_bench.h"

namespace sallyport::pg::test {
namespace {

struct Walsender : Bench {
  explicit Walsender(Replication mode = Replication::Physical) {
    wire.permissions.replication = true;
    wire.replication = mode;
  }
  void stream() {
    client(query("START_REPLICATION SLOT \"Slot 1\" PHYSICAL 0/3000000 TIMELINE 1"));
    target(copy_both());
    EXPECT_EQ(kinds(to_client()), "W");
    to_target();
  }
};

TEST(SessionReplication, CommandsHaveVerbsOfTheirOwn) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"IDENTIFY_SYSTEM", "IDENTIFY_SYSTEM read"},
      {"  identify_system ;", "IDENTIFY_SYSTEM read"},
      {"READ_REPLICATION_SLOT s", "READ_REPLICATION_SLOT read s"},
      {"BASE_BACKUP ( LABEL 'x', PROGRESS )", "BASE_BACKUP escape"},
      {"START_REPLICATION SLOT \"Slot 1\" PHYSICAL 0/0", "START_REPLICATION escape \"Slot 1\""},
      {"START_REPLICATION 0/0 TIMELINE 1", "START_REPLICATION escape"},
      {"CREATE_REPLICATION_SLOT Mine TEMPORARY PHYSICAL", "CREATE_REPLICATION_SLOT escape mine"},
      {"DROP_REPLICATION_SLOT mine WAIT", "DROP_REPLICATION_SLOT escape mine"},
      {"TIMELINE_HISTORY 1", "TIMELINE_HISTORY escape"},
      {"UPLOAD_MANIFEST", "UPLOAD_MANIFEST escape"},
      {"SHOW wal_segment_size", "SHOW read wal_segment_size"}};
  for (const auto& [text, expected] : cases) {
    Walsender bench;
    bench.client(query(text));
    ASSERT_EQ(bench.asked.size(), 1u) << text;
    std::string all = bench.asked[0].verbs.front() + " " + bench.asked[0].effects.front();
    for (const std::string& object : bench.asked[0].objects) all += " " + object;
    EXPECT_EQ(all, expected) << text;
    EXPECT_EQ(bench.asked[0].text, text);
    EXPECT_EQ(kinds(bench.to_target()), "Q") << text;
  }
}

// In a physical one there is nothing else; in a logical one the rest is SQL.
TEST(SessionReplication, TheRestIsSqlOrRefused) {
  for (const char* text : {"SELECT 1", "IDENTIFY_SYSTEMS", "SHOW a; SELECT 1", "\"IDENTIFY_SYSTEM\"",
                           "/* */ IDENTIFY_SYSTEM", "", "SHOW a; SHOW b"}) {
    Walsender physical, logical(Replication::Logical);
    physical.client(query(text));
    EXPECT_EQ(physical.to_target(), "") << text;
    EXPECT_EQ(said(physical.to_client(), 'C'), "0A000") << text;
    logical.client(query(text));
    EXPECT_EQ(kinds(logical.to_target()), "Q") << text;
  }
  Bench plain;
  plain.client(query("IDENTIFY_SYSTEM"));
  EXPECT_EQ(plain.asked[0].verbs, std::vector<std::string>{"UNPARSED"});
}

// The walsender refuses these; so does the gateway, in words of its own.
TEST(SessionReplication, HasNoExtendedProtocol) {
  Walsender bench(Replication::Logical);
  bench.client(parse("", "SELECT 1") + bind("", "") + execute("") + sync());
  EXPECT_TRUE(bench.asked.empty());
  EXPECT_EQ(kinds(bench.to_target()), "PEES");
  bench.target(failure("08P01") + ready());
  std::string out = bench.to_client();
  EXPECT_EQ(kinds(out), "EZ");
  EXPECT_EQ(said(out, 'C'), "0A000");
  bench.wire.permissions.function_call = true;
  bench.client(call(1, {}));
  out = bench.to_client();
  EXPECT_EQ(kinds(out), "EZ");
  EXPECT_EQ(said(out, 'C'), "0A000");
}

TEST(SessionReplication, FollowsResultsOfACommand) {
  Walsender bench;
  bench.client(query("IDENTIFY_SYSTEM"));
  bench.target(columns({"systemid"}) + row({"1"}) + complete("IDENTIFY_SYSTEM") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "TDCZ");
  bench.client(query("BASE_BACKUP"));
  bench.target(columns({"a"}) + row({"0/0"}) + complete("SELECT") + columns({"a"}) + row({"1"}) +
               complete("SELECT") + copy_out() + copy_data("n") + copy_data("d") + copy_done() +
               columns({"a"}) + row({"0/1"}) + complete("SELECT") + complete("BASE_BACKUP") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "TDCTDCHddcTDCCZ");
  EXPECT_FALSE(bench.faulted);
  // As before PostgreSQL 15.
  bench.client(query("BASE_BACKUP"));
  bench.target(columns({"a"}) + complete("SELECT") + copy_out() + copy_data("d") + copy_done() + copy_out() +
               copy_data("d") + copy_done() + columns({"a"}) + complete("SELECT") + complete("BASE_BACKUP") +
               ready());
  EXPECT_EQ(kinds(bench.to_client()), "TCHdcHdcTCCZ");
  EXPECT_FALSE(bench.faulted);
}

// Both directions, until both have ended.
TEST(SessionReplication, StreamsBothWays) {
  Walsender bench;
  bench.stream();
  EXPECT_EQ(bench.wire.activity, SP_IDLE);
  bench.target(copy_data("w1"));
  bench.client(copy_data("r1"));
  bench.target(copy_data("w2"), 1);
  bench.client(copy_data("r2"), 1);
  EXPECT_EQ(bench.to_client(), copy_data("w1") + copy_data("w2"));
  EXPECT_EQ(bench.to_target(), copy_data("r1") + copy_data("r2"));
  bench.client(copy_done() + query("IDENTIFY_SYSTEM"));
  EXPECT_EQ(kinds(bench.to_target()), "c");
  bench.target(copy_data("w3"));
  EXPECT_EQ(kinds(bench.to_target()), "");
  bench.target(copy_done());
  EXPECT_EQ(kinds(bench.to_target()), "Q");
  bench.target(columns({"next"}) + row({"2"}) + complete("START_STREAMING") + complete("START_REPLICATION") +
               ready());
  bench.target(columns({"a"}) + complete("IDENTIFY_SYSTEM") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "dcTDCCZTCZ");
  EXPECT_EQ(bench.wire.activity, SP_IDLE);
  EXPECT_FALSE(bench.faulted);
}

TEST(SessionReplication, TheServerMayEndFirst) {
  Walsender bench;
  bench.stream();
  bench.target(copy_done());
  bench.client(copy_data("r") + copy_done());
  EXPECT_EQ(kinds(bench.to_target()), "dc");
  bench.target(complete("START_REPLICATION") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "cCZ");
  EXPECT_FALSE(bench.faulted);
}

// An error ends both directions; what the client still sends of its own the server ignores.
TEST(SessionReplication, AnErrorEndsBoth) {
  Walsender bench;
  bench.stream();
  bench.target(copy_data("w") + failure("58P01") + ready());
  bench.client(copy_data("r") + copy_done() + query("IDENTIFY_SYSTEM"));
  EXPECT_EQ(kinds(bench.to_client()), "dEZ");
  EXPECT_EQ(kinds(bench.to_target()), "Q");
  EXPECT_FALSE(bench.faulted);
}

TEST(SessionReplication, AnErrorBehindTheClientsEnd) {
  Walsender bench;
  bench.stream();
  bench.client(copy_done() + query("IDENTIFY_SYSTEM"));
  bench.target(failure("57014") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "EZ");
  EXPECT_EQ(kinds(bench.to_target()), "cQ");
  EXPECT_FALSE(bench.faulted);
}

// What is sent behind START_REPLICATION means another thing where it fails.
TEST(SessionReplication, NothingPassesBeforeItHasBegun) {
  Walsender bench;
  bench.client(query("START_REPLICATION 0/0") + copy_data("r") + query("IDENTIFY_SYSTEM"));
  EXPECT_EQ(kinds(bench.to_target()), "Q");
  bench.target(failure("42704") + ready());
  EXPECT_EQ(kinds(bench.to_target()), "Q");
  // At the end of an old timeline there is nothing to stream.
  bench.target(columns({"a"}) + complete("IDENTIFY_SYSTEM") + ready());
  bench.client(query("START_REPLICATION 0/0 TIMELINE 1") + query("IDENTIFY_SYSTEM"));
  EXPECT_EQ(kinds(bench.to_target()), "Q");
  bench.target(columns({"a"}) + row({"2"}) + complete("START_STREAMING") + complete("START_REPLICATION") +
               ready());
  EXPECT_EQ(kinds(bench.to_target()), "Q");
  EXPECT_FALSE(bench.faulted);
}

// Messages that a walsender would end the session for.
TEST(SessionReplication, OnlyCopyDataWhileItStreams) {
  for (const std::string& bytes : {query("SELECT 1"), sync(), flush(), parse("", "SELECT 1")}) {
    Walsender bench;
    bench.stream();
    bench.client(bytes);
    EXPECT_TRUE(bench.faulted);
    EXPECT_EQ(bench.to_target(), "");
    EXPECT_EQ(said(bench.to_client(), 'C'), "08P01");
  }
}

// Copy-both for what did not ask for it, and data that do not belong there.
TEST(SessionReplication, BreaksOnAnswersOutOfPlace) {
  Walsender command, twice, after, in, none;
  command.client(query("BASE_BACKUP"));
  command.target(copy_both());
  EXPECT_TRUE(command.faulted);
  twice.stream();
  twice.target(copy_both());
  EXPECT_TRUE(twice.faulted);
  after.stream();
  after.target(copy_done() + copy_data("w"));
  EXPECT_TRUE(after.faulted);
  in.client(query("START_REPLICATION 0/0"));
  in.target(copy_in());
  EXPECT_TRUE(in.faulted);
  none.stream();
  none.target(complete("START_REPLICATION"));
  EXPECT_TRUE(none.faulted);
  Bench plain;
  plain.client(query("COPY a FROM STDIN"));
  plain.target(copy_both());
  EXPECT_TRUE(plain.faulted);
}

// A command is bound to its text, database and user; SQL in a walsender cannot be bound, so it is refused.
TEST(SessionReplication, WaitsForAnApproval) {
  Walsender bench(Replication::Logical);
  bench.verdicts["START_REPLICATION"] = SP_WAIT;
  bench.client(query("START_REPLICATION SLOT s LOGICAL 0/0"));
  EXPECT_EQ(bench.to_target(), "");
  EXPECT_TRUE(bench.held());
  bench.decide(SP_ALLOW, SP_STATE_APPROVED);
  EXPECT_EQ(kinds(bench.to_target()), "Q");
  bench.target(copy_both());
  EXPECT_EQ(kinds(bench.to_client()), "NW");
}

// Both kinds of data flow in pieces of any size, and nothing of them is kept.
TEST(SessionReplication, HoldsNoData) {
  Walsender bench;
  bench.stream();
  const std::string data = copy_data(std::string(3 << 20, 'x'));
  bench.target(data.substr(0, 100'000));
  bench.client(data.substr(0, 100'000));
  EXPECT_EQ(bench.to_client().size(), 100'000u);
  EXPECT_EQ(bench.to_target().size(), 100'000u);
  bench.target(data.substr(100'000) + copy_done());
  bench.client(data.substr(100'000) + copy_done());
  EXPECT_TRUE(bench.to_client() == data.substr(100'000) + copy_done());
  EXPECT_TRUE(bench.to_target() == data.substr(100'000) + copy_done());
  EXPECT_FALSE(bench.faulted);
}

}  // namespace
}  // namespace sallyport::pg::test
