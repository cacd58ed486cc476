#include "plugins/postgresql/sql/walk.h"

#include <algorithm>
#include <array>

#include "plugins/postgresql/sql/parse_limits.h"
#include "plugins/postgresql/sql/rules.h"

namespace sallyport::postgresql::sql {

bool Walker::run(Element statement) {
  std::string_view tag;
  Fields fields;
  if (!tagged(statement, tag, fields) || statement_rule(tag) == nullptr) return false;
  node(tag, statement);
  facts_.finish();
  return !failed_;
}

const Walker::NodeRule* Walker::node_rule(std::string_view tag) {
  static constexpr std::array rules = {
      NodeRule{"A_Const", &Walker::leaf},
      NodeRule{"A_Expr", &Walker::expression},
      NodeRule{"A_Indirection", &Walker::indirection},
      NodeRule{"ColumnRef", &Walker::column_ref},
      NodeRule{"CurrentOfExpr", &Walker::current_of},
      NodeRule{"FuncCall", &Walker::function_call},
      NodeRule{"LockingClause", &Walker::leaf},
      NodeRule{"ParamRef", &Walker::leaf},
      NodeRule{"PublicationObjSpec", &Walker::publication_part},
      NodeRule{"RangeTableSample", &Walker::table_sample},
      NodeRule{"RangeVar", &Walker::range_var},
      NodeRule{"RoleSpec", &Walker::role},
      NodeRule{"SortBy", &Walker::sort_by},
      NodeRule{"String", &Walker::leaf},
      NodeRule{"SubLink", &Walker::sub_link},
      NodeRule{"TypeCast", &Walker::type_cast},
      NodeRule{"TypeName", &Walker::type_name},
  };
  static_assert(std::ranges::is_sorted(rules, {}, &NodeRule::tag));
  const auto* found = std::ranges::lower_bound(rules, tag, {}, &NodeRule::tag);
  return found != rules.end() && found->tag == tag ? found : nullptr;
}

void Walker::visit(Element value) {
  if (failed_) return;
  Array items;
  Fields fields;
  if (++depth_ > tree_depth_max) {
    failed_ = true;
  } else if (value.get(items) == simdjson::SUCCESS) {
    for (const Element item : items) visit(item);
  } else if (value.get(fields) == simdjson::SUCCESS && fields.begin() != fields.end()) {
    const std::string_view first = fields.begin().key();
    const bool is_tag = first.front() >= 'A' && first.front() <= 'Z';
    is_tag ? node(first, value) : bare(first, fields);
  }
  --depth_;
}

void Walker::visit_fields(Fields fields) {
  for (const auto field : fields) visit(field.value);
}

void Walker::visit_except(Fields fields, std::string_view skipped, std::string_view skipped_too) {
  for (const auto field : fields) {
    if (field.key != skipped && field.key != skipped_too) visit(field.value);
  }
}

void Walker::node(std::string_view tag, Element value) {
  Fields fields;
  if (!tagged(value, tag, fields)) {
    failed_ = true;
  } else if (const NodeRule* rule = node_rule(tag)) {
    (this->*rule->handler)(fields);
  } else if (const StatementRule* of_statement = statement_rule(tag)) {
    statement(*of_statement, fields);
  } else if (tag.ends_with("Stmt")) {
    failed_ = true;  // a statement that nobody has judged
  } else {
    visit_fields(fields);
  }
}

// A struct without its name: told by the field that it always begins with.
void Walker::bare(std::string_view first_key, Fields fields) {
  Element unused;
  if (first_key == "catalogname" || first_key == "schemaname" || first_key == "relname")
    return range_var(fields);
  if (first_key == "aliasname") {
    renamed_columns(fields);
    return facts_.source(text_of(fields, "aliasname"));
  }
  if (first_key == "names") return type_name(fields);
  if (first_key == "roletype") return role(fields);
  if (first_key == "funcname") return function_call(fields);
  if (first_key == "objname") return object_of("OBJECT_ROUTINE", fields.begin().value());
  if (find(fields, "limitOption", unused)) return select(fields);
  visit_fields(fields);
}

void Walker::verb(std::string_view verb, Effect effect) {
  Statement& out = facts_.statement();
  const bool outermost = out.verb.empty();
  if (outermost) out.verb = verb;
  if (outermost || effect >= Effect::write) facts_.verb(verb);
}

void Walker::statement(const StatementRule& rule, Fields fields) {
  if (!rule.verb.empty()) verb(rule.verb, rule.effect);
  facts_.effect(rule.effect);
  if (!rule.escape.empty()) facts_.escape(std::string(rule.escape));
  if (!rule.name_key.empty()) name_of(rule, fields);
  if (rule.handler != nullptr) {
    (this->*rule.handler)(fields);
  } else {
    visit_fields(fields);
  }
}

}  // namespace sallyport::postgresql::sql
