// Token boundaries exactly as PostgreSQL 15's scanner draws them (src/backend/parser/scan.l, with
// standard_conforming_strings = on), and the limiter that counts them. The lexer decides nothing about
// meaning; it bounds what libpg_query is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/postgresql/sql/parse_limits.h"

namespace sallyport::postgresql::sql {

enum class Token : uint8_t {
  end,    // of the text
  fault,  // the server's scanner would refuse it, or a limit is passed; `Lexer::fault` says why
  word,   // keyword or unquoted identifier
  quoted,
  string,
  number,
  parameter,
  operator_,  // includes + - * / % ^ < > = <= >= <> != =>
  typecast,   // ::
  dot,
  comma,
  semicolon,
  open,   // ( or [
  close,  // ) or ]
  other,  // : := ..
};

// One pass over a text; the text outlives it.
class Lexer {
 public:
  // `blanked`: a copy of the text, in which each comment that is passed is overwritten with blanks.
  explicit Lexer(std::string_view text, std::string* blanked = nullptr) : text_(text), blanked_(blanked) {}

  // Moves to the next token, past blanks and comments. Sticky at `end` and `fault`.
  [[nodiscard]] Token next();

  [[nodiscard]] std::string_view token() const { return text_.substr(start_, position_ - start_); }
  [[nodiscard]] size_t start() const { return start_; }   // of the token
  [[nodiscard]] size_t end() const { return position_; }  // behind it
  [[nodiscard]] std::string_view fault() const { return fault_; }
  [[nodiscard]] bool plain_backslash() const { return plain_backslash_; }

 private:
  [[nodiscard]] char at(size_t position) const { return position < text_.size() ? text_[position] : '\0'; }
  Token refuse(std::string_view why);
  bool skip_blanks();
  bool skip_comment();
  void skip_line_comment(size_t& position);
  void blank(size_t from, size_t to);
  Token word();
  Token number();
  Token quoted(size_t open);
  Token string(size_t open, bool escapes, bool doubles);
  bool continues();
  Token dollar();
  Token operator_run();
  Token punctuation();

  std::string_view text_;
  std::string* blanked_;
  size_t start_ = 0;
  size_t position_ = 0;
  std::string_view fault_;
  bool plain_backslash_ = false;
};

// What the limiter found. `fault` empty: within the limits.
struct Extent {
  size_t separator = 0;   // offset of a semicolon, or the text's size
  size_t last_token = 0;  // end of the token before it
};
struct Shape {
  std::string_view fault;
  bool plain_backslash = false;
  bool empty = true;  // no token but semicolons
  uint32_t token_count = 0;
  uint32_t depth = 0;  // highest, an upper bound in proportion to the parse tree's
  std::vector<Extent> extents;
  // The text with blanks for comments, byte for byte in its place. The server reads both alike; libpg_query,
  // whose scanner makes tokens of comments, does not: it loses `NOT /**/ IN` and a literal that goes on
  // behind one.
  std::string blanked;
};

// Checks size, NUL bytes, UTF-8, tokens, nesting and depth.
[[nodiscard]] Shape measure(std::string_view text, const Limits& limits);

// Offset of the first token at or behind `position`, which must lie between tokens.
[[nodiscard]] size_t next_token(std::string_view text, size_t position);

}  // namespace sallyport::postgresql::sql
