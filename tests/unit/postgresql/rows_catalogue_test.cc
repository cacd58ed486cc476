// Where columns come from: asked once over a leg of the gateway's own, while the reply is held.
#include <gtest/gtest.h>

#include "tests/unit/postgresql/rows_bench.h"

namespace sallyport::pg::test {
namespace {

const FakeHost::Field* field_of(const RowsBench& bench, std::string_view label) {
  for (const FakeHost::Field& field : bench.host.fields) {
    if (field.label == label) return &field;
  }
  return nullptr;
}

struct Bench : RowsBench {
  std::string bytes = row_description({{"mail", 16500, 2}, {"n", 0, 0, 20}}) + data_row({"jane", "1"});
  Bench() {
    mask("jane", "****");
    catalogue.prepare({.target = "orders-db",
                       .database = "shop",
                       .tls = SP_TARGET_TLS_OFF,
                       .parameters = {{"search_path", "pg_catalog"}}});
    host.receive(1, bytes);
  }
};

TEST(Catalogue, RowsAreHeldUntilTheAnswerIsThere) {
  Bench bench;
  EXPECT_TRUE(bench.held);
  EXPECT_EQ(bench.host.legs[0].output, "");
  EXPECT_EQ(bench.host.legs[1].input, bench.bytes);  // held, not consumed
  EXPECT_TRUE(bench.host.called("connect 2"));
  bench.open_catalogue();
  EXPECT_NE(bench.host.legs[2].output.find("search_path"), std::string::npos);
  EXPECT_NE(bench.host.legs[2].output.find("ARRAY[16500]"), std::string::npos);
  EXPECT_TRUE(bench.held);
  bench.answer_catalogue({{"16500", "1", "public", "customers", "id", "f"},
                          {"16500", "2", "public", "customers", "email", "f"}});
  EXPECT_FALSE(bench.held);
  EXPECT_EQ(bench.host.legs[2].input, "");
  bench.again();
  ASSERT_NE(field_of(bench, "mail"), nullptr);
  EXPECT_EQ(field_of(bench, "mail")->path, "public.customers.email");
  EXPECT_EQ(field_of(bench, "mail")->flags, 0u);
  EXPECT_EQ(field_of(bench, "n")->path, "");
  EXPECT_EQ(field_of(bench, "n")->flags, uint32_t{SP_FIELD_NO_ORIGIN});
  EXPECT_EQ(field_of(bench, "n")->kind, SP_KIND_TEXT);  // it may spell a text
  EXPECT_NE(bench.host.legs[0].output.find("****"), std::string::npos);
}

TEST(Catalogue, AsksOnceAndAgainAfterInvalidate) {
  Bench bench;
  bench.open_catalogue();
  bench.answer_catalogue({{"16500", "2", "public", "customers", "email", "f"}});
  bench.again();
  const std::string asked = bench.host.legs[2].output;
  bench.host.receive(1, bench.bytes);
  EXPECT_FALSE(bench.held);
  EXPECT_EQ(bench.host.legs[2].output, asked);
  bench.catalogue.invalidate();
  bench.host.receive(1, bench.bytes);
  EXPECT_TRUE(bench.held);
  EXPECT_GT(bench.host.legs[2].output.size(), asked.size());
}

// A table made in the open transaction cannot be seen from the side: no origin, and asked for again.
TEST(Catalogue, ATableThatIsNotSeenHasNoOrigin) {
  Bench bench;
  bench.open_catalogue();
  bench.answer_catalogue({});
  EXPECT_FALSE(bench.held);
  bench.again();
  EXPECT_EQ(field_of(bench, "mail")->path, "");
  EXPECT_EQ(field_of(bench, "mail")->flags, uint32_t{SP_FIELD_NO_ORIGIN});
  const size_t asked = bench.host.legs[2].output.size();
  bench.host.receive(1, bench.bytes);
  EXPECT_TRUE(bench.held);
  EXPECT_GT(bench.host.legs[2].output.size(), asked);
}

TEST(Catalogue, FailuresLeaveNoOrigin) {
  const auto expect_no_origin = [](Bench& bench, const char* how) {
    EXPECT_FALSE(bench.held) << how;
    bench.again();
    ASSERT_NE(field_of(bench, "mail"), nullptr) << how;
    EXPECT_EQ(field_of(bench, "mail")->flags, uint32_t{SP_FIELD_NO_ORIGIN}) << how;
    EXPECT_TRUE(bench.ok) << how;
  };
  {
    Bench bench;
    bench.host.event(2, SP_EVENT_FAILED, "refused");
    expect_no_origin(bench, "unreachable");
  }
  {
    Bench bench;
    bench.host.event(2, SP_EVENT_OPENED);
    bench.host.receive(2, error("53300", "too many clients"));
    expect_no_origin(bench, "login refused");
    // The leg stays away; nothing is held again.
    bench.host.receive(1, bench.bytes);
    EXPECT_FALSE(bench.held);
  }
  {
    Bench bench;
    bench.open_catalogue();
    bench.host.event(2, SP_EVENT_END);
    expect_no_origin(bench, "closed");
  }
  {
    Bench bench;
    bench.open_catalogue();
    bench.host.receive(2, error("57014", "canceling statement due to statement timeout") + message('Z', "I"));
    expect_no_origin(bench, "query failed");
  }
}

// Whatever the target answers on this leg, it can only lose the origin.
TEST(Catalogue, HostileAnswers) {
  const std::string long_name(200, 'n');
  Cases cases;
  cases.emplace_back("six columns", data_row({"16500", "2", "public", "customers", "email", "f"}));
  cases.emplace_back("eight columns",
                     data_row({"16500", "2", "public", "customers", "email", "f", "f", "x"}));
  cases.emplace_back("neither true nor false",
                     data_row({"16500", "2", "public", "customers", "email", "x", "f"}));
  cases.emplace_back("NULL", data_row({"16500", "2", "public", std::nullopt, "email", "f", "f"}));
  cases.emplace_back("oid not a number", data_row({"x", "2", "public", "customers", "email", "f", "f"}));
  cases.emplace_back("oid negative", data_row({"-1", "2", "public", "customers", "email", "f", "f"}));
  cases.emplace_back("oid too large",
                     data_row({"99999999999", "2", "public", "customers", "email", "f", "f"}));
  cases.emplace_back("attnum too large",
                     data_row({"16500", "99999", "public", "customers", "email", "f", "f"}));
  cases.emplace_back("another table", data_row({"16501", "2", "public", "customers", "email", "f", "f"}));
  cases.emplace_back("long name", data_row({"16500", "2", "public", "customers", long_name, "f", "f"}));
  cases.emplace_back("no count", message('D', ""));
  cases.emplace_back("length beyond the message", message('D', std::string("\0\5\0\0\xff\xff", 6)));
  cases.emplace_back("in a transaction", message('Z', "T"));
  cases.emplace_back("copy", message('H', std::string(3, '\0')));
  cases.emplace_back("authentication", authentication(3));
  cases.emplace_back("length 0", std::string("D") + u32(0));
  cases.emplace_back("huge length", std::string("D") + u32(0x7fffffff));
  cases.emplace_back("text", "HTTP/1.1 200 OK\r\n");
  for (const auto& [name, bytes] : cases) {
    Bench bench;
    bench.open_catalogue();
    bench.host.receive(2, bytes);
    EXPECT_FALSE(bench.held) << name;
    EXPECT_TRUE(bench.host.legs[2].finished) << name;
    bench.again();
    EXPECT_EQ(field_of(bench, "mail")->flags, uint32_t{SP_FIELD_NO_ORIGIN}) << name;
    EXPECT_TRUE(bench.host.legs[0].output.find("jane") == std::string::npos) << name;
  }
}

TEST(Catalogue, UnaskedRepliesCloseTheLeg) {
  Bench bench;
  bench.open_catalogue();
  bench.answer_catalogue({{"16500", "2", "public", "customers", "email", "f"}});
  bench.host.receive(2, data_row({"16500", "2", "public", "customers", "harmless", "f", "f"}));
  EXPECT_TRUE(bench.host.legs[2].finished);
  EXPECT_EQ(bench.catalogue.paths(16500, 2), std::vector<std::string_view>{"public.customers.email"});
}

// DDL while a question is under way: its answer may be older than the change, so it is asked again.
TEST(Catalogue, InvalidateWhileAsking) {
  Bench bench;
  bench.open_catalogue();
  bench.catalogue.invalidate();
  bench.answer_catalogue({{"16500", "2", "public", "customers", "old", "f"}});
  EXPECT_TRUE(bench.held);
  bench.answer_catalogue({{"16500", "2", "public", "customers", "email", "f"}});
  EXPECT_FALSE(bench.held);
  EXPECT_EQ(bench.catalogue.paths(16500, 2), std::vector<std::string_view>{"public.customers.email"});
}

// A view has a name of its own, but what it shows may be a masked column of a table.
TEST(Catalogue, WhatViewsShowMayBelongToOthers) {
  Bench bench;
  bench.open_catalogue();
  bench.answer_catalogue({{"16500", "2", "public", "contacts", "mail", "t"}});
  bench.again();
  EXPECT_EQ(field_of(bench, "mail")->path, "public.contacts.mail");
  EXPECT_EQ(field_of(bench, "mail")->flags, uint32_t{SP_FIELD_NO_ORIGIN});
}

TEST(Catalogue, StatementsThatReadNoRelationSaySo) {
  RowsBench bench;
  bench.mask("jane", "****");
  RowShape shape;
  EXPECT_EQ(bench.rows.describe(as_bytes(row_description({{"one"}})), shape, {.tables = false}),
            Described::Done);
  (void)bench.rows.clear(shape);
  EXPECT_EQ(field_of(bench, "one")->flags, uint32_t{SP_FIELD_NO_ORIGIN | SP_FIELD_UNRELATED});
}

TEST(Catalogue, NumbersThatOnlyCountStayNumbers) {
  for (const bool converts : {false, true}) {
    RowsBench bench;
    bench.mask("jane", "****");
    RowShape shape;
    EXPECT_EQ(
        bench.rows.describe(as_bytes(row_description({{"n", 0, 0, 20}})), shape, {.converts = converts}),
        Described::Done);
    (void)bench.rows.clear(shape);
    EXPECT_EQ(field_of(bench, "n")->kind, converts ? SP_KIND_TEXT : SP_KIND_DIGITS);
  }
}

TEST(Catalogue, SystemColumnsAreNobodys) {
  RowsBench bench;
  bench.mask("jane", "****");
  bench.host.receive(1, row_description({{"ctid", 16500, -1, 27}}));
  bench.open_catalogue();
  bench.answer_catalogue({{"16500", "2", "public", "customers", "email", "f"}});
  bench.again();
  bench.host.receive(1, data_row({"(0,1)"}));
  EXPECT_EQ(field_of(bench, "ctid")->flags, 0u);
}

TEST(Catalogue, SplitInvariance) {
  const auto run = [](size_t chunk) {
    Bench bench;
    bench.host.event(2, SP_EVENT_OPENED);
    const std::string reply = target_greeting() + row_description({{"oid"}}) +
                              data_row({"16500", "2", "public", "customers", "email", "f", "f"}) +
                              message('C', text("SELECT 1")) + message('Z', "I");
    for (size_t at = 0; at < reply.size(); at += chunk) bench.host.receive(2, reply.substr(at, chunk));
    EXPECT_FALSE(bench.held);
    bench.again();
    return std::pair(bench.host.legs[0].output, bench.host.legs[2].output);
  };
  const auto whole = run(1 << 20);
  EXPECT_NE(whole.first.find("****"), std::string::npos);
  for (const size_t chunk : {1, 2, 3, 7}) EXPECT_EQ(run(chunk), whole);
}

}  // namespace
}  // namespace sallyport::pg::test
