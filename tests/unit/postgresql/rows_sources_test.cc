// What a statement may read at most: the question that finds it, and what an answer proves.
#include <gtest/gtest.h>

#include "plugins/postgresql/rows/server_views.h"
#include "plugins/postgresql/rows/sources.h"
#include "plugins/postgresql/sql/classify.h"
#include "tests/unit/postgresql/rows_bench.h"

namespace sallyport::pg::test {
namespace {

namespace sql = postgresql::sql;

std::shared_ptr<const sql::Statement> statement(std::string_view text) {
  auto all = std::make_shared<sql::Classification>(sql::Classifier().classify(text));
  return {all, &all->statements[0]};
}
SourcesQuestion question(std::string_view text) { return sources_question(*statement(text)); }

TEST(Sources, AskForEveryNameOnce) {
  const SourcesQuestion asked =
      question("SELECT upper(a.n) FROM s.\"it's\" a, b JOIN b AS c USING (id) WHERE n IN (SELECT m FROM d)");
  EXPECT_EQ(asked.relation_count, 3u);
  EXPECT_NE(asked.text.find("'s'::pg_catalog.name, 'it''s'::pg_catalog.name"), std::string::npos);
  EXPECT_NE(asked.text.find("''::pg_catalog.name, 'd'::pg_catalog.name"), std::string::npos);
  // A user's function may answer to a function's or a column's name.
  for (const char* name : {"'upper'", "'n'", "'m'"}) {
    EXPECT_NE(asked.text.find(name), std::string::npos) << name;
  }
}

TEST(Sources, ProveNothingOfWhatMayReadAnything) {
  for (const char* text :
       {"SELECT mine(n) FROM a", "INSERT INTO a SELECT n FROM b RETURNING n", "EXECUTE p", "SHOW a.b",
        "SELECT current_setting('a.b') || n FROM a", "SELECT query_to_xml(n, true, true, '') FROM a",
        "SELECT n FROM pg_temp.a", "SELECT n FROM \"a\\b\"", "SELECT n <@> n FROM a",
        "WITH x AS (DELETE FROM a RETURNING n) SELECT n FROM x", "CALL p()", "DO ''", "SELEKT n FROM a"}) {
    EXPECT_EQ(question(text).text, "") << text;
  }
  for (const char* text :
       {"SELECT upper(n) FROM a", "TABLE a", "SELECT n FROM a FOR UPDATE", "SELECT 1", "SELECT age(1)",
        "SELECT nextval('s'), n FROM a", "EXPLAIN SELECT n FROM a", "COPY a TO STDOUT"}) {
    EXPECT_NE(question(text).text, "") << text;
  }
}

// What the catalogue's own columns show, functions may show in other words; nothing else.
TEST(Sources, LookPastFunctionsOfTheCatalogue) {
  for (const char* call :
       {"pg_catalog.pg_get_expr(n, 1)", "pg_table_is_visible(1)", "pg_get_viewdef(1)", "to_regclass(n)",
        "obj_description(1)", "enum_range(n)", "pg_total_relation_size(1)", "pg_stat_get_numscans(1)",
        "information_schema._pg_expandarray(n)", "current_setting('work_mem')",
        "has_table_privilege('a', n)"}) {
    EXPECT_NE(question(std::string("SELECT ") + call + " FROM a").text, "") << call;
  }
  for (const char* call : {"pg_mcv_list_items(n)",
                           "pg_stat_get_activity(1)",
                           "pg_stat_get_backend_activity(1)",
                           "pg_cursor()",
                           "pg_stat_get_wal_receiver()",
                           "pg_prepared_statement()",
                           "pg_show_all_settings()",
                           "pg_listening_channels()",
                           "pg_get_replication_slots()",
                           "pg_stat_get_what_comes_later(1)",
                           "pg_get_whatever(1)",
                           "public._pg_expandarray(n)",
                           "_pg_expandarray(n)",
                           "information_schema.mine(n)",
                           "information_schema.lower(n)",
                           "public.pg_get_expr(n, 1)",
                           "x.information_schema._pg_expandarray(n)",
                           "table_to_xml('a', true, true, '')",
                           "pg_read_file(n)",
                           "lo_get(1)",
                           "dblink(n)",
                           "current_setting('search_path')",
                           "ts_stat(n)",
                           "pg_get_backend_memory_contexts()",
                           "cursor_to_xml(n, 1, true, true, '')"}) {
    EXPECT_EQ(question(std::string("SELECT ") + call + " FROM a").text, "") << call;
  }
}

TEST(Sources, KnowSomeColumnsOfTheServersViews) {
  EXPECT_TRUE(shows_server_state(12228, "pg_catalog.pg_stat_activity.state"));
  EXPECT_TRUE(shows_server_state(12228, "pg_catalog.pg_settings.unit"));
  for (const char* path :
       {"pg_catalog.pg_stat_activity.query", "pg_catalog.pg_stat_activity.application_name",
        "pg_catalog.pg_settings.setting", "pg_catalog.pg_settings.reset_val", "public.pg_settings.unit",
        "pg_catalog.pg_stats.most_common_vals", "pg_catalog.pg_stats.attname", ""}) {
    EXPECT_FALSE(shows_server_state(12228, path)) << path;
  }
  EXPECT_FALSE(shows_server_state(16384, "pg_catalog.pg_stat_activity.state"));  // a user's
  EXPECT_FALSE(shows_server_state(0, "pg_catalog.pg_stat_activity.state"));
}

TEST(Sources, VouchForFunctionsOfViews) {
  EXPECT_TRUE(vouched(""));
  EXPECT_TRUE(vouched(",lower,count"));
  EXPECT_TRUE(vouched("pg_get_viewdef,pg_relation_size"));
  for (const char* functions : {"!", "lower,!", "pg_stat_get_activity", "pg_mcv_list_items", "query_to_xml",
                                "current_setting", "lo_get", "set_config"}) {
    EXPECT_FALSE(vouched(functions)) << functions;
  }
}

struct Bench : RowsBench {
  std::string bytes = row_description({{"u"}}) + data_row({"jane"});
  Bench() {
    mask("", "****");
    host.masked_field = [](const sp_field& field) {
      if (view_of(field.label) == "column name") return false;
      return view_of(field.path) == "public.users.email" ||
             ((field.flags & SP_FIELD_NO_ORIGIN) != 0 && (field.flags & SP_FIELD_UNRELATED) == 0);
    };
    host.names_masked = [](std::string_view path) { return path == "public.users.email"; };
    reads.known = true;
    reads.statement = statement("SELECT upper(n) AS u FROM a JOIN b USING (n)");
    catalogue.prepare(
        {.target = "orders-db", .database = "shop", .tls = SP_TARGET_TLS_OFF, .parameters = {}});
    host.receive(1, bytes);
    open_catalogue();
  }
  void answer_sources(const std::vector<Values>& answer, const char* users_own = "f") {
    EXPECT_NE(host.legs[2].output.find("RECURSIVE"), std::string::npos);
    std::string said = row_description({{"number"}, {"oid"}, {"seems"}, {"functions"}});
    for (const Values& row : answer) said += data_row(row);
    said += message('C', text("SELECT 1")) + row_description({{"own"}}) + data_row({users_own});
    host.receive(catalogue_leg, said + message('C', text("SELECT 1")) + message('Z', "I"));
    again();
  }
  void answer_paths(const std::vector<Values>& answer) {
    answer_catalogue(answer);
    again();
  }
  [[nodiscard]] bool masked() const { return host.legs[0].output.find("****") != std::string::npos; }
};

const std::vector<Values> clean = {{"16500", "1", "public", "a", "n", "f"},
                                   {"16501", "1", "public", "b", "n", "f"}};

TEST(Sources, ThatNoMaskNamesShowWhatIsComputed) {
  Bench bench;
  bench.answer_sources({{"0", "16500", "t", ""}, {"1", "16501", "t", ",lower"}});
  bench.answer_paths(clean);
  EXPECT_EQ(bench.host.legs[0].output, bench.bytes);
  // The next time nothing is asked.
  const std::string asked = bench.host.legs[2].output;
  bench.host.legs[0].output.clear();
  bench.host.receive(1, bench.bytes);
  EXPECT_EQ(bench.host.legs[0].output, bench.bytes);
  EXPECT_EQ(bench.host.legs[2].output, asked);
}

TEST(Sources, ThatAMaskNamesHideIt) {
  Bench bench;
  bench.answer_sources({{"0", "16500", "t", ""}, {"1", "16501", "t", ""}, {"1", "16502", "t", ""}});
  std::vector<Values> paths = clean;
  paths.push_back({"16502", "2", "public", "users", "email", "f"});
  bench.answer_paths(paths);
  EXPECT_TRUE(bench.masked());
}

TEST(Sources, ThatAreNotAllSeenProveNothing) {
  const std::vector<std::pair<std::vector<Values>, const char*>> answers = {
      {{{"0", "16500", "t", ""}}, "f"},                                       // b was not found
      {{{"0", "16500", "t", ""}, {"1", "16501", "f", ""}}, "f"},              // foreign
      {{{"0", "16500", "t", ""}, {"1", "16501", "t", "query_to_xml"}}, "f"},  // a view that reads anything
      {{{"0", "16500", "t", ""}, {"1", "16501", "t", ""}}, "t"},              // upper() may be a user's
  };
  for (const auto& [answer, users_own] : answers) {
    Bench bench;
    bench.answer_sources(answer, users_own);
    EXPECT_TRUE(bench.masked());
    EXPECT_TRUE(bench.ok);
  }
}

TEST(Sources, WithoutColumnsProveNothing) {
  Bench bench;
  bench.answer_sources({{"0", "16500", "t", ""}, {"1", "16501", "t", ""}});
  bench.answer_paths({clean[0]});
  EXPECT_TRUE(bench.masked());
}

TEST(Sources, AreNotAskedForWhereNoMaskNamesFields) {
  RowsBench bench;
  bench.mask("", "****");
  bench.reads.statement = statement("SELECT upper(n) AS u FROM a");
  bench.catalogue.prepare(
      {.target = "orders-db", .database = "shop", .tls = SP_TARGET_TLS_OFF, .parameters = {}});
  bench.host.receive(1, row_description({{"u"}}) + data_row({"jane"}));
  EXPECT_EQ(bench.host.legs[2].output.find("RECURSIVE"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::pg::test
