// COPY where masks apply: its rows, its data, what cannot be read.
#include "tests/unit/postgresql/copy_messages.h"

namespace sallyport::pg::test {
namespace {

// Where values are masked, COPY TO STDOUT goes where its rows can be read.
struct MaskedCopy : Bench {
  MaskedCopy() {
    host.masked_field = [](const sp_field& field) { return view_of(field.label) != "column name"; };
    host.mask_value = [this](sp_field_id, std::string_view value, uint8_t*) {
      if (value.find("secret") == std::string_view::npos) return sp_masked{SP_MASK_UNCHANGED, {nullptr, 0}};
      return sp_masked{SP_MASK_REPLACED, {as_bytes(hidden).data(), hidden.size()}};
    };
  }
  // The gateway asks what the COPY shows; the target answers, and copies.
  std::string copy(const std::string& text, const std::string& data, size_t piece = 0, uint8_t format = 0) {
    client(query(text));
    asked_for = to_target();
    target(looked_up() + copy_out(format) + data + copy_done() + complete("COPY 1") + ready(), piece);
    return to_client();
  }
  static std::string looked_up() {
    return parsed() + parameters({}) + columns({"a", "b"}) + closed() + ready();
  }
  std::string hidden = "a\tb";
  std::string asked_for;
};

TEST(SessionCopy, MasksTextRows) {
  for (const size_t piece : {0, 1, 7}) {
    MaskedCopy bench;
    const std::string out = bench.copy(
        "COPY t (a, \"B\") TO STDOUT",
        copy_data("1\tx\n") + copy_data("\\N\tmy secret\n") + copy_data("a\\\\secret\\n\ty\n"), piece);
    EXPECT_EQ(kinds(bench.asked_for), "PDCSQ");
    EXPECT_NE(bench.asked_for.find(R"(SELECT "a", "B" FROM ONLY "t")"), std::string::npos);
    EXPECT_EQ(out, copy_out() + copy_data("1\tx\n") + copy_data("\\N\ta\\tb\n") + copy_data("a\\tb\ty\n") +
                       copy_done() + complete("COPY 1") + ready());
    EXPECT_FALSE(bench.faulted);
  }
}

TEST(SessionCopy, MasksCsvRows) {
  MaskedCopy bench;
  bench.hidden = "a,\"b";
  const std::string out = bench.copy("COPY (SELECT (1), ')' FROM t) TO STDOUT WITH CSV HEADER",
                                     copy_data("a,b\n") + copy_data("1,\"secret\"\"\"\n") +
                                         copy_data("\"x\ny\",secret\n") + copy_data(",\"\"\n"));
  EXPECT_NE(bench.asked_for.find("SELECT (1), ')' FROM t"), std::string::npos);
  EXPECT_EQ(out, copy_out() + copy_data("a,b\n") + copy_data("1,\"a,\"\"b\"\n") +
                     copy_data("\"x\ny\",\"a,\"\"b\"\n") + copy_data(",\"\"\n") + copy_done() +
                     complete("COPY 1") + ready());
}

TEST(SessionCopy, MasksBinaryRows) {
  const std::string head("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
  const auto row = [](const std::string& value) {
    Writer out;
    out.u16(2).i32(-1).i32(static_cast<int32_t>(value.size())).bytes(as_bytes(value));
    return std::string(as_text(out.view()));
  };
  const std::string end("\xff\xff");
  MaskedCopy bench;
  const std::string out =
      bench.copy("COPY t TO STDOUT (FORMAT binary)",
                 copy_data(head + row("secret")) + copy_data(row("plain")) + copy_data(end), 0, 1);
  EXPECT_EQ(out, copy_out(1) + copy_data(head + row("a\tb")) + copy_data(row("plain")) + copy_data(end) +
                     copy_done() + complete("COPY 1") + ready());
}

TEST(SessionCopy, MasksInTheExtendedProtocol) {
  MaskedCopy bench;
  bench.client(run("COPY t TO STDOUT") + sync());
  EXPECT_EQ(kinds(bench.to_target()), "PBDPDCES");
  bench.target(parsed() + bound() + no_data() + parsed() + parameters({}) + columns({"a", "b"}) + closed() +
               copy_out() + copy_data("secret\t1\n") + copy_done() + complete("COPY 1") + ready());
  EXPECT_EQ(bench.to_client(), parsed() + bound() + copy_out() + copy_data("a\\tb\t1\n") + copy_done() +
                                   complete("COPY 1") + ready());
  EXPECT_FALSE(bench.faulted);
}

// What the look-up fails with is the COPY's error: in a block the client sees it in the COPY's place, once.
TEST(SessionCopy, TellsTheErrorOfTheLookUp) {
  MaskedCopy bench;
  bench.client(query("BEGIN"));
  bench.target(complete("BEGIN") + ready('T'));
  bench.to_client();
  bench.client(query("COPY t TO STDOUT") + query("SELECT 1"));
  bench.target(failure("42P01") + ready('E') + failure("25P02") + ready('E'));
  std::string out = bench.to_client();
  EXPECT_EQ(kinds(out), "EZ");
  EXPECT_EQ(said(out, 'C'), "42P01");
  bench.target(failure("25P02") + ready('E'));
  EXPECT_EQ(kinds(bench.to_client()), "EZ");
  EXPECT_FALSE(bench.faulted);
}

// Outside one the COPY's own words are the better ones; rows that come all the same are not shown.
TEST(SessionCopy, LetsTheCopySayItsErrorItself) {
  for (const bool comes : {false, true}) {
    MaskedCopy bench;
    bench.client(query("COPY t TO STDOUT"));
    bench.target(failure("42703") + ready() +
                 (comes ? copy_out() + copy_data("secret\t1\n") + copy_done() + complete("COPY 1") + ready()
                        : failure("42P01") + ready()));
    const std::string out = bench.to_client();
    EXPECT_EQ(kinds(out), comes ? "HdcCZ" : "EZ");
    EXPECT_EQ(out.find("secret"), std::string::npos);
    if (!comes) {
      EXPECT_EQ(said(out, 'C'), "42P01");
    }
    EXPECT_FALSE(bench.faulted);
  }
}

// Rows that are not what was described, or not of their format, are not shown.
TEST(SessionCopy, EndsOverRowsThatCannotBeRead) {
  for (const char* bad : {"1\n", "1\t2\t3\n", "1\tsecret", "1\tsec\nret\n", "1\tsecret\\\n", ""}) {
    MaskedCopy bench;
    bench.client(query("COPY t TO STDOUT"));
    bench.target(MaskedCopy::looked_up() + copy_out() + copy_data(bad) + copy_done() + complete("COPY 1"));
    EXPECT_TRUE(bench.faulted || bench.wire.ended) << bad;
    EXPECT_EQ(bench.to_client().find("secret"), std::string::npos) << bad;
  }
}

TEST(SessionCopy, IsRefusedOutWhereItsRowsCannotBeRead) {
  for (const char* text : {"SELECT 1; COPY a TO STDOUT (FORMAT binary)", "COPY a TO STDOUT (DELIMITER '*')",
                           "COPY a TO STDOUT (FORMAT csv, QUOTE 'x')"}) {
    MaskedCopy bench;
    bench.client(query(text));
    EXPECT_EQ(said(bench.to_client(), 'C'), "0A000") << text;
    EXPECT_EQ(bench.to_target(), "") << text;
  }
}

// A mask of requests ends the COPY before what it forbids leaves, also where it is cut between two messages.
TEST(SessionCopy, BlocksDataThatMayNotBeSent) {
  for (const bool cut : {false, true}) {
    Bench bench;
    bench.host.blocked = [](std::string_view value) { return value.find("secret") != value.npos; };
    begin_copy_in(bench, query("COPY a FROM STDIN"));
    const std::string bad = cut ? copy_data("x\tsec") + copy_data("ret\n") : copy_data("x\tsecret\n");
    bench.client(copy_data("plain\n") + bad + copy_data("more\n") + copy_done(), 3);
    EXPECT_EQ(kinds(bench.to_target()), cut ? "ddf" : "df");
    bench.target(failure("57014") + ready());
    const std::string out = bench.to_client();
    EXPECT_EQ(kinds(out), "EZ");
    EXPECT_EQ(said(out, 'C'), "42501");
    bench.client(query("SELECT 1"));
    EXPECT_EQ(kinds(bench.to_target()), "Q");
    EXPECT_FALSE(bench.faulted);
  }
}

TEST(SessionCopy, BlocksBoundValuesThatMayNotBeSent) {
  Bench bench;
  bench.host.blocked = [](std::string_view value) { return value.find("secret") != value.npos; };
  Writer out;
  out.begin(front::bind).text("").text("").u16(0).u16(1).i32(6).bytes(as_bytes("secret")).u16(0).end();
  bench.client(parse("", "SELECT $1") + std::string(as_text(out.view())) + sync());
  EXPECT_EQ(bench.to_target().find("secret"), std::string::npos);
  bench.target(parsed() + failure("34000") + ready());
  EXPECT_EQ(said(bench.to_client(), 'C'), "42501");
}

// A reload in the middle brings a mask: nothing more is shown.
TEST(SessionCopy, EndsWhenAMaskComesInTheMiddle) {
  Bench bench;
  bench.client(query("COPY a TO STDOUT"));
  bench.target(copy_out() + copy_data("1\n"));
  bench.to_client();
  bench.host.masked_field = [](const sp_field&) { return true; };
  bench.wire.rows.reset_fields();
  bench.target(copy_data("secret\n") + copy_done() + complete("COPY 2") + ready());
  const std::string out = bench.to_client();
  EXPECT_EQ(kinds(out), "E");
  EXPECT_EQ(said(out, 'S'), "FATAL");
  EXPECT_TRUE(bench.wire.ended);
}

}  // namespace
}  // namespace sallyport::pg::test
