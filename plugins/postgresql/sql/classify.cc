#include "plugins/postgresql/sql/classify.h"

#include <pg_query.h>
#include <simdjson.h>

#include <algorithm>
#include <string>

#include "plugins/postgresql/sql/lexer.h"
#include "plugins/postgresql/sql/walk.h"

namespace sallyport::postgresql::sql {
namespace {

// Buffers of a rare large tree are given back: a parser's take some ten times the JSON's size.
constexpr size_t kept_tree_size_max = 256 * 1024;

Classification unparsed(std::string_view text, std::string reason) {
  Classification result;
  Statement& statement = result.statements.emplace_back();
  statement.verb = "UNPARSED";
  statement.verbs = {"UNPARSED"};
  statement.effect = Effect::unknown;
  statement.effects = effect_bit(Effect::unknown);
  statement.size = text.size();
  result.reason = std::move(reason);
  return result;
}

Statement empty(std::string_view text) {
  Statement statement;
  statement.verb = "EMPTY";
  statement.verbs = {"EMPTY"};
  statement.effect = Effect::read;
  statement.effects = effect_bit(Effect::read);
  statement.offset = text.size();
  return statement;
}

void place(Statement& statement, size_t offset, size_t size) {
  statement.offset = offset;
  statement.size = size;
  for (Statement& inner : statement.inner) place(inner, offset, size);
}

// libpg_query says where a statement's semicolons are; blanks and comments beside them do not count.
void place(Statement& statement, std::string_view text, const Shape& shape, simdjson::dom::object fields) {
  int64_t location = 0;
  int64_t size = 0;
  if (fields["stmt_location"].get(location) != simdjson::SUCCESS) location = 0;
  if (fields["stmt_len"].get(size) != simdjson::SUCCESS) size = 0;
  const auto from = static_cast<size_t>(location);
  const size_t to = size == 0 ? text.size() : from + static_cast<size_t>(size);
  const auto extent = std::ranges::lower_bound(shape.extents, to, {}, &Extent::separator);
  const size_t begin = next_token(text, from);
  const size_t end = extent == shape.extents.end() ? to : extent->last_token;
  place(statement, begin, end > begin ? end - begin : 0);
}

}  // namespace

struct Classifier::Tree {
  // The parser grows by itself, and keeps the depth.
  Tree() : usable(parser.allocate(kept_tree_size_max / 4, tree_depth_max) == simdjson::SUCCESS) {}

  simdjson::dom::parser parser;
  bool usable;
};

Classifier::Classifier(const Limits& limits) : limits_(limits), tree_(std::make_unique<Tree>()) {}
Classifier::~Classifier() = default;

Classification Classifier::classify(std::string_view text) {
  const Shape shape = measure(text, limits_);
  if (!shape.fault.empty()) {
    Classification result = unparsed(text, std::string(shape.fault));
    result.syntax_error = shape.fault.starts_with("unterminated") || shape.fault == "unbalanced brackets";
    return result;
  }

  // These are the grammar's; others, such as of options that exclude each other, have other codes there.
  const auto is_syntax = [](std::string_view message) {
    return message.starts_with("syntax error") || message.starts_with("unterminated");
  };
  const PgQueryParseResult parsed = pg_query_parse(shape.blanked.c_str());
  Classification result;
  if (parsed.error != nullptr) {
    result = unparsed(text, parsed.error->message != nullptr ? parsed.error->message : "syntax error");
    result.syntax_error = is_syntax(result.reason);
    result.error_position = static_cast<uint32_t>(std::max(0, parsed.error->cursorpos));
  } else {
    result = read_tree(text, shape, parsed.parse_tree);
  }
  pg_query_free_parse_result(parsed);
  result.plain_backslash = shape.plain_backslash;
  return result;
}

Classification Classifier::read_tree(std::string_view text, const Shape& shape, const char* json) {
  const std::string_view tree(json);
  Classification result;
  simdjson::dom::array statements;
  const bool valid = tree_->usable && tree_->parser.parse(tree.data(), tree.size())["stmts"].get(
                                          statements) == simdjson::SUCCESS;
  if (!valid) return unparsed(text, "parse tree cannot be read");
  for (const simdjson::dom::element item : statements) {
    simdjson::dom::object fields;
    simdjson::dom::element node;
    Statement& statement = result.statements.emplace_back();
    if (item.get(fields) != simdjson::SUCCESS || !find(fields, "stmt", node) ||
        !Walker(statement).run(node)) {
      return unparsed(text, "statement of an unknown kind or nested too deeply");
    }
    place(statement, text, shape, fields);
  }
  // Two readings of one text that disagree are no reading.
  if (result.statements.empty() != shape.empty) return unparsed(text, "statements were lost");
  if (shape.empty) result.statements.push_back(empty(text));
  if (tree.size() > kept_tree_size_max) tree_ = std::make_unique<Tree>();
  result.parsed = true;
  return result;
}

}  // namespace sallyport::postgresql::sql
