#include "plugins/postgresql/copy_lookup.h"

#include <algorithm>

#include "plugins/postgresql/sql/lexer.h"

namespace sallyport::pg {

namespace {

constexpr std::string_view statement_name = "sallyport_copy";

void append_name(std::string& out, std::string_view name) {
  out += '"';
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  out += '"';
}

std::string select_of(const sql::CopyOut& copy) {
  std::string out = "SELECT ";
  if (copy.columns.empty()) out += "*";
  for (const std::string& column : copy.columns) {
    if (out.back() != ' ') out += ", ";
    append_name(out, column);
  }
  out += " FROM ONLY ";
  for (const std::string* part : {&copy.relation.catalog, &copy.relation.schema}) {
    if (part->empty()) continue;
    append_name(out, *part);
    out += '.';
  }
  append_name(out, copy.relation.name);
  return out;
}

// What stands between the parentheses of COPY (query) TO.
std::string query_of(std::string_view copy) {
  sql::Lexer lexer(copy);
  if (lexer.next() != sql::Token::word || lexer.next() != sql::Token::open) return {};
  const size_t begin = lexer.end();
  for (size_t depth = 1;;) {
    switch (lexer.next()) {
      case sql::Token::open: ++depth; break;
      case sql::Token::close:
        if (--depth == 0) return std::string(copy.substr(begin, lexer.start() - begin));
        break;
      case sql::Token::end:
      case sql::Token::fault: return {};
      default: break;
    }
  }
}

// By a mask over a value in its place: that must not be what ends the value.
bool written(char c) { return c == '*' || c == 'x' || c == 'X' || c == '0'; }

bool clean(const CopyFormat& format) {
  const bool marked = written(format.delimiter) || written(format.quote) || written(format.escape);
  return format.kind == CopyFormat::Kind::binary || !marked;
}

bool readable(const CopyFormat& format) { return format.strange.empty() && clean(format); }

}  // namespace

std::string copy_lookup_text(const Facts& facts, std::string_view text) {
  if (!facts.parsed() || facts.statements().size() != 1) return {};
  const sql::Statement& statement = *facts.statements()[0].statement;
  if (!statement.copy_out || !readable(statement.copy_out->format)) return {};
  if (!statement.copy_out->relation.name.empty()) return select_of(*statement.copy_out);
  const size_t offset = std::min(statement.offset, text.size());
  return query_of(text.substr(offset, statement.size));
}

Refusal copy_refusal(const Facts& facts) {
  const auto copy = std::ranges::find_if(
      facts.statements(), [](const StatementFacts& one) { return one.statement->copy_out != nullptr; });
  if (facts.statements().size() != 1 || copy == facts.statements().end())
    return copy_masked("It stands among other statements of one text.", "Send the COPY alone.");
  const CopyFormat& format = copy->statement->copy_out->format;
  if (!format.strange.empty()) {
    return copy_masked(
        "The gateway does not know its option \"" + format.strange + "\", or not that value of it.",
        "Leave the option out, or read the rows with SELECT.");
  }
  if (!clean(format)) {
    return copy_masked(
        "Its delimiter, quote or escape is a character that stands in masked values: one of * x X 0.",
        "Choose another character.");
  }
  return copy_masked("What it copies cannot be told from its text.", "Read the rows with SELECT.");
}

std::shared_ptr<CopyShape> copy_shape(const Facts& facts) {
  const StatementFacts& one = facts.statements()[0];
  auto out = std::make_shared<CopyShape>();
  out->format = one.statement->copy_out->format;
  out->of_relation = !one.statement->copy_out->relation.name.empty();
  out->reads = {
      .tables = one.reads_tables, .converts = one.converts, .known = true, .statement = one.statement};
  return out;
}

void write_copy_lookup(Writer& out, std::string_view lookup_text, bool alone) {
  out.begin(front::parse).text(statement_name).text(lookup_text).u16(0).end();
  out.begin(front::describe).u8('S').text(statement_name).end();
  out.begin(front::close).u8('S').text(statement_name).end();
  if (alone) out.begin(front::sync).end();
}

}  // namespace sallyport::pg
