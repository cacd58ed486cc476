// An upper bound for the depth of the tree that libpg_query will build, from tokens alone.
//
// A level is an open bracket or CASE. What stacks up inside a level is counted there, until something that is
// known to make a flat list starts the count anew:
//
//   counted                                   | starts anew at
//   ------------------------------------------+-----------------------------------------------
//   operators, ::, NOT, IS, LIKE, COLLATE ... | comma, AND, OR (flattened), WHEN THEN ELSE, ;
//   JOIN                                      | comma, ;
//   UNION, INTERSECT, EXCEPT                  | ; outside all brackets
//   ATOMIC (routine bodies hold whole texts)  | never
//
// The depth is the sum over all open levels of 1 + their counts; an ATOMIC counts for 25.
#include <algorithm>
#include <array>
#include <cstring>

#include <simdjson.h>

#include "plugins/postgresql/sql/lexer.h"

namespace sallyport::postgresql::sql {
namespace {

enum class Word : uint8_t {
  plain,
  chain,
  separator,
  case_begin,
  case_part,
  case_end,
  join,
  set_operation,
  atomic
};

struct Entry {
  std::string_view name;
  Word word;
};
constexpr std::array entries = {
    Entry{"and", Word::separator},
    Entry{"at", Word::chain},
    Entry{"atomic", Word::atomic},
    Entry{"between", Word::chain},
    Entry{"case", Word::case_begin},
    Entry{"collate", Word::chain},
    Entry{"else", Word::case_part},
    Entry{"end", Word::case_end},
    Entry{"escape", Word::chain},
    Entry{"except", Word::set_operation},
    Entry{"ilike", Word::chain},
    Entry{"in", Word::chain},
    Entry{"intersect", Word::set_operation},
    Entry{"is", Word::chain},
    Entry{"isnull", Word::chain},
    Entry{"join", Word::join},
    Entry{"like", Word::chain},
    Entry{"not", Word::chain},
    Entry{"notnull", Word::chain},
    Entry{"operator", Word::chain},
    Entry{"or", Word::separator},
    Entry{"overlaps", Word::chain},
    Entry{"similar", Word::chain},
    Entry{"then", Word::case_part},
    Entry{"union", Word::set_operation},
    Entry{"when", Word::case_part},
};
constexpr size_t word_size_max = 9;

Word lookup(std::string_view token) {
  if (token.size() > word_size_max) return Word::plain;
  std::array<char, word_size_max> folded{};
  for (size_t index = 0; index < token.size(); ++index) {
    const char c = token[index];
    folded[index] = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  const std::string_view name(folded.data(), token.size());
  const auto* found =
      std::lower_bound(entries.begin(), entries.end(), name,
                       [](const Entry& entry, std::string_view other) { return entry.name < other; });
  return found != entries.end() && found->name == name ? found->word : Word::plain;
}

struct Level {
  char open = 0;  // '(' '[' 'C' for CASE, 0 for the text itself
  uint32_t chain = 0;
  uint32_t join = 0;
  uint32_t set_operation = 0;

  [[nodiscard]] uint32_t depth() const { return 1 + chain + join + set_operation; }
};

// A routine's body puts a dozen levels on the tree, and nobody nests them.
constexpr uint32_t atomic_depth = 25;

class Limiter {
 public:
  Limiter(std::string_view text, const Limits& limits) : limits_(limits), lexer_(text, &shape_.blanked) {
    shape_.blanked = text;
    levels_.emplace_back();
  }

  Shape run();

 private:
  void step(Token token);
  void word();
  // CASE and END may also be labels (`SELECT 1 case UNION SELECT 2 end`), so what never stands directly
  // inside a CASE is counted below it.
  Level& bracket();
  void push(char open);
  void pop();
  void close(char bracket);
  void count(uint32_t& counter) { ++counter, ++depth_; }
  void reset(uint32_t& counter) { depth_ -= counter, counter = 0; }
  void comma();
  void semicolon();

  const Limits& limits_;
  Shape shape_;
  Lexer lexer_;  // writes to shape_.blanked
  std::vector<Level> levels_;
  uint32_t depth_ = 1;  // sum over levels_, plus ATOMICs seen
  size_t last_token_ = 0;
  Token previous_ = Token::end;
};

Shape Limiter::run() {
  for (;;) {
    const Token token = lexer_.next();
    shape_.plain_backslash = lexer_.plain_backslash();
    if (token == Token::fault) shape_.fault = lexer_.fault();
    while (token == Token::end && levels_.back().open == 'C') pop();  // a label, or the parser's to refuse
    if (token == Token::end && levels_.size() > 1) shape_.fault = "unbalanced brackets";
    if (token == Token::end) shape_.extents.push_back({lexer_.start(), last_token_});
    if (token == Token::end || !shape_.fault.empty()) return std::move(shape_);

    step(token);
    previous_ = token;
    last_token_ = lexer_.end();
    shape_.depth = std::max(shape_.depth, depth_);
    shape_.empty = shape_.empty && token == Token::semicolon;
    if (++shape_.token_count > limits_.token_count_max) shape_.fault = "too many tokens";
    if (levels_.size() > limits_.nesting_max) shape_.fault = "nested too deeply";
    if (depth_ > limits_.depth_max) shape_.fault = "too many operators in a row";
    if (shape_.extents.size() > limits_.statement_count_max) shape_.fault = "too many statements";
    if (!shape_.fault.empty()) return std::move(shape_);
  }
}

void Limiter::step(Token token) {
  switch (token) {
    case Token::word: return word();
    case Token::operator_:
    case Token::typecast: return count(levels_.back().chain);
    case Token::comma: return comma();
    case Token::semicolon: return semicolon();
    case Token::open: return push(lexer_.token().front());
    case Token::close: return close(lexer_.token().front());
    case Token::end:
    case Token::fault:
    case Token::quoted: return;
    case Token::string:
      // No statement that runs holds two; whether blanks or a comment divide them decides whether they are
      // one.
      if (previous_ == Token::string) shape_.fault = "two literals in a row";
      return;
    case Token::number:
    case Token::parameter:
    case Token::dot:
    case Token::other: return;
  }
}

void Limiter::word() {
  if (previous_ == Token::dot) return;  // any keyword may be a column's name there
  Level& level = levels_.back();
  switch (lookup(lexer_.token())) {
    case Word::plain: return;
    case Word::chain: return count(level.chain);
    case Word::separator: return reset(level.chain);
    case Word::case_begin: return push('C');
    case Word::case_part:
      if (level.open == 'C') reset(level.chain);
      return;
    case Word::case_end:
      if (level.open == 'C') pop();
      return;
    case Word::join: return count(bracket().join);
    case Word::set_operation: return count(bracket().set_operation);
    case Word::atomic: depth_ += atomic_depth; return;
  }
}

Level& Limiter::bracket() {
  size_t index = levels_.size() - 1;
  while (levels_[index].open == 'C') --index;
  return levels_[index];
}

void Limiter::push(char open) {
  levels_.push_back({.open = open});
  ++depth_;
}

void Limiter::pop() {
  depth_ -= levels_.back().depth();
  levels_.pop_back();
}

void Limiter::close(char bracket) {
  while (levels_.back().open == 'C') pop();
  if (levels_.back().open != (bracket == ')' ? '(' : '[')) {
    shape_.fault = "unbalanced brackets";
    return;
  }
  pop();
}

void Limiter::comma() {
  reset(levels_.back().chain);
  reset(bracket().join);
}

void Limiter::semicolon() {
  while (levels_.back().open == 'C') pop();
  comma();
  if (levels_.size() == 1) reset(levels_.back().set_operation);
  shape_.extents.push_back({lexer_.start(), last_token_});
}

}  // namespace

Shape measure(std::string_view text, const Limits& limits) {
  Shape refused;
  if (text.size() > limits.text_size_max) {
    refused.fault = "too long";
  } else if (text.find('\0') != std::string_view::npos) {
    refused.fault = "holds a zero byte";
  } else if (!simdjson::validate_utf8(text.data(), text.size())) {
    refused.fault = "not UTF-8";
  }
  if (!refused.fault.empty()) return refused;
  return Limiter(text, limits).run();
}

}  // namespace sallyport::postgresql::sql
