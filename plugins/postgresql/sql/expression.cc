// What expressions and FROM name.
#include <algorithm>
#include <array>

#include "plugins/postgresql/sql/functions.h"
#include "plugins/postgresql/sql/walk.h"

namespace sallyport::postgresql::sql {
namespace {

// Types that the grammar leaves unqualified; naming them is no fact worth a rule.
bool is_builtin_type(std::string_view name) {
  static constexpr std::array names = std::to_array<std::string_view>({"aclitem",
                                                                       "anyarray",
                                                                       "anyelement",
                                                                       "bigserial",
                                                                       "bit",
                                                                       "bool",
                                                                       "box",
                                                                       "bpchar",
                                                                       "bytea",
                                                                       "char",
                                                                       "cid",
                                                                       "cidr",
                                                                       "circle",
                                                                       "cstring",
                                                                       "date",
                                                                       "datemultirange",
                                                                       "daterange",
                                                                       "event_trigger",
                                                                       "float4",
                                                                       "float8",
                                                                       "inet",
                                                                       "int2",
                                                                       "int2vector",
                                                                       "int4",
                                                                       "int4multirange",
                                                                       "int4range",
                                                                       "int8",
                                                                       "int8multirange",
                                                                       "int8range",
                                                                       "internal",
                                                                       "interval",
                                                                       "json",
                                                                       "jsonb",
                                                                       "jsonpath",
                                                                       "line",
                                                                       "lseg",
                                                                       "macaddr",
                                                                       "macaddr8",
                                                                       "money",
                                                                       "name",
                                                                       "numeric",
                                                                       "nummultirange",
                                                                       "numrange",
                                                                       "oid",
                                                                       "oidvector",
                                                                       "path",
                                                                       "pg_lsn",
                                                                       "point",
                                                                       "polygon",
                                                                       "record",
                                                                       "refcursor",
                                                                       "regclass",
                                                                       "regcollation",
                                                                       "regconfig",
                                                                       "regdictionary",
                                                                       "regnamespace",
                                                                       "regoper",
                                                                       "regoperator",
                                                                       "regproc",
                                                                       "regprocedure",
                                                                       "regrole",
                                                                       "regtype",
                                                                       "serial",
                                                                       "serial2",
                                                                       "serial4",
                                                                       "serial8",
                                                                       "smallserial",
                                                                       "text",
                                                                       "tid",
                                                                       "time",
                                                                       "timestamp",
                                                                       "timestamptz",
                                                                       "timetz",
                                                                       "trigger",
                                                                       "tsmultirange",
                                                                       "tsquery",
                                                                       "tsrange",
                                                                       "tstzmultirange",
                                                                       "tstzrange",
                                                                       "tsvector",
                                                                       "unknown",
                                                                       "uuid",
                                                                       "varbit",
                                                                       "varchar",
                                                                       "void",
                                                                       "xid",
                                                                       "xid8",
                                                                       "xml"});
  static_assert(std::ranges::is_sorted(names));
  return std::ranges::binary_search(names, name);
}

}  // namespace

Object Walker::relation_of(Fields fields) {
  return {.kind = ObjectKind::relation,
          .catalog = std::string(text_of(fields, "catalogname")),
          .schema = std::string(text_of(fields, "schemaname")),
          .name = std::string(text_of(fields, "relname"))};
}

void Walker::source(Fields fields) {
  Fields alias;
  const bool renamed = find(fields, "alias", alias);
  facts_.source(renamed ? text_of(alias, "aliasname") : text_of(fields, "relname"));
  if (renamed) renamed_columns(alias);
}

// FROM t AS a(x, y): any column may stand behind a name of another's.
void Walker::renamed_columns(Fields alias) {
  Array list;
  if (find(alias, "colnames", list)) facts_.column("*");
}

void Walker::range_var(Fields fields) {
  Object relation = relation_of(fields);
  if (use_ == Use::named) return facts_.object(std::move(relation));
  source(fields);
  const bool qualified = !relation.schema.empty() || !relation.catalog.empty();
  if (!qualified && cte_counts_.contains(relation.name)) return;
  facts_.read(std::move(relation));
}

void Walker::function_call(Fields fields) {
  const std::vector<std::string_view> names = strings_of(fields, "funcname");
  function(names);
  if (!names.empty() && names.back() == "set_config") configuration(fields);
  if (!names.empty() && names.back() == "current_setting") current_setting(fields);
  visit_except(fields, "funcname");
}

void Walker::function(const std::vector<std::string_view>& names) {
  if (names.empty()) return;
  Object called = object_named(ObjectKind::function, names);
  const std::string text = called.text();
  const bool catalog = names.size() == 1 || (names.size() == 2 && names.front() == "pg_catalog");
  const bool standard =
      names.size() == 2 && names.front() == "information_schema" && is_standard_function(names.back());
  switch (standard ? FunctionClass::harmless : function_class(names.back())) {
    case FunctionClass::escape: facts_.escape("function " + text); break;
    case FunctionClass::harmless:
      if (!catalog && !standard) facts_.unknown(text);
      break;
    case FunctionClass::session: catalog ? facts_.effect(Effect::session) : facts_.unknown(text); break;
    case FunctionClass::write: catalog ? facts_.effect(Effect::write) : facts_.unknown(text); break;
    case FunctionClass::unknown: facts_.unknown(text); break;
  }
  if (!catalog || !only_counts(names.back())) facts_.statement().converts = true;
  if (shows_stored_text(names.back())) facts_.statement().reads_free_setting = true;
  facts_.called(std::move(called));
}

// set_config('name', 'value', local) with constants says what SET would.
void Walker::configuration(Fields fields) {
  Array list;
  if (!find(fields, "args", list)) return;
  Setting setting;
  size_t index = 0;
  for (const Element argument : list) {
    const std::string text = constant_of(argument);
    if (index == 0) setting.name = text;
    if (index == 1) setting.value = text;
    if (index == 2) setting.local = text == "true";
    ++index;
  }
  for (char& c : setting.name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  if (!setting.name.empty()) facts_.setting(std::move(setting));
}

void Walker::current_setting(Fields fields) {
  Array list;
  std::string name;
  if (find(fields, "args", list) && list.begin() != list.end()) name = constant_of(*list.begin());
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  if (name.empty() || is_free_setting(name)) facts_.statement().reads_free_setting = true;
}

void Walker::operator_name(Fields fields, std::string_view key) {
  const std::vector<std::string_view> names = strings_of(fields, key);
  if (names.empty()) return;
  const bool catalog = names.size() == 1 || (names.size() == 2 && names.front() == "pg_catalog");
  if (catalog && is_known_operator(names.back())) return;
  std::string text = "operator ";
  for (size_t index = 0; index < names.size(); ++index) {
    if (index > 0) text += '.';
    text += names[index];
  }
  facts_.unknown(std::move(text));
}

void Walker::expression(Fields fields) {
  operator_name(fields, "name");
  visit_except(fields, "name");
}

// A constant of a type, as DATE '2024-03-09' or 5::numeric, converts nothing of anybody's.
void Walker::type_cast(Fields fields) {
  Element argument;
  std::string_view tag;
  Fields inner;
  const bool constant = fields["arg"].get(argument) == simdjson::SUCCESS && tagged(argument, tag, inner) &&
                        (tag == "A_Const" || tag == "ParamRef");
  if (!constant) facts_.statement().converts = true;
  visit_fields(fields);
}

void Walker::sub_link(Fields fields) {
  operator_name(fields, "operName");
  visit_except(fields, "operName");
}

void Walker::sort_by(Fields fields) {
  operator_name(fields, "useOp");
  visit_except(fields, "useOp");
}

void Walker::column_ref(Fields fields) {
  ++column_count_;
  Array list;
  if (!find(fields, "fields", list)) return;
  std::string_view tag;
  Fields part;
  std::string_view last;
  for (const Element item : list) {
    if (tagged(item, tag, part)) last = tag == "A_Star" ? "*" : text_of(part, "sval");
  }
  if (!last.empty()) facts_.column(last);
}

// (row).field and array[subscript].
void Walker::indirection(Fields fields) {
  Array list;
  std::string_view tag;
  Fields part;
  if (find(fields, "indirection", list)) {
    for (const Element item : list) {
      if (!tagged(item, tag, part)) continue;
      if (tag == "A_Star") facts_.column("*");
      if (tag == "String") facts_.column(text_of(part, "sval"));
    }
  }
  visit_fields(fields);
}

// The row that a cursor stands on: a condition, though it names no column.
void Walker::current_of(Fields fields) {
  ++column_count_;
  facts_.object({.kind = ObjectKind::cursor, .name = std::string(text_of(fields, "cursor_name"))});
}

// TABLESAMPLE method(...): a function like any other, but for the two that PostgreSQL brings along.
void Walker::table_sample(Fields fields) {
  const std::vector<std::string_view> names = strings_of(fields, "method");
  const bool known = !names.empty() && (names.back() == "bernoulli" || names.back() == "system");
  if (!known || names.size() != 1) function(names);
  visit_except(fields, "method");
}

void Walker::type_name(Fields fields) {
  std::vector<std::string_view> names = strings_of(fields, "names");
  if (flag_of(fields, "pct_type") && !names.empty()) {  // relation.column%TYPE
    names.pop_back();
    facts_.object(object_named(ObjectKind::relation, names));
  } else if (names.size() == 1 ? !is_builtin_type(names.front())
                               : !names.empty() && names.front() != "pg_catalog") {
    facts_.object(object_named(ObjectKind::type, names));
  }
  visit_except(fields, "names");
}

void Walker::role(Fields fields) {
  facts_.object({.kind = ObjectKind::role, .name = std::string(text_of(fields, "rolename"))});
}

}  // namespace sallyport::postgresql::sql
