// Walks libpg_query's JSON tree of one statement and gathers its facts.
//
// The tree: a node is an object with one key, its C struct's name, over its fields; where the C field has a
// struct's own type instead of Node, the fields stand bare. Keys are the library's, only string values are
// the client's. Default values (false, 0, empty lists) are left out.
#pragma once

#include <simdjson.h>

#include <string_view>
#include <unordered_map>
#include <vector>

#include "plugins/postgresql/sql/facts.h"

namespace sallyport::postgresql::sql {

// One per statement. Recursive: the depth is bounded by the limiter before the parse and by tree_depth_max
// here.
class Walker {
 public:
  using Element = simdjson::dom::element;
  using Array = simdjson::dom::array;
  using Fields = simdjson::dom::object;

  explicit Walker(Statement& out, size_t depth = 0) : facts_(out), depth_(depth) {}

  // `statement` is a tagged node. False: a node that is not known, or nested too deeply; `out` is void then.
  [[nodiscard]] bool run(Element statement);

 private:
  // How a relation that comes up next is used.
  enum class Use : uint8_t { named, read };
  using Handler = void (Walker::*)(Fields);
  struct NodeRule;
  struct StatementRule;
  static const StatementRule* statement_rule(std::string_view tag);
  static const NodeRule* node_rule(std::string_view tag);

  // walk.cc: the traversal.
  void visit(Element value);
  void visit_fields(Fields fields);
  void visit_except(Fields fields, std::string_view skipped, std::string_view skipped_too = {});
  void node(std::string_view tag, Element value);
  void bare(std::string_view first_key, Fields fields);
  void leaf(Fields) {}
  // The statement's own verb if it has none yet; else one of an inner statement, kept if that changes
  // something.
  void verb(std::string_view verb, Effect effect);
  void statement(const StatementRule& rule, Fields fields);

  // query.cc: SELECT and the statements that change rows.
  void select(Fields fields);
  void insert(Fields fields);
  void update(Fields fields);
  void remove(Fields fields);
  void merge(Fields fields);
  void change_rows(Fields fields, std::string_view condition, bool destructive);
  void with(Fields fields);
  void open_cte(std::string_view name);
  void close_ctes(size_t scope);
  void target(Fields fields);
  bool visit_condition(Fields fields, std::string_view key);
  void visit_query(Fields fields, std::string_view skipped);

  // expression.cc: what expressions and FROM name.
  static Object relation_of(Fields fields);
  void range_var(Fields fields);
  void source(Fields fields);
  void renamed_columns(Fields alias);
  bool configure(Fields select);
  void function_call(Fields fields);
  void function(const std::vector<std::string_view>& names);
  void configuration(Fields fields);
  void current_setting(Fields fields);
  void expression(Fields fields);
  void sub_link(Fields fields);
  void sort_by(Fields fields);
  void type_cast(Fields fields);
  void operator_name(Fields fields, std::string_view key);
  void column_ref(Fields fields);
  void indirection(Fields fields);
  void current_of(Fields fields);
  void table_sample(Fields fields);
  void type_name(Fields fields);
  void role(Fields fields);

  // definition.cc: statements about objects.
  void name_of(const StatementRule& rule, Fields fields);
  void object_of(std::string_view object_type, Element value);
  [[nodiscard]] bool overwrites(Fields command);
  void alter_table(Fields fields);
  void drop(Fields fields);
  void truncate(Fields fields);
  void grant(Fields fields);
  void grant_role(Fields fields);
  void subject(Fields fields);
  void rename(Fields fields);
  void define(Fields fields);
  void refresh(Fields fields);
  void trigger(Fields fields);
  void index(Fields fields);
  void reindex(Fields fields);
  void default_privileges(Fields fields);
  void import(Fields fields);
  void publication_part(Fields fields);

  // session.cc: statements about the session, and those that hold others.
  void transaction(Fields fields);
  void modes(Fields fields, std::string_view key, bool local);
  void set(Fields fields);
  void show(Fields fields);
  void persistent(Fields fields);
  void remember_name(Fields fields);
  void name_only(Fields fields);
  bool inner(Fields fields, Statement& out);
  void holder(Fields fields);
  void execute(Fields fields);
  void fetch(Fields fields);
  void create_as(Fields fields);
  void copy(Fields fields);
  void copied_columns(Fields fields);
  void copy_out(Fields fields);  // copy.cc
  void explain(Fields fields);
  void vacuum(Fields fields);

  Facts facts_;
  Use use_ = Use::named;
  std::vector<std::string_view> ctes_;                         // names in scope, innermost last
  std::unordered_map<std::string_view, uint32_t> cte_counts_;  // of each name, how often it is in ctes_
  size_t column_count_ = 0;                                    // column references met
  size_t depth_ = 0;
  bool failed_ = false;
};

// Field access; absent is empty, false or nothing.
[[nodiscard]] std::string_view text_of(simdjson::dom::object fields, std::string_view key);
[[nodiscard]] bool flag_of(simdjson::dom::object fields, std::string_view key);
[[nodiscard]] bool find(simdjson::dom::object fields, std::string_view key, simdjson::dom::element& value);
[[nodiscard]] bool find(simdjson::dom::object fields, std::string_view key, simdjson::dom::array& value);
[[nodiscard]] bool find(simdjson::dom::object fields, std::string_view key, simdjson::dom::object& value);
// {"Tag": {...}} -> tag and fields.
[[nodiscard]] bool tagged(simdjson::dom::element value, std::string_view& tag, simdjson::dom::object& fields);
// A list of String nodes, or a List of them; other items are left out.
[[nodiscard]] std::vector<std::string_view> strings_of(simdjson::dom::element value);
[[nodiscard]] std::vector<std::string_view> strings_of(simdjson::dom::object fields, std::string_view key);
// The value of an A_Const or String as text.
// As the server folds the names of settings.
[[nodiscard]] std::string lower(std::string_view text);
[[nodiscard]] std::string constant_of(simdjson::dom::element value);
// {"a","b","c"} -> a.b.c; beyond three parts the first ones are joined into the catalog.
[[nodiscard]] Object object_named(ObjectKind kind, const std::vector<std::string_view>& names);

}  // namespace sallyport::postgresql::sql
