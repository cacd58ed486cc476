// COPY to and from the client: legal orders, failures in the middle, what stands behind it, and what is
// recorded.
#include "tests/unit/postgresql/copy_messages.h"

namespace sallyport::pg::test {
namespace {

// A COPY FROM STDIN that was sent and for whose data the server has asked.
void begin_copy_in(Bench& bench, const std::string& sent, const std::string& before = "") {
  bench.client(sent);
  bench.to_target();
  bench.target(before + copy_in());
  bench.to_client();
}

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

// What the look-up fails with is the COPY's error: the client sees it once, and the transaction is as it
// would be.
TEST(SessionCopy, TellsTheErrorOfTheLookUp) {
  MaskedCopy bench;
  bench.client(query("COPY t TO STDOUT") + query("SELECT 1"));
  bench.target(failure("42P01") + ready('E') + failure("25P02") + ready('E'));
  EXPECT_EQ(kinds(bench.to_client()), "EZ");
  bench.target(failure("25P02") + ready('E'));
  EXPECT_EQ(kinds(bench.to_client()), "EZ");
  EXPECT_FALSE(bench.faulted);
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
