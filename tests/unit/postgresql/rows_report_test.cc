// Whose words a report's texts are, and what proves that an error quotes nothing masked.
#include <gtest/gtest.h>

#include "plugins/postgresql/rows/report.h"
#include "plugins/postgresql/sql/classify.h"
#include "tests/unit/postgresql/rows_bench.h"

namespace sallyport::pg::test {
namespace {

namespace sql = postgresql::sql;
using Fields = std::vector<std::pair<char, std::string>>;

std::string report(const Fields& fields) {
  Writer out;
  out.begin('E');
  for (const auto& [code, value] : fields) out.u8(static_cast<uint8_t>(code)).text(value);
  return bytes_of(out.u8(0).end());
}
ReportOf kind(const std::string& code, Fields more, const std::string& file = "int.c") {
  Fields fields = {{'S', "ERROR"}, {'C', code}, {'M', "m"}, {'F', file}, {'R', "f"}};
  fields.insert(fields.end(), more.begin(), more.end());
  const std::string bytes = report(fields);
  return report_of(as_bytes(std::string_view(bytes).substr(5)));
}

TEST(Report, IsOfTheTextWhereTheParserPlacesIt) {
  EXPECT_EQ(kind("22P02", {{'P', "8"}}), ReportOf::Text);
  EXPECT_EQ(kind("42703", {{'P', "8"}}), ReportOf::Text);
  EXPECT_EQ(kind("22P02", {{'P', "8"}, {'W', "JSON data, line 1: {bad"}}), ReportOf::Text);
}

// The name of a type is read out of a value, and queries inside functions have positions too.
TEST(Report, IsOfCodeWhereItHasAContext) {
  EXPECT_EQ(kind("42601", {{'P', "1"}, {'W', "invalid type name \"a@b.c\""}}), ReportOf::Code);
  EXPECT_EQ(kind("42P01", {{'p', "8"}, {'q', "SELECT 1 FROM x"}}), ReportOf::Code);
  EXPECT_EQ(kind("22P02", {{'W', "PL/pgSQL function f() line 1 at RETURN"}}), ReportOf::Code);
  EXPECT_EQ(kind("22P02", {{'W', "JSON data, line 1: {bad\nSQL function \"f\" statement 1"}}),
            ReportOf::Code);
  EXPECT_EQ(kind("22P02", {{'W', "unnamed portal parameter $1\nSQL function \"f\""}}), ReportOf::Code);
  EXPECT_EQ(kind("23505", {{'s', "public"}, {'t', "a"}, {'W', "SQL statement \"INSERT\""}}), ReportOf::Code);
}

TEST(Report, IsOfCodeWhereUsersRaiseIt) {
  EXPECT_EQ(kind("22P02", {{'P', "8"}}, "pl_exec.c"), ReportOf::Code);
  EXPECT_EQ(kind("23505", {{'s', "public"}, {'t', "a"}}, "pl_exec.c"), ReportOf::Code);
  EXPECT_EQ(kind("00000", {}, "pl_exec.c"), ReportOf::Code);
  EXPECT_EQ(kind("00000", {}, "any.c"), ReportOf::Code);
  EXPECT_EQ(kind("P0001", {}), ReportOf::Code);
  EXPECT_EQ(kind("22P02", {{'P', "8"}}, ""), ReportOf::Code);  // nobody says where it was made
}

TEST(Report, IsOfWhatItSays) {
  EXPECT_EQ(kind("22P02", {}), ReportOf::Statement);
  EXPECT_EQ(kind("22P02", {{'W', "unnamed portal parameter $1"}}), ReportOf::Parameter);
  EXPECT_EQ(kind("23505", {{'s', "public"}, {'t', "a"}}), ReportOf::Row);
  EXPECT_EQ(kind("23514", {{'s', "public"}, {'d', "a"}}), ReportOf::Code);  // a domain's: of no table
  EXPECT_EQ(kind("00000", {}, "dropcmds.c"), ReportOf::Definition);
}

struct Bench : RowsBench {
  About about{.quotes = Quotes::Stored};
  std::string bytes =
      report({{'S', "ERROR"}, {'C', "22P02"}, {'M', "jane"}, {'F', "numutils.c"}, {'R', "f"}});

  explicit Bench(std::string_view text) {
    host.masked_field = [](const sp_field& field) { return (field.flags & SP_FIELD_NO_ORIGIN) != 0; };
    host.names_masked = [](std::string_view path) { return path == "public.users.email"; };
    auto all = std::make_shared<sql::Classification>(sql::Classifier().classify(text));
    about.statement = {all, &all->statements[0]};
    catalogue.prepare(
        {.target = "orders-db", .database = "shop", .tls = SP_TARGET_TLS_OFF, .parameters = {}});
  }
  [[nodiscard]] Described prepare() {
    return rows.prepare_report(as_bytes(std::string_view(bytes).substr(5)), about);
  }
  void answer_sources(const std::vector<Values>& answer) {
    std::string said = row_description({{"number"}, {"oid"}, {"seems"}, {"functions"}});
    for (const Values& row : answer) said += data_row(row);
    said += message('C', text("SELECT 1")) + row_description({{"own"}}) + data_row({"f"});
    host.receive(catalogue_leg, said + message('C', text("SELECT 1")) + message('Z', "I"));
  }
  // A text that may come from a masked field is looked at; another one has no mask here.
  [[nodiscard]] bool hidden() {
    std::vector<uint8_t> data(bytes.begin(), bytes.end());
    host.mask_sizes.clear();
    rows.begin();
    EXPECT_TRUE(rows.collect_report(data, 0, data.size(), about));
    (void)rows.finish();  // of no feed: the host does not edit it
    return !host.mask_sizes.empty();
  }
};

TEST(Report, OfAStatementThatReadsNothingMaskedIsShown) {
  Bench bench("SELECT n::int FROM a");
  EXPECT_EQ(bench.prepare(), Described::Waiting);
  bench.open_catalogue();
  bench.answer_sources({{"0", "16500", "t", ""}});
  EXPECT_EQ(bench.prepare(), Described::Waiting);
  bench.answer_catalogue({{"16500", "1", "public", "a", "n", "f"}});
  EXPECT_EQ(bench.prepare(), Described::Done);
  EXPECT_FALSE(bench.hidden());
}

TEST(Report, OfOthersIsHidden) {
  for (const auto& [kind, table] : {std::pair{"t", "users"}, std::pair{"p", "a"}}) {
    Bench bench("SELECT n::int FROM a");
    EXPECT_EQ(bench.prepare(), Described::Waiting);
    bench.open_catalogue();
    bench.answer_sources({{"0", "16500", kind, ""}});
    if (bench.prepare() == Described::Waiting)
      bench.answer_catalogue({{"16500", "1", "public", table, "email", "f"}});
    EXPECT_EQ(bench.prepare(), Described::Done);
    EXPECT_TRUE(bench.hidden()) << kind;
  }
  // What runs code, writes or may mean anything is asked nothing of.
  for (const char* text : {"SELECT mine(n) FROM a", "UPDATE a SET n = n::int WHERE n = '1'", "EXECUTE p"}) {
    Bench bench(text);
    EXPECT_EQ(bench.prepare(), Described::Done) << text;
    EXPECT_TRUE(bench.hidden()) << text;
  }
}

}  // namespace
}  // namespace sallyport::pg::test
