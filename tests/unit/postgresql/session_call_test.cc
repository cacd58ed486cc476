// FunctionCall, by a login that may: judged as a statement, followed to its end.
#include <gtest/gtest.h>

#include "tests/unit/postgresql/call_messages.h"
#include "tests/unit/postgresql/session_bench.h"

namespace sallyport::pg::test {
namespace {

Bench& permitted(Bench& bench) {
  bench.wire.permissions.function_call = true;
  return bench;
}

bool holds(const std::vector<std::string>& all, const std::string& one) {
  return std::ranges::find(all, one) != all.end();
}

// Rules see a verb, the function, its arguments, and that nobody has read what it does.
TEST(SessionCall, IsAskedLikeAStatement) {
  Bench bench;
  permitted(bench).client(call(952, {oid_value(16400), int4_value(0x20000)}));
  ASSERT_EQ(bench.asked.size(), 1u);
  const Asked& asked = bench.asked[0];
  EXPECT_EQ(asked.verbs, std::vector<std::string>{"FUNCTION_CALL"});
  EXPECT_EQ(asked.objects, std::vector<std::string>{"pg_catalog.lo_open"});
  EXPECT_EQ(asked.effects, std::vector<std::string>{"escape"});
  for (const char* field :
       {"effects=escape", "effects=unknown", "function=pg_catalog.lo_open", "escape=function-call"})
    EXPECT_TRUE(holds(asked.fields, field)) << field;
  EXPECT_EQ(asked.text, "FUNCTION_CALL pg_catalog.lo_open");
  EXPECT_EQ(asked.values, (std::vector<std::string>{"$1:oid=\\x00004010", "$2:int4=131072"}));
  EXPECT_EQ(kinds(bench.to_target()), "F");
  bench.target(call_result("\0\0\0\0") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "VZ");
  EXPECT_FALSE(bench.faulted);
}

TEST(SessionCall, NamesOtherFunctionsByTheirNumber) {
  Bench bench;
  permitted(bench).client(call(1598, {}));
  EXPECT_EQ(bench.asked[0].objects, std::vector<std::string>{"oid:1598"});
  EXPECT_NE(std::ranges::find(bench.asked[0].fields, "function=oid:1598"), bench.asked[0].fields.end());
}

TEST(SessionCall, ArgumentsAreBound) {
  Bench one, other;
  permitted(one).client(call(964, {oid_value(1)}));
  permitted(other).client(call(964, {oid_value(2)}));
  EXPECT_NE(one.asked[0].binding, other.asked[0].binding);
}

// What takes a refused one's place is answered as it is: by an error and ReadyForQuery.
TEST(SessionCall, IsRefusedInItsPlace) {
  Bench bench;
  bench.verdicts["FUNCTION_CALL"] = SP_DENY;
  permitted(bench).client(call(964, {oid_value(1)}));
  EXPECT_EQ(bench.to_target(), "");
  EXPECT_EQ(said(bench.to_client(), 'C'), "42501");
  bench.client(query("BEGIN"));
  bench.target(complete("BEGIN") + ready('T'));
  bench.client(call(964, {oid_value(1)}) + query("SELECT 1"));
  EXPECT_EQ(kinds(bench.to_target()), "QQQ");
  bench.target(failure("42601") + ready('E') + failure("25P02") + ready('E'));
  EXPECT_EQ(kinds(bench.to_client()), "CZEZEZ");
  EXPECT_FALSE(bench.faulted);
}

TEST(SessionCall, WithoutThePermissionNothingIsAsked) {
  Bench bench;
  bench.client(call(952, {oid_value(1), int4_value(1)}) + query("SELECT lo_open(1, 2)"));
  EXPECT_TRUE(bench.asked.empty());
  EXPECT_EQ(bench.to_target(), "");
  EXPECT_EQ(said(bench.to_client(), 'C'), "0A000");
}

TEST(SessionCall, PermitsTheFunctionsInSqlToo) {
  Bench bench;
  permitted(bench).client(query("SELECT lo_unlink(1)"));
  EXPECT_EQ(kinds(bench.to_target()), "Q");
  bench.target(columns({"a"}) + row({"1"}) + complete("SELECT 1") + ready());
  bench.client(parse("", "SELECT lo_creat(-1)") + sync());
  EXPECT_EQ(kinds(bench.to_target()), "PS");
}

TEST(SessionCall, WaitsForItsApproval) {
  Bench bench;
  bench.verdicts["FUNCTION_CALL"] = SP_WAIT;
  permitted(bench).client(call(964, {oid_value(1)}));
  EXPECT_EQ(kinds(bench.to_target()), "");
  EXPECT_TRUE(bench.held());
  bench.decide(SP_ALLOW, SP_STATE_APPROVED);
  EXPECT_EQ(kinds(bench.to_target()), "F");
  bench.target(call_result("\0\0\0\1") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "NVZ");
}

// Errors, notices, and a failed block; a skipped one is not asked about.
TEST(SessionCall, FollowsItsAnswer) {
  Bench bench;
  permitted(bench).client(call(1, {}) + call(2, {}) + query("SELECT 1"));
  EXPECT_EQ(kinds(bench.to_target()), "FFQ");
  bench.target(notice("x") + failure("42883") + ready() + call_result("abc") + ready() + columns({"a"}) +
               complete("SELECT 0") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "NEZVZTCZ");
  bench.client(run("SELECT 1/0") + flush());
  bench.target(parsed() + bound() + failure("22012"));
  const size_t asked = bench.asked.size();
  bench.client(call(3, {}) + sync());
  EXPECT_EQ(bench.asked.size(), asked);
  bench.target(ready());
  EXPECT_EQ(kinds(bench.to_client()), "12EZ");
  EXPECT_FALSE(bench.faulted);
}

// In an extended segment it ends it, as a Query does.
TEST(SessionCall, EndsASegment) {
  Bench bench;
  permitted(bench).client(run("SELECT 1") + call(1, {}) + run("SELECT 2") + sync());
  EXPECT_EQ(kinds(bench.to_target()), "PBEFPBES");
  bench.target(parsed() + bound() + complete("SELECT 1") + call_result("x") + ready() + parsed() + bound() +
               complete("SELECT 1") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "12CVZ12CZ");
  EXPECT_FALSE(bench.faulted);
}

// A result that no call waits for, a second one, one whose sizes disagree, or none at all.
TEST(SessionCall, BreaksOnAnswersOutOfPlace) {
  const std::vector<std::string> answers = {call_result("x") + call_result("y"),
                                            ready(),
                                            columns({"a"}),
                                            complete("SELECT 1"),
                                            call_result("x", 5) + ready(),
                                            empty_query(),
                                            failure("22012") + call_result("x")};
  for (const std::string& answer : answers) {
    Bench bench;
    permitted(bench).client(call(1, {}));
    bench.target(answer);
    EXPECT_TRUE(bench.faulted) << kinds(answer);
  }
  Bench bench;
  permitted(bench).client(query("SELECT 1"));
  bench.target(call_result("x"));
  EXPECT_TRUE(bench.faulted);
}

// A value of any size flows as it comes.
TEST(SessionCall, HoldsNoResult) {
  const std::string answer = call_result(std::string(3 << 20, 'x')) + ready();
  for (const size_t piece : {size_t{0}, size_t{7}, size_t{65536}}) {
    if (piece == 7) continue;
    Bench bench;
    permitted(bench).client(call(954, {int4_value(0), int4_value(3 << 20)}));
    bench.target(answer, piece);
    EXPECT_TRUE(bench.to_client() == answer) << piece;
    EXPECT_FALSE(bench.faulted);
  }
  Bench bench;
  permitted(bench).client(call(954, {int4_value(0), int4_value(8)}));
  bench.target(call_result("eight by") + ready(), 1);
  EXPECT_EQ(bench.to_client(), call_result("eight by") + ready());
}

// A mask that came after the call was let through: nothing tells what the value is.
TEST(SessionCall, WithholdsWhereAMaskHasCome) {
  for (const size_t size : {size_t{5}, size_t{3 << 20}}) {
    Bench bench;
    permitted(bench).client(call(954, {int4_value(0), int4_value(3 << 20)}));
    bench.host.masked_field = [](const sp_field&) { return true; };
    bench.target(call_result(std::string(size, 's')) + ready(), 65536);
    const std::string out = bench.to_client();
    EXPECT_EQ(kinds(out), "VZ");
    EXPECT_EQ(out.find("ss"), std::string::npos);
    EXPECT_FALSE(bench.faulted);
  }
}

TEST(SessionCall, BreaksOnMalformedCalls) {
  Writer short_one, formats, trailing;
  short_one.begin(front::function_call).u32(1).end();
  formats.begin(front::function_call).u32(1).u16(1).u16(7).u16(0).u16(0).end();
  trailing.begin(front::function_call).u32(1).u16(0).u16(0).u16(0).u8(0).end();
  for (const Writer* one : {&short_one, &formats, &trailing}) {
    Bench bench;
    permitted(bench).client(taken(*one));
    EXPECT_TRUE(bench.faulted);
    EXPECT_EQ(bench.to_target(), "");
    EXPECT_EQ(said(bench.to_client(), 'C'), "08P01");
  }
}

}  // namespace
}  // namespace sallyport::pg::test
