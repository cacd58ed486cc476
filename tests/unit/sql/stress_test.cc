// The proof of the limits: long and deep texts of every shape, each parsed on a thread of 8 MiB of stack that
// was painted before, so that the stack's use is measured and not guessed. A core's own thread has 64 MiB.
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <functional>

#include "plugins/postgresql/sql/classify.h"

namespace sallyport::postgresql::sql {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer);
#else
constexpr bool sanitized = false;
#endif

// Instrumented frames are some ten times as large: they get what a core's thread has.
constexpr size_t stack_size = (sanitized ? 64 : 8) * 1024 * 1024;
constexpr size_t page_size = 4096;

struct Outcome {
  bool parsed = false;
  std::string reason;
  size_t stack_used = 0;  // bytes
};

struct Job {
  const std::string& text;
  Outcome outcome;
};

void* run(void* argument) {
  auto* job = static_cast<Job*>(argument);
  Classifier classifier;
  const Classification result = classifier.classify(job->text);
  job->outcome = {.parsed = result.parsed, .reason = result.reason};
  return nullptr;
}

Outcome classify_on_small_stack(const std::string& text) {
  void* stack =
      mmap(nullptr, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, stack, stack_size);
  Job job{text, {}};
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, &attributes, run, &job), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  std::array<unsigned char, stack_size / page_size> resident{};
  EXPECT_EQ(mincore(stack, stack_size, resident.data()), 0);
  const auto* lowest = std::ranges::find_if(resident, [](unsigned char page) { return (page & 1) != 0; });
  job.outcome.stack_used = static_cast<size_t>(resident.end() - lowest) * page_size;
  munmap(stack, stack_size);
  return job.outcome;
}

std::string repeat(std::string_view piece, size_t count) {
  std::string text;
  text.reserve(piece.size() * count);
  for (size_t index = 0; index < count; ++index) text += piece;
  return text;
}

struct Form {
  const char* name;
  std::function<std::string(size_t)> text;
};

// SELECT, `before` n times, `middle`, `after` n times.
Form form(const char* name, const char* before, const char* middle, const char* after = "",
          const char* start = "SELECT ") {
  return {name, [=](size_t count) { return start + repeat(before, count) + middle + repeat(after, count); }};
}

// Each level deeper than the one before.
const std::vector<Form>& deep_forms() {
  static const std::vector<Form> forms = {
      form("plus", "1+", "1"),
      form("minus", "- ", "a"),
      form("not", "NOT ", "true"),
      form("parentheses", "(", "1", ")"),
      form("casts", "", "1", "::a"),
      form("cast calls", "CAST(", "1", " AS int)"),
      form("concatenation", "'a'||", "'b'"),
      form("user operators", "a @ ", "b"),
      form("operator spelled out", "OPERATOR(pg_catalog.-) ", "a"),
      form("case", "CASE WHEN true THEN ", "1", " END"),
      form("case else", "CASE WHEN true THEN 1 ELSE ", "1", " END"),
      form("case condition", "CASE WHEN a AND ", "b", " THEN 1 END"),
      form("calls", "f(", "1", ")"),
      form("calls by name", "f(a => ", "1", ")"),
      form("arrays", "ARRAY[", "1", "]"),
      form("subscripts", "a[", "1", "]"),
      form("rows", "ROW(", "1", ")"),
      form("row pairs", "(1,", "2", ")"),
      form("scalar subselects", "(SELECT ", "1", ")"),
      form("subselects in FROM", "* FROM (SELECT ", "1", ") x"),
      form("exists", "EXISTS (SELECT ", "1", ")"),
      form("in", "1 IN (SELECT ", "1", ")"),
      form("in value", "1 IN (", "1", ")"),
      form("any", "1 = ANY (ARRAY[", "1", "])"),
      form("with", "1 FROM (WITH a AS (SELECT 1) SELECT ", "1", ") x"),
      form("cte in cte", "WITH a AS (", "SELECT 1", ") SELECT 1", ""),
      form("union", "1 UNION SELECT ", "1"),
      form("intersect", "1 INTERSECT SELECT ", "1"),
      form("union in brackets", "(", "1 UNION SELECT 1", ")"),
      form("union to the right", "1 UNION (SELECT ", "1", ")"),
      form("union with lists", "1, 2 UNION ALL SELECT ", "1, 2"),
      form("joins", "", "a", " JOIN b ON true", "SELECT * FROM "),
      form("joins with AND", "", "a", " JOIN b ON x AND y", "SELECT * FROM "),
      form("joins without ON", "", "a", " NATURAL JOIN b", "SELECT * FROM "),
      form("joins to the right", "a JOIN ", "a", " ON true", "SELECT * FROM "),
      form("joins in brackets", "(", "a", " JOIN b ON true)", "SELECT * FROM "),
      form("collate", "", "a", " COLLATE b"),
      form("at time zone", "", "a", " AT TIME ZONE 'b'"),
      form("is", "", "a", " IS NULL"),
      form("is in brackets", "(", "a", " IS NULL)"),
      form("like", "", "a", " LIKE 'b'"),
      form("between", "a BETWEEN ", "1", " AND 2"),
      form("between in brackets", "(1 BETWEEN ", "1", " AND 2)"),
      form("coalesce", "coalesce(", "1", ")"),
      form("xml", "xmlconcat(", "a", ")"),
      form("extract", "extract(year FROM ", "a", ")"),
      form("trim", "trim(both ", "'a'", ")"),
      form("filter", "count(*) FILTER (WHERE ", "true", ")"),
      form("over", "count(*) OVER (PARTITION BY ", "1", ")"),
      form("order by in call", "array_agg(1 ORDER BY ", "1", ")"),
      form("values", "* FROM (VALUES (", "1", ")) x"),
      form("lateral", "* FROM LATERAL (SELECT ", "1", ") x"),
      form("rows from", "* FROM ROWS FROM (f(", "1", "))"),
      form("and or in brackets", "(true AND (false OR ", "true", "))"),
      form("not in brackets", "(NOT ", "true", ")"),
      form("indirection", "(", "a", ").b"),
      form("labels", "1 case UNION SELECT 1 UNION SELECT 1 end UNION SELECT ", "1"),
      form("routine bodies", "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC ", "SELECT 1", "; END", ""),
      form("rules", "CREATE RULE r AS ON INSERT TO t DO (", "SELECT 1", ")", ""),
      form("explain", "EXPLAIN ", "SELECT 1", "", ""),
      form("prepare", "PREPARE a AS ", "SELECT 1", "", ""),
      form("insert from subselects", "* FROM (SELECT ", "1", ") x", "INSERT INTO t SELECT "),
      form("default", "(", "1", ")", "CREATE TABLE t (a int DEFAULT "),
      form("grouping sets", "1 GROUP BY GROUPING SETS (", "a", ")"),
  };
  return forms;
}

// Long, but each item beside the one before.
const std::vector<Form>& flat_forms() {
  static const std::vector<Form> forms = {
      form("select list", "1,", "1"),
      form("in list", "1,", "1)", "", "SELECT 1 WHERE a IN ("),
      form("array", "1,", "1]", "", "SELECT ARRAY["),
      form("strings", "'abc',", "'d')", "", "SELECT 1 WHERE a IN ("),
      form("row list", "(1, 'a'),", "(1, 'a')", "", "INSERT INTO t VALUES "),
      form("and", "a AND ", "a"),
      form("or of equals", "a = 1 OR ", "a = 1"),
      form("and or", "a = 1 AND b = 2 OR ", "a"),
      form("not and", "NOT a AND ", "a"),
      form("tables", "a,", "b", "", "SELECT * FROM "),
      form("functions", "f(1),", "f(1)"),
      form("cases", "CASE WHEN a THEN b ELSE c END,", "1"),
      form("when", "WHEN a THEN b ", "END", "", "SELECT CASE "),
      form("statements", "SELECT 1;", "SELECT 1", "", ""),
      form("names", "", "a", ".b"),
      form("subscripts", "", "a", "[1]"),
      form("parameters", "$1,", "$2"),
      form("ctes", "a AS (SELECT 1),", "b AS (SELECT 1) SELECT 1", "", "WITH "),
      form("columns", "a int,", "b int)", "", "CREATE TABLE t ("),
      form("drops", "a,", "b", "", "DROP TABLE "),
      form("settings", "a,", "b", "", "SET search_path = "),
      form("named columns", "verylongcolumnname_that_goes_on,", "x", "", "SELECT "),
  };
  return forms;
}

// Every deep form at every size ends in an answer, and no size uses a quarter of the stack.
TEST(Stress, DeepTexts) {
  size_t highest = 0;
  std::string highest_name;
  for (const Form& each : deep_forms()) {
    size_t largest = 0;
    for (size_t count = 1; count <= 131'072; count *= 2) {
      const Outcome outcome = classify_on_small_stack(each.text(count));
      if (outcome.parsed) largest = count;
      if (outcome.stack_used > highest) {
        highest = outcome.stack_used;
        highest_name = each.name + (" x " + std::to_string(count));
      }
    }
    // Close in on the largest that is parsed: there the stack is used most.
    size_t refused = largest * 2;
    while (largest + 1 < refused && largest > 0) {
      const size_t middle = (largest + refused) / 2;
      const Outcome outcome = classify_on_small_stack(each.text(middle));
      if (outcome.parsed) highest = std::max(highest, outcome.stack_used);
      (outcome.parsed ? largest : refused) = middle;
    }
    EXPECT_LT(largest, 5'000U) << each.name;
  }
  RecordProperty("stack_used_max", std::to_string(highest));
  RecordProperty("stack_used_by", highest_name);
  EXPECT_LT(highest, stack_size / 4) << highest_name;
}

// Sizes that people write.
TEST(Stress, ModestDepthIsParsed) {
  for (const char* name :
       {"plus", "parentheses", "concatenation", "case", "calls", "union", "joins", "and or in brackets"}) {
    const auto each = std::ranges::find(deep_forms(), std::string_view(name), &Form::name);
    ASSERT_NE(each, deep_forms().end());
    EXPECT_TRUE(classify_on_small_stack(each->text(150)).parsed) << name;
  }
}

// Lists are long without being deep.
TEST(Stress, FlatTexts) {
  for (const Form& each : flat_forms()) {
    for (const size_t count : {10U, 500U, 1'000U, 10'000U, 200'000U}) {
      const std::string text = each.text(count);
      const Outcome outcome = classify_on_small_stack(text);
      if (count <= 500) {
        EXPECT_TRUE(outcome.parsed) << each.name << " " << count << ": " << outcome.reason;
      }
      if (count > 100'000) {
        EXPECT_FALSE(outcome.parsed) << each.name;
      }
      EXPECT_LT(outcome.stack_used, stack_size / 4) << each.name;
    }
  }
}

TEST(Stress, TenThousandValuesAreParsed) {
  for (const char* name : {"select list", "in list", "array", "strings", "parameters", "and"}) {
    const auto each = std::ranges::find(flat_forms(), std::string_view(name), &Form::name);
    ASSERT_NE(each, flat_forms().end());
    EXPECT_TRUE(classify_on_small_stack(each->text(10'000)).parsed) << name;
  }
}

// One token as long as a text may be.
TEST(Stress, LongTokens) {
  for (const size_t size : {1'000U, 64U * 1024, 255U * 1024}) {
    const std::string filler(size, 'a');
    for (const std::string& text :
         {"SELECT " + filler, "SELECT \"" + filler + "\"", "SELECT '" + filler + "'",
          "SELECT $$" + filler + "$$", "/*" + filler + "*/SELECT 1", "SELECT 1 --" + filler,
          "SELECT $" + filler + "$ $" + filler + "$", "SELECT E'" + repeat("\\x", size / 2) + "'",
          "SELECT " + std::string(size, '1'), "SELECT 1" + std::string(size, ' '),
          "SELECT " + std::string(size, '+') + "1", "SELECT " + repeat("+-", size / 2) + "1",
          "SELECT " + repeat("/*", size / 2) + repeat("*/", size / 2) + "1", repeat(";", size),
          repeat("$", size), repeat("'", size), repeat("\"", size), repeat("(", size)}) {
      (void)classify_on_small_stack(text);
    }
    EXPECT_TRUE(classify_on_small_stack("SELECT '" + filler + "'").parsed);
  }
}

}  // namespace
}  // namespace sallyport::postgresql::sql
