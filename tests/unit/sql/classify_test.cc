#include "plugins/postgresql/sql/classify.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "tests/unit/sql/cases.h"

namespace sallyport::postgresql::sql {
namespace {

void expect_all(const std::vector<Case>& cases) {
  Classifier classifier;
  for (const auto& [text, expected] : cases) {
    const Classification result = classifier.classify(text);
    EXPECT_EQ(summary(result), expected) << text << (result.parsed ? "" : "\nnot parsed: " + result.reason);
  }
}

// Each table is the specification of its subject; the summary shows every fact but places and columns.
TEST(Classify, Query) { expect_all(query_cases()); }
TEST(Classify, Change) { expect_all(change_cases()); }
TEST(Classify, Define) { expect_all(define_cases()); }
TEST(Classify, Session) { expect_all(session_cases()); }
TEST(Classify, Escape) { expect_all(escape_cases()); }
TEST(Classify, Hostile) { expect_all(hostile_cases()); }

// What holds for every classification, whatever the text: the effect is the highest of its set, the verb the
// first of its list, and a statement lies inside the text.
TEST(Classify, Invariants) {
  Classifier classifier;
  for (const auto& [text, expected] : all_cases()) {
    const Classification result = classifier.classify(text);
    ASSERT_FALSE(result.statements.empty()) << text;
    EXPECT_EQ(result.parsed, result.statements.front().verb != "UNPARSED") << text;
    EXPECT_EQ(result.parsed, result.reason.empty()) << text;
    size_t behind = 0;
    for (const Statement& statement : result.statements) {
      EXPECT_EQ(statement.effects >> static_cast<int>(statement.effect), 1U) << text;
      EXPECT_EQ(statement.verb, statement.verbs.front()) << text;
      EXPECT_EQ(statement.has(Effect::escape), !statement.escapes.empty()) << text;
      EXPECT_GE(statement.offset, behind) << text;
      behind = statement.offset + statement.size;
      EXPECT_LE(behind, std::string_view(text).size()) << text;
    }
  }
}

// A text that only reads must stay so when another case is put in front of it or behind it, and the other way
// round: each statement of a batch is judged alone. Unparsed texts take the whole batch with them.
TEST(Classify, BatchesAreTheirStatements) {
  Classifier classifier;
  for (const auto& [text, expected] : all_cases()) {
    const Classification alone = classifier.classify(text);
    const std::string batch = "SELECT 1;" + std::string(text) + "\n;TABLE t";
    const Classification result = classifier.classify(batch);
    if (!alone.parsed) {
      EXPECT_FALSE(result.parsed) << text;
      continue;
    }
    const bool empty = alone.statements.front().verb == "EMPTY";
    EXPECT_EQ(summary(result),
              "SELECT read; " + (empty ? "" : std::string(expected) + "; ") + "SELECT read r:t")
        << text;
  }
}

// The range covers the statement's own tokens: no blanks, comments or semicolons beside them.
TEST(Classify, Places) {
  Classifier classifier;
  const std::string text = " /* a */ SELECT 1 /* b */ ; -- c\n\n DELETE FROM t\n\t--d\n;;VALUES (2)";
  std::vector<std::string> parts;
  for (const Statement& statement : classifier.classify(text).statements) {
    parts.push_back(text.substr(statement.offset, statement.size));
  }
  EXPECT_EQ(parts, (std::vector<std::string>{"SELECT 1", "DELETE FROM t", "VALUES (2)"}));
}

// Inside brackets and routine bodies a semicolon ends nothing.
TEST(Classify, PlacesWithInnerSemicolons) {
  Classifier classifier;
  const std::string rule = "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM u; NOTIFY c)";
  const std::string text = rule + "; SELECT 1";
  const Classification result = classifier.classify(text);
  ASSERT_EQ(result.statements.size(), 2U);
  EXPECT_EQ(text.substr(result.statements[0].offset, result.statements[0].size), rule);
  EXPECT_EQ(text.substr(result.statements[1].offset, result.statements[1].size), "SELECT 1");
}

TEST(Classify, Columns) {
  Classifier classifier;
  const auto columns = [&](const char* text) { return classifier.classify(text).statements.front().columns; };
  EXPECT_EQ(columns("SELECT a, t.b, s.t.c, \"D\", (r).e FROM t WHERE f = 1 ORDER BY g"),
            (std::vector<std::string>{"a", "b", "c", "D", "e", "r", "f", "g"}));
  EXPECT_EQ(columns("SELECT t.* FROM t"), (std::vector<std::string>{"*"}));
  EXPECT_EQ(columns("SELECT 1"), std::vector<std::string>());
  EXPECT_EQ(columns("COPY t (a, b) TO STDOUT"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(columns("COPY t TO STDOUT"), (std::vector<std::string>{"*"}));
  EXPECT_EQ(columns("COPY t FROM STDIN"), std::vector<std::string>());
}

// A row's name where a column may stand is all its columns.
TEST(Classify, WholeRows) {
  Classifier classifier;
  for (const char* text :
       {"SELECT t FROM t", "SELECT c FROM customers c", "SELECT to_json(c) FROM s.customers AS c",
        "SELECT j FROM (a JOIN b USING (x)) j", "SELECT s::text FROM (SELECT 1) s",
        "WITH w AS (SELECT 1) SELECT w FROM w", "DELETE FROM t AS d WHERE id = 1 RETURNING d",
        "INSERT INTO t VALUES (1) RETURNING t", "PREPARE p AS SELECT t FROM t"}) {
    const std::vector<std::string> columns = classifier.classify(text).statements.front().columns;
    EXPECT_EQ(columns.empty() ? "" : columns.back(), "*") << text;
  }
}

// A plain literal with a backslash is read as the server reads it while standard_conforming_strings is on;
// the flag lets the session refuse it while that is off.
TEST(Classify, PlainBackslash) {
  Classifier classifier;
  EXPECT_TRUE(classifier.classify("SELECT '\\'").plain_backslash);
  EXPECT_TRUE(classifier.classify("SELECT N'\\'").plain_backslash);
  EXPECT_FALSE(classifier.classify("SELECT E'\\n', U&'\\0041', \"\\\", $$\\$$ -- \\").plain_backslash);
}

TEST(Classify, ObjectTextQuotesWhatWouldMislead) {
  EXPECT_EQ((Object{.kind = ObjectKind::relation, .schema = "a", .name = "b"}.text()), "a.b");
  EXPECT_EQ((Object{.kind = ObjectKind::relation, .name = "a.b"}.text()), "\"a.b\"");
  EXPECT_EQ((Object{.kind = ObjectKind::relation, .schema = "x\"y", .name = "Z"}.text()), "\"x\"\"y\".\"Z\"");
}

// libpg_query keeps its state in thread-locals; classifiers of several threads do not meet.
TEST(Classify, ThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::vector<int> faults(4);
  for (int& fault_count : faults) {
    threads.emplace_back([&fault_count] {
      Classifier classifier;
      for (int round = 0; round < 3; ++round) {
        for (const auto& [text, expected] : all_cases())
          fault_count += summary(classifier.classify(text)) != expected;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(faults, std::vector<int>(4));
}

}  // namespace

std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (const auto* cases : {&query_cases(), &change_cases(), &define_cases(), &session_cases(),
                            &escape_cases(), &hostile_cases()}) {
    all.insert(all.end(), cases->begin(), cases->end());
  }
  return all;
}

}  // namespace sallyport::postgresql::sql
