#include "plugins/postgresql/sql/lexer.h"

#include <gtest/gtest.h>
#include <pg_query.h>

#include "plugins/postgresql/sql/classify.h"
#include "tests/unit/sql/cases.h"
#include "tests/unit/sql/scan.h"

namespace sallyport::postgresql::sql {
namespace {

constexpr uint64_t seed = 20240607;

std::vector<std::string> tokens_of(std::string_view text) {
  Lexer lexer(text);
  std::vector<std::string> list;
  for (;;) {
    const Token token = lexer.next();
    if (token == Token::fault) list.emplace_back("fault");
    if (token == Token::end || token == Token::fault) return list;
    list.emplace_back(lexer.token());
  }
}
using List = std::vector<std::string>;

TEST(Lexer, Operators) {
  EXPECT_EQ(tokens_of("a+-b"), (List{"a", "+", "-", "b"}));
  EXPECT_EQ(tokens_of("a@-b"), (List{"a", "@-", "b"}));
  EXPECT_EQ(tokens_of("a*/**/b"), (List{"a", "*", "b"}));
  EXPECT_EQ(tokens_of("a<--b\nc"), (List{"a", "<", "c"}));
  EXPECT_EQ(tokens_of("a||'b'"), (List{"a", "||", "'b'"}));
  EXPECT_EQ(tokens_of("a::b:=c..d=>e"), (List{"a", "::", "b", ":=", "c", "..", "d", "=>", "e"}));
  EXPECT_EQ(tokens_of("=-"), (List{"=", "-"}));
}

TEST(Lexer, Numbers) {
  EXPECT_EQ(tokens_of("1 1.5 .5 1. 1e5 1.5e-3"), (List{"1", "1.5", ".5", "1.", "1e5", "1.5e-3"}));
  EXPECT_EQ(tokens_of("1..2"), (List{"1", "..", "2"}));
  EXPECT_EQ(tokens_of("1a").back(), "fault");
  EXPECT_EQ(tokens_of("1e+").back(), "fault");
}

TEST(Lexer, Literals) {
  EXPECT_EQ(tokens_of("'a''b' 'c\\'"), (List{"'a''b'", "'c\\'"}));
  EXPECT_EQ(tokens_of("E'a\\'b' x"), (List{"E'a\\'b'", "x"}));
  EXPECT_EQ(tokens_of("'a'\n 'b' c"), (List{"'a'\n 'b'", "c"}));
  EXPECT_EQ(tokens_of("E'a' -- x\n '\\'' c"), (List{"E'a' -- x\n '\\''", "c"}));
  EXPECT_EQ(tokens_of("'a' 'b'"), (List{"'a'", "'b'"}));
  EXPECT_EQ(tokens_of("B'0''1'"), (List{"B'0'", "'1'"}));
  EXPECT_EQ(tokens_of("$a$ $b$ $$ $a$ $$x$$"), (List{"$a$ $b$ $$ $a$", "$$x$$"}));
  EXPECT_EQ(tokens_of("a$b$c $1"), (List{"a$b$c", "$1"}));
  EXPECT_EQ(tokens_of("U&'\\' U&\"a\"\"b\""), (List{"U&'\\'", "U&\"a\"\"b\""}));
  EXPECT_EQ(tokens_of("u&x"), (List{"u", "&", "x"}));
}

TEST(Lexer, Comments) {
  EXPECT_EQ(tokens_of("/* /* */ -- */ a"), (List{"a"}));
  EXPECT_EQ(tokens_of("/*/*/ a */*/ b"), (List{"b"}));
  EXPECT_EQ(tokens_of("-- a\rb"), (List{"b"}));
  EXPECT_EQ(tokens_of("/* a").back(), "fault");
}

// Comments become blanks and nothing moves, also where they stand between the parts of one literal.
TEST(Lexer, BlanksComments) {
  const Shape shape = measure("a /* é\n */ 'b' -- c\n 'd' -- e", {});
  EXPECT_EQ(shape.blanked, "a           'b'     \n 'd'     ");
  EXPECT_EQ(shape.fault, "");
}

TEST(Limiter, Refuses) {
  const auto fault = [](const std::string& text, Limits limits = {}) { return measure(text, limits).fault; };
  EXPECT_EQ(fault("SELECT 1"), "");
  EXPECT_EQ(fault("SELECT 1", {.text_size_max = 7}), "too long");
  EXPECT_EQ(fault(std::string("SELECT\0 1", 9)), "holds a zero byte");
  EXPECT_EQ(fault("SELECT '\xff'"), "not UTF-8");
  EXPECT_EQ(fault("SELECT '\xc0\x80'"), "not UTF-8");
  EXPECT_EQ(fault("SELECT a, b", {.token_count_max = 3}), "too many tokens");
  EXPECT_EQ(fault("SELECT ((1))", {.nesting_max = 2}), "nested too deeply");
  EXPECT_EQ(fault("SELECT 1+1+1", {.depth_max = 2}), "too many operators in a row");
  EXPECT_EQ(fault("a;b;c;", {.statement_count_max = 2}), "too many statements");
  EXPECT_EQ(fault("SELECT " + std::string(64, '+')), "operator too long");
  EXPECT_EQ(fault("SELECT \v1"), "a byte that begins no token");
  EXPECT_EQ(fault("SELECT " + std::string(64, 'a')), "");
  EXPECT_EQ(fault("SELECT é" + std::string(62, 'a')), "identifier too long to know where it is cut");
}

// CASE and END as labels must not let a chain of set operations out of the count.
TEST(Limiter, LabelsHideNoChain) {
  std::string text = "SELECT 1";
  for (int index = 0; index < 100; ++index) text += " case UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 end";
  EXPECT_GE(measure(text, {}).depth, 300U);
}

// Our token boundaries against libpg_query's own scanner, over random texts. It gets the blanked text; the
// original one shows that comments were found where it finds them.
TEST(Lexer, AgreesWithTheParsersScanner) {
  std::mt19937_64 random(seed);
  size_t compared = 0;
  for (size_t round = 0; round < round_count(100'000); ++round) {
    const std::string text = random_text(random);
    std::string blanked = text;
    Lexer lexer(text, &blanked);
    std::vector<Piece> ours;
    Token token = Token::end;
    bool in_a_row =
        false;  // blanks for the comment between two literals make them one, so the limiter refuses them
    for (Token previous = Token::end; (token = lexer.next()) != Token::end && token != Token::fault;
         previous = token) {
      in_a_row = in_a_row || (token == Token::string && previous == Token::string);
      // The parser's scanner makes two tokens of N'...'.
      const bool national = token == Token::string && (lexer.token().front() | 0x20) == 'n';
      if (national) ours.push_back({lexer.start(), lexer.start() + 1});
      ours.push_back({lexer.start() + national, lexer.end()});
    }
    auto theirs = scan(blanked);
    if (token == Token::fault || in_a_row || !theirs) continue;
    for (size_t index = 0; index < std::min(ours.size(), theirs->tokens.size()); ++index) {
      // It reports no end for U&"..." and U&'...'.
      const char quote = ours[index].end - ours[index].start > 2 ? text[ours[index].start + 2] : ' ';
      const bool unicode = text[ours[index].start + 1] == '&' && (quote == '"' || quote == '\'');
      if (unicode) theirs->tokens[index].end = ours[index].end;
    }
    ++compared;
    ASSERT_EQ(ours, theirs->tokens) << "seed " << seed << " round " << round << ": " << text;
    const auto original = scan(text);
    if (!original || original->tokens != theirs->tokens) continue;  // a literal goes on behind a comment
    std::string expected = text;
    for (const Piece& comment : original->comments)
      expected.replace(comment.start, comment.end - comment.start, comment.end - comment.start, ' ');
    ASSERT_EQ(blanked, expected) << "seed " << seed << " round " << round << ": " << text;
  }
  EXPECT_GT(compared, round_count(100'000) / 10);
}

// The tree is never deeper than the limiter's count says: that count is what keeps the parser's stack
// bounded.
TEST(Limiter, BoundsTheTree) {
  std::mt19937_64 random(seed);
  const std::vector<Case> cases = all_cases();
  size_t parsed_count = 0;
  double worst = 0;
  for (size_t round = 0; round < round_count(20'000); ++round) {
    std::string text = cases[random() % cases.size()].text;
    const std::string other = cases[random() % cases.size()].text;
    if (round >= cases.size()) text = mutate(text, other, random);
    const Shape shape = measure(text, {});
    if (!shape.fault.empty()) continue;
    const PgQueryParseResult parsed = pg_query_parse(shape.blanked.c_str());
    if (parsed.error == nullptr) {
      ++parsed_count;
      const size_t depth = json_depth(parsed.parse_tree);
      worst = std::max(worst, static_cast<double>(depth) / (shape.depth + 1));
      EXPECT_LE(depth, 12 * (shape.depth + 1)) << text;
    }
    pg_query_free_parse_result(parsed);
  }
  RecordProperty("levels_a_count", std::to_string(worst));
  EXPECT_GT(parsed_count, round_count(20'000) / 20);
}

// Comments and blanks between tokens change nothing.
TEST(Classify, CommentsChangeNothing) {
  Classifier classifier;
  for (const auto& [text, expected] : all_cases()) {
    if (!classifier.classify(text).parsed) continue;
    std::string spread = "/*'*/";
    for (const std::string& token : tokens_of(text)) spread += token + " /*\"$$*/ --'/*\n\t";
    EXPECT_EQ(summary(classifier.classify(spread)), expected) << spread;
  }
}

// Whatever bytes come, there is an answer, and it keeps its own rules.
TEST(Classify, MutatedTexts) {
  std::mt19937_64 random(seed);
  Classifier classifier;
  const std::vector<Case> cases = all_cases();
  for (size_t round = 0; round < round_count(20'000); ++round) {
    const std::string other = cases[random() % cases.size()].text;
    const std::string text = mutate(cases[random() % cases.size()].text, other, random);
    const Classification result = classifier.classify(text);
    ASSERT_FALSE(result.statements.empty()) << text;
    for (const Statement& statement : result.statements) {
      ASSERT_EQ(statement.effects >> static_cast<int>(statement.effect), 1U) << text;
      ASSERT_LE(statement.offset + statement.size, text.size()) << text;
      ASSERT_FALSE(statement.verb.empty()) << text;
    }
    ASSERT_GT(result.memory_size(), 0U);
  }
}

}  // namespace
}  // namespace sallyport::postgresql::sql
