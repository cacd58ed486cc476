// SELECT and the statements that change rows.
#include "plugins/postgresql/sql/walk.h"

#include <utility>

namespace sallyport::postgresql::sql {

// Names of common table expressions are in scope for the statement that WITH stands on, and inside WITH for
// the later ones, or for all where it is RECURSIVE. A name in scope hides the relation of that name, but only
// from FROM: the target of INSERT, UPDATE, DELETE and MERGE is always a relation.
void Walker::with(Fields fields) {
  Fields clause;
  Array list;
  if (!find(fields, "withClause", clause) || !find(clause, "ctes", list)) return;
  const bool recursive = flag_of(clause, "recursive");
  std::string_view tag;
  Fields cte;
  if (recursive) {
    for (const Element item : list) {
      if (tagged(item, tag, cte)) open_cte(text_of(cte, "ctename"));
    }
  }
  for (const Element item : list) {
    if (!tagged(item, tag, cte)) continue;
    visit_fields(cte);
    Array columns;
    if (find(cte, "aliascolnames", columns)) facts_.column("*");
    if (!recursive) open_cte(text_of(cte, "ctename"));
  }
}

void Walker::open_cte(std::string_view name) {
  ctes_.push_back(name);
  ++cte_counts_[name];
}

void Walker::close_ctes(size_t scope) {
  for (; ctes_.size() > scope; ctes_.pop_back()) {
    const auto found = cte_counts_.find(ctes_.back());
    if (--found->second == 0) cte_counts_.erase(found);
  }
}

// All fields but WITH and `skipped`, with relations counting as read.
void Walker::visit_query(Fields fields, std::string_view skipped) {
  const Use outer = std::exchange(use_, Use::read);
  for (const auto field : fields) {
    if (field.key == "withClause" || field.key == skipped) continue;
    if (field.key == "lockingClause") {
      facts_.statement().locks_rows = true;
      facts_.effect(Effect::write);
    }
    visit(field.value);
  }
  use_ = outer;
}

void Walker::select(Fields fields) {
  if (configure(fields)) return;
  const size_t scope = ctes_.size();
  Fields into;
  const bool creates = find(fields, "intoClause", into);
  verb(creates ? "CREATE" : "SELECT", creates ? Effect::schema : Effect::read);
  with(fields);
  if (creates) {
    facts_.effect(Effect::schema);
    facts_.effect(Effect::write);
    Fields relation;
    if (find(into, "rel", relation)) facts_.written(relation_of(relation));
  }
  visit_query(fields, "intoClause");
  close_ctes(scope);
}

void Walker::target(Fields fields) {
  Fields relation;
  if (!find(fields, "relation", relation)) return;
  Object changed = relation_of(relation);
  // The view has a rule that makes a SET of its UPDATE.
  if (changed.name == "pg_settings" && (changed.schema.empty() || changed.schema == "pg_catalog"))
    facts_.escape("setting pg_settings");
  facts_.written(std::move(changed));
  source(relation);
  Element returning;
  if (find(fields, "returningList", returning)) facts_.read(relation_of(relation));
}

void Walker::insert(Fields fields) {
  const size_t scope = ctes_.size();
  with(fields);
  target(fields);
  Fields conflict;
  if (find(fields, "onConflictClause", conflict) && text_of(conflict, "action") == "ONCONFLICT_UPDATE") {
    facts_.verb("UPDATE");
  }
  visit_query(fields, "relation");
  close_ctes(scope);
}

// Whether the condition is there and reads a column: `WHERE true` and `WHERE 1 = 1` spare no row.
bool Walker::visit_condition(Fields fields, std::string_view key) {
  Element condition;
  if (!find(fields, key, condition)) return false;
  const size_t before = column_count_;
  visit(condition);
  return column_count_ > before;
}

void Walker::update(Fields fields) { change_rows(fields, "whereClause", true); }
void Walker::remove(Fields fields) { change_rows(fields, "whereClause", true); }

void Walker::change_rows(Fields fields, std::string_view condition, bool destructive) {
  const size_t scope = ctes_.size();
  with(fields);
  target(fields);
  const Use outer = std::exchange(use_, Use::read);
  if (!visit_condition(fields, condition) && destructive) {
    facts_.statement().has_where = false;
    facts_.effect(Effect::destroy);
  }
  for (const auto field : fields) {
    if (field.key != "withClause" && field.key != "relation" && field.key != condition) visit(field.value);
  }
  use_ = outer;
  close_ctes(scope);
}

void Walker::merge(Fields fields) {
  Array clauses;
  bool destructive = false;
  if (find(fields, "mergeWhenClauses", clauses)) {
    std::string_view tag;
    Fields clause;
    for (const Element item : clauses) {
      if (!tagged(item, tag, clause)) continue;
      const std::string_view command = text_of(clause, "commandType");
      if (command == "CMD_INSERT") facts_.verb("INSERT");
      if (command == "CMD_UPDATE") facts_.verb("UPDATE");
      if (command == "CMD_DELETE") facts_.verb("DELETE");
      destructive = destructive || command == "CMD_UPDATE" || command == "CMD_DELETE";
    }
  }
  change_rows(fields, "joinCondition", destructive);
}

}  // namespace sallyport::postgresql::sql
