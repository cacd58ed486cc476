// SQL text in, facts about its statements out: limiting lexer, libpg_query, walk over the parse tree.
// Faithful to PostgreSQL 15 with standard_conforming_strings = on and a client encoding that keeps ASCII
// bytes ASCII (UTF8, LATIN*, SQL_ASCII; not SJIS, BIG5, GBK, UHC, GB18030, JOHAB): the session has to hold
// both.
#pragma once

#include <memory>
#include <string_view>

#include "plugins/postgresql/sql/parse_limits.h"
#include "plugins/postgresql/sql/statement.h"

namespace sallyport::postgresql::sql {

struct Shape;

// One per thread (it owns a JSON parser's buffers); different ones may run at the same time. Allocates, never
// throws for bad input, blocks on nothing. Needs up to 4 MiB of stack at the default limits.
class Classifier {
 public:
  explicit Classifier(const Limits& limits = {});
  ~Classifier();
  Classifier(const Classifier&) = delete;
  Classifier& operator=(const Classifier&) = delete;

  // `text` without the wire's closing NUL. Every text has an answer: what cannot be read is one UNPARSED
  // statement.
  [[nodiscard]] Classification classify(std::string_view text);

 private:
  struct Tree;
  Classification read_tree(std::string_view text, const Shape& shape, const char* json);

  Limits limits_;
  std::unique_ptr<Tree> tree_;
};

}  // namespace sallyport::postgresql::sql
