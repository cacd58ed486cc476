#include "tests/unit/sql/summary.h"

#include <algorithm>

namespace sallyport::postgresql::sql {
namespace {

void append(std::string& line, const char* label, const std::vector<std::string>& items) {
  for (size_t index = 0; index < items.size(); ++index) line += (index == 0 ? label : ",") + items[index];
}

std::vector<std::string> texts(const std::vector<Object>& objects) {
  std::vector<std::string> list;
  for (const Object& object : objects) list.push_back(object.text());
  return list;
}

// Those that no other list holds, with their kind unless it is a relation.
std::vector<std::string> others(const Statement& statement) {
  std::vector<std::string> list;
  for (const Object& object : statement.objects) {
    const auto in = [&](const std::vector<Object>& objects) {
      return std::ranges::count(objects, object) != 0;
    };
    if (in(statement.relations_read) || in(statement.relations_written) || in(statement.functions_called))
      continue;
    const bool relation = object.kind == ObjectKind::relation;
    list.push_back((relation ? "" : std::string(object_kind_name(object.kind)) + " ") + object.text());
  }
  return list;
}

void append_flags(std::string& line, const Statement& statement) {
  if (!statement.has_where) line += " no-where";
  if (statement.locks_rows) line += " locks";
  if (statement.explain) line += " explain";
  if (statement.deferred) line += " deferred";
  if (statement.chain) line += " chain";
  if (statement.copies_in) line += " in";
  if (statement.copies_out) line += " out";
  if (statement.transaction != Transaction::none) {
    line += " tx" + std::to_string(static_cast<int>(statement.transaction));
  }
  if (!statement.name.empty()) line += " name:" + statement.name;
}

}  // namespace

std::string summary(const Statement& statement) {
  std::string line;
  append(line, "", {statement.verbs.front()});
  for (size_t index = 1; index < statement.verbs.size(); ++index) line += "+" + statement.verbs[index];
  line += " " + std::string(effect_name(statement.effect));
  append(line, " r:", texts(statement.relations_read));
  append(line, " w:", texts(statement.relations_written));
  append(line, " f:", texts(statement.functions_called));
  append(line, " o:", others(statement));
  append(line, " ?", statement.unknown_functions);
  append(line, " !", statement.escapes);
  for (const Setting& setting : statement.settings) {
    line += " set:" + setting.name + "=" + setting.value + (setting.local ? " local" : "");
  }
  append_flags(line, statement);
  for (const Statement& inner : statement.inner) line += " <" + summary(inner) + ">";
  return line;
}

std::string summary(const Classification& classification) {
  std::string line;
  for (const Statement& statement : classification.statements) {
    line += (line.empty() ? "" : "; ") + summary(statement);
  }
  return line;
}

}  // namespace sallyport::postgresql::sql
