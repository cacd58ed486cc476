#include "plugins/postgresql/sql/lexer.h"

#include <algorithm>

namespace sallyport::postgresql::sql {
namespace {

// The scanner's own classes: ASCII only, whatever the locale; bytes above 0x7f are letters.
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
bool is_newline(char c) { return c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '$'; }
bool is_operator(char c) {
  return c != '\0' && std::string_view("~!@#^&|`?+-*/%<>=").find(c) != std::string_view::npos;
}
// An operator may end in + or - only if it holds one of these.
bool is_unusual(char c) {
  return c != '\0' && std::string_view("~!@#^&|`?%").find(c) != std::string_view::npos;
}

}  // namespace

Token Lexer::next() {
  if (!fault_.empty()) return Token::fault;
  if (!skip_blanks()) return Token::fault;
  start_ = position_;
  if (position_ == text_.size()) return Token::end;
  const char c = text_[position_];
  if (is_letter(c)) return word();
  if (is_digit(c) || (c == '.' && is_digit(at(position_ + 1)))) return number();
  if (c == '\'') return string(position_ + 1, false, true);
  if (c == '"') return quoted(position_ + 1);
  if (c == '$') return dollar();
  if (is_operator(c)) return operator_run();
  return punctuation();
}

Token Lexer::refuse(std::string_view why) {
  fault_ = why;
  return Token::fault;
}

bool Lexer::skip_blanks() {
  while (position_ < text_.size()) {
    const char c = text_[position_];
    const char following = at(position_ + 1);
    if (is_space(c)) {
      ++position_;
    } else if (c == '-' && following == '-') {
      skip_line_comment(position_);
    } else if (c == '/' && following == '*') {
      if (!skip_comment()) return false;
    } else {
      return true;
    }
  }
  return true;
}

void Lexer::blank(size_t from, size_t to) {
  if (blanked_ != nullptr) std::fill(blanked_->begin() + from, blanked_->begin() + to, ' ');
}

void Lexer::skip_line_comment(size_t& position) {
  const size_t from = position;
  while (position < text_.size() && !is_newline(text_[position])) ++position;
  blank(from, position);
}

// Comments nest.
bool Lexer::skip_comment() {
  const size_t from = position_;
  size_t depth = 0;
  while (position_ < text_.size()) {
    const char c = text_[position_];
    const char following = at(position_ + 1);
    if (c == '/' && following == '*') {
      ++depth;
      position_ += 2;
    } else if (c == '*' && following == '/') {
      position_ += 2;
      if (--depth > 0) continue;
      blank(from, position_);
      return true;
    } else {
      ++position_;
    }
  }
  refuse("unterminated comment");
  return false;
}

Token Lexer::word() {
  const char c = static_cast<char>(text_[position_] | 0x20);
  const char following = at(position_ + 1);
  if (following == '\'') {
    if (c == 'e') return string(position_ + 2, true, true);
    if (c == 'n') return string(position_ + 2, false, true);
    if (c == 'b' || c == 'x') return string(position_ + 2, false, false);
  }
  if (c == 'u' && following == '&') {
    if (at(position_ + 2) == '\'') return string(position_ + 3, false, true);
    if (at(position_ + 2) == '"') return quoted(position_ + 3);
  }
  bool ascii = true;
  while (position_ < text_.size() && is_word(text_[position_])) {
    ascii = ascii && static_cast<unsigned char>(text_[position_]) < 0x80;
    ++position_;
  }
  if (!ascii && position_ - start_ > identifier_size_max)
    return refuse("identifier too long to know where it is cut");
  return Token::word;
}

// integer, decimal and real; letters right behind one are an error since PostgreSQL 15 (older ones read an
// alias).
Token Lexer::number() {
  while (is_digit(at(position_))) ++position_;
  if (at(position_) == '.' && at(position_ + 1) != '.') {
    ++position_;
    while (is_digit(at(position_))) ++position_;
  }
  if ((at(position_) | 0x20) == 'e') {
    const size_t sign = at(position_ + 1) == '+' || at(position_ + 1) == '-' ? 1 : 0;
    if (!is_digit(at(position_ + 1 + sign))) return refuse("trailing junk after a number");
    position_ += 1 + sign;
    while (is_digit(at(position_))) ++position_;
  }
  if (is_letter(at(position_))) return refuse("trailing junk after a number");
  return Token::number;
}

Token Lexer::quoted(size_t open) {
  bool ascii = true;
  for (position_ = open; position_ < text_.size(); ++position_) {
    ascii = ascii && static_cast<unsigned char>(text_[position_]) < 0x80;
    if (text_[position_] != '"') continue;
    if (at(position_ + 1) == '"') {
      ++position_;
      continue;
    }
    ++position_;
    const bool unicode = text_[start_] != '"';
    if (position_ - start_ > identifier_size_max && (!ascii || unicode)) {
      return refuse("identifier too long to know where it is cut");
    }
    return Token::quoted;
  }
  return refuse("unterminated quoted identifier");
}

// `escapes`: E'...'. `doubles`: '' stands for a quote (not so in B'' and X''). A literal goes on, in the same
// mode, behind blanks that hold a newline.
Token Lexer::string(size_t open, bool escapes, bool doubles) {
  const bool plain = !escapes && text_[start_] != 'u' && text_[start_] != 'U';
  for (position_ = open; position_ < text_.size(); ++position_) {
    const char c = text_[position_];
    if (c == '\\') {
      if (escapes) ++position_;
      plain_backslash_ = plain_backslash_ || plain;
    } else if (c == '\'') {
      if (doubles && at(position_ + 1) == '\'') {
        ++position_;
        continue;
      }
      ++position_;
      if (!continues()) return Token::string;
    }
  }
  position_ = text_.size();
  return refuse("unterminated string");
}

// Behind a closing quote: {horizontal blank or comment}* newline {blank or whole comment}* quote. Moves onto
// that quote, so that the caller's loop goes on behind it.
bool Lexer::continues() {
  size_t position = position_;
  bool newline = false;
  while (position < text_.size()) {
    const char c = text_[position];
    if (c == '\'') {
      if (!newline) return false;
      position_ = position;
      return true;
    }
    if (c == '-' && at(position + 1) == '-') {
      skip_line_comment(position);
    } else if (is_space(c)) {
      newline = newline || is_newline(c);
      ++position;
    } else {
      return false;
    }
  }
  return false;
}

// $1, $$...$$ or $tag$...$tag$.
Token Lexer::dollar() {
  size_t position = position_ + 1;
  if (is_digit(at(position))) {
    while (is_digit(at(position))) ++position;
    if (is_letter(at(position))) return refuse("trailing junk after a parameter");
    position_ = position;
    return Token::parameter;
  }
  if (is_letter(at(position))) {
    while (is_letter(at(position)) || is_digit(at(position))) ++position;
  }
  if (at(position) != '$') return refuse("stray dollar sign");
  const std::string_view delimiter = text_.substr(position_, position + 1 - position_);
  const size_t close = text_.find(delimiter, position + 1);
  if (close == std::string_view::npos) return refuse("unterminated dollar-quoted string");
  position_ = close + delimiter.size();
  return Token::string;
}

Token Lexer::operator_run() {
  size_t size = 1;
  while (is_operator(at(start_ + size))) {
    const char c = at(start_ + size);
    const char following = at(start_ + size + 1);
    if ((c == '-' && following == '-') || (c == '/' && following == '*')) break;
    // The server's scanner takes quadratic time over such runs.
    if (++size > operator_size_max) return refuse("operator too long");
  }
  const auto is_sign = [&](size_t index) { return at(start_ + index) == '+' || at(start_ + index) == '-'; };
  if (size > 1 && is_sign(size - 1)) {
    bool unusual = false;
    for (size_t index = 0; index + 1 < size; ++index) unusual = unusual || is_unusual(at(start_ + index));
    while (!unusual && size > 1 && is_sign(size - 1)) --size;
  }
  position_ = start_ + size;
  return Token::operator_;
}

Token Lexer::punctuation() {
  const char c = text_[position_++];
  switch (c) {
    case '.':
      if (at(position_) != '.') return Token::dot;
      ++position_;
      return Token::other;
    case ',': return Token::comma;
    case ';': return Token::semicolon;
    case '(':
    case '[': return Token::open;
    case ')':
    case ']': return Token::close;
    case ':':
      if (at(position_) == ':') {
        ++position_;
        return Token::typecast;
      }
      if (at(position_) == '=') ++position_;
      return Token::other;
    default: return refuse("a byte that begins no token");
  }
}

size_t next_token(std::string_view text, size_t position) {
  Lexer lexer(text.substr(position));
  const Token token = lexer.next();
  return token == Token::end || token == Token::fault ? text.size() : position + lexer.start();
}

}  // namespace sallyport::postgresql::sql
