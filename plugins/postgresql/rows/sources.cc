#include "plugins/postgresql/rows/sources.h"

#include <algorithm>
#include <array>
#include <vector>

#include "plugins/postgresql/sql/functions.h"

namespace sallyport::pg {

namespace {

namespace sql = postgresql::sql;

constexpr size_t name_size_max = 63;  // NAMEDATALEN - 1: what is longer the server cuts

// What the names in a text are, those of statements inside it included.
struct Names {
  std::vector<const sql::Object*> relations;
  std::vector<std::string_view> others;  // of functions, and of columns: t.f may mean f(t)
};

// No trigger and no rule runs for it, and all functions in it are known.
bool only_selects(const sql::Statement& statement) {
  constexpr uint32_t harmless = sql::effect_bit(sql::Effect::read) | sql::effect_bit(sql::Effect::write) |
                                sql::effect_bit(sql::Effect::session);
  const bool reads = statement.effects == sql::effect_bit(sql::Effect::read);
  const bool selects = statement.verbs == std::vector<std::string>{"SELECT"};
  return (reads || (selects && (statement.effects & ~harmless) == 0)) && !statement.deferred &&
         !statement.reads_free_setting && statement.unknown_functions.empty() && statement.escapes.empty();
}

// A name that stands between quotes in the question as it is.
bool usable(std::string_view name) {
  return !name.empty() && name.size() <= name_size_max && name.find('\\') == std::string_view::npos;
}

bool only_known(const sql::Statement& statement) {
  return !statement.deferred && !statement.reads_free_setting && statement.unknown_functions.empty();
}

bool add_relations(const std::vector<sql::Object>& relations, Names& out) {
  for (const sql::Object& relation : relations) {
    // An alias for this session's own.
    if (relation.schema == "pg_temp" || !usable(relation.name)) return false;
    if (!relation.schema.empty() && !usable(relation.schema)) return false;
    if (std::ranges::none_of(out.relations, [&](const sql::Object* known) {
          return known->schema == relation.schema && known->name == relation.name;
        })) {
      out.relations.push_back(&relation);
    }
  }
  return true;
}

bool collect(const sql::Statement& statement, Purpose purpose, Names& out) {
  if (!(purpose == Purpose::Shows ? only_selects(statement) : only_known(statement))) return false;
  if (!add_relations(statement.relations_read, out)) return false;
  // What several parts of it change, each may return to the others.
  const bool returns = purpose == Purpose::Copies && statement.relations_written.size() > 1;
  if (returns && !add_relations(statement.relations_written, out)) return false;
  const auto add_other = [&out](std::string_view name) {
    if (std::ranges::find(out.others, name) == out.others.end()) out.others.push_back(name);
    return usable(name);
  };
  for (const sql::Object& function : statement.functions_called) {
    if (!add_other(function.name)) return false;
  }
  for (const std::string& column : statement.columns) {
    if (column != "*" && !add_other(column)) return false;
  }
  return std::ranges::all_of(statement.inner,
                             [&](const sql::Statement& inner) { return collect(inner, purpose, out); });
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + "'";
}

std::string wanted(const Names& names) {
  std::string out;
  for (size_t i = 0; i < names.relations.size(); ++i) {
    const sql::Object& relation = *names.relations[i];
    out += (i == 0 ? "(" : ", (") + std::to_string(i) + ", " + quoted(relation.schema) +
           "::pg_catalog.name, " + quoted(relation.name) + "::pg_catalog.name)";
  }
  return out;
}

// Rows as of the question below, but none of them.
constexpr std::string_view nothing_wanted = "SELECT 0, 0::pg_catalog.oid, 't', '' WHERE false; ";

// As pg_class has them: no indexes, no composite types. pg_node_tree writes a relation as `:relid 16384`
// (outfuncs.c of the server), which also names what pg_depend leaves out because it came with the server.
constexpr std::string_view reach_head =
    ") , reach(number, oid) AS ("
    "SELECT w.number, c.oid FROM wanted w "
    "JOIN pg_catalog.pg_class c ON c.relname OPERATOR(pg_catalog.=) w.name "
    "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
    "WHERE (w.schema OPERATOR(pg_catalog.=) ''::pg_catalog.name "
    "OR w.schema OPERATOR(pg_catalog.=) n.nspname) "
    "AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r','p','v','m','f','S','t']::pg_catalog.\"char\"[]) "
    "UNION SELECT k.number, d.oid FROM reach k CROSS JOIN LATERAL ("
    "SELECT CASE WHEN i.inhrelid OPERATOR(pg_catalog.=) k.oid THEN i.inhparent ELSE i.inhrelid END AS oid "
    "FROM pg_catalog.pg_inherits i "
    "JOIN pg_catalog.pg_class h ON h.oid OPERATOR(pg_catalog.=) i.inhrelid AND NOT h.relispartition "
    "WHERE k.oid OPERATOR(pg_catalog.=) ANY (ARRAY[i.inhrelid, i.inhparent]) "
    "UNION ALL SELECT m.found[1]::pg_catalog.oid FROM pg_catalog.pg_rewrite r CROSS JOIN LATERAL "
    "pg_catalog.regexp_matches(r.ev_action::pg_catalog.text, ':relid ([0-9]+)', 'g') AS m(found) "
    "WHERE r.ev_class OPERATOR(pg_catalog.=) k.oid "
    "AND r.ev_type OPERATOR(pg_catalog.=) '1'::pg_catalog.\"char\" "
    "UNION ALL SELECT e.refobjid FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend e "
    "ON e.classid OPERATOR(pg_catalog.=) 2618::pg_catalog.oid AND e.objid OPERATOR(pg_catalog.=) r.oid "
    "AND e.refclassid OPERATOR(pg_catalog.=) 1259::pg_catalog.oid "
    "WHERE r.ev_class OPERATOR(pg_catalog.=) k.oid "
    "AND r.ev_type OPERATOR(pg_catalog.=) '1'::pg_catalog.\"char\") d) "
    "SELECT k.number, c.oid, ";

// Of the server's own views those that show definitions and counts; others show what sessions run, settings
// and samples of columns. pg_statistic, pg_largeobject and pg_statistic_ext_data hold values of others.
constexpr std::string_view seeming =
    "CASE WHEN NOT CASE WHEN c.oid OPERATOR(pg_catalog.=) ANY (ARRAY[2619,2613,3429]::pg_catalog.oid[]) THEN "
    "false "
    "WHEN c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['f','t']::pg_catalog.\"char\"[]) THEN false "
    "WHEN c.relkind OPERATOR(pg_catalog.=) 'v'::pg_catalog.\"char\" "
    "AND n.nspname OPERATOR(pg_catalog.=) 'pg_catalog'::pg_catalog.name "
    "THEN c.relname OPERATOR(pg_catalog.=) ANY (ARRAY["
    "'pg_available_extension_versions','pg_available_extensions','pg_group','pg_indexes','pg_locks',"
    "'pg_matviews','pg_policies','pg_publication_tables','pg_roles','pg_rules','pg_sequences',"
    "'pg_stat_all_indexes','pg_stat_all_tables','pg_stat_bgwriter','pg_stat_database',"
    "'pg_stat_sys_indexes','pg_stat_sys_tables','pg_stat_user_indexes','pg_stat_user_tables',"
    "'pg_stat_xact_all_tables','pg_stat_xact_user_tables','pg_statio_all_indexes',"
    "'pg_statio_all_sequences','pg_statio_all_tables','pg_statio_user_indexes',"
    "'pg_statio_user_sequences','pg_statio_user_tables','pg_tables','pg_timezone_abbrevs',"
    "'pg_timezone_names','pg_user','pg_views']::pg_catalog.name[]) "
    "ELSE true END THEN 'f' "
    "WHEN c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['v','m']::pg_catalog.\"char\"[]) THEN 'v' "
    "WHEN c.relrowsecurity THEN 'p' ELSE 't' END, ";

// Functions of a view: of what is not the server's own "!" stands in the list. Casts are functions too.
constexpr std::string_view called =
    "CASE WHEN c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['v','m']::pg_catalog.\"char\"[]) "
    "AND n.nspname OPERATOR(pg_catalog.<>) ALL (ARRAY['pg_catalog','information_schema']::pg_catalog.name[]) "
    "THEN pg_catalog.array_to_string(ARRAY(SELECT DISTINCT CASE "
    "WHEN m.found[2]::pg_catalog.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid THEN '!' "
    "WHEN pg_catalog.left(m.found[1], 2) OPERATOR(pg_catalog.=) 'op' THEN '' "
    "WHEN EXISTS (SELECT FROM pg_catalog.pg_cast t WHERE t.castfunc OPERATOR(pg_catalog.=) p.oid) THEN '' "
    "WHEN p.pronamespace OPERATOR(pg_catalog.=) 11::pg_catalog.oid THEN p.proname::pg_catalog.text "
    "ELSE '!' END "
    "FROM pg_catalog.pg_rewrite r CROSS JOIN LATERAL pg_catalog.regexp_matches(r.ev_action::pg_catalog.text, "
    "':(funcid|opno|opfuncid|aggfnoid|winfnoid) ([0-9]+)', 'g') AS m(found) "
    "LEFT JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) m.found[2]::pg_catalog.oid "
    "WHERE r.ev_class OPERATOR(pg_catalog.=) c.oid "
    "AND r.ev_type OPERATOR(pg_catalog.=) '1'::pg_catalog.\"char\"), ',') ELSE '' END "
    "FROM reach k JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) k.oid "
    "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace LIMIT ";

// Users' own: not an extension's, and not in C, which only a superuser can load.
constexpr std::string_view users_own =
    "p.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid "
    "AND (p.prolang OPERATOR(pg_catalog.<>) ALL (ARRAY[12,13]::pg_catalog.oid[]) "
    "OR p.prokind OPERATOR(pg_catalog.=) 'a'::pg_catalog.\"char\") "
    "AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e "
    "WHERE e.classid OPERATOR(pg_catalog.=) 1255::pg_catalog.oid AND e.objid OPERATOR(pg_catalog.=) p.oid "
    "AND e.deptype OPERATOR(pg_catalog.=) 'e'::pg_catalog.\"char\")";

std::string exists(std::string_view joins) {
  return "EXISTS (SELECT FROM pg_catalog.pg_proc p " + std::string(joins) + std::string(users_own) + ")";
}

std::string others_question(const Names& names) {
  std::string list;
  for (const std::string_view name : names.others) list += (list.empty() ? "" : ",") + quoted(name);
  return "SELECT " +
         exists("WHERE p.proname OPERATOR(pg_catalog.=) ANY (ARRAY[" + list + "]::pg_catalog.name[]) AND ") +
         " OR " +
         exists(
             "JOIN pg_catalog.pg_operator o ON o.oprcode OPERATOR(pg_catalog.=) "
             "p.oid::pg_catalog.regproc AND o.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid WHERE ") +
         " OR " + exists("JOIN pg_catalog.pg_cast t ON t.castfunc OPERATOR(pg_catalog.=) p.oid WHERE ");
}

}  // namespace

SourcesQuestion sources_question(const sql::Statement& statement, Purpose purpose) {
  Names names;
  if (!collect(statement, purpose, names)) return {};
  if (names.relations.size() > source_name_count_max || names.others.size() > source_name_count_max)
    return {};
  if (names.relations.empty()) return {.text = std::string(nothing_wanted) + others_question(names)};
  std::string text = "WITH RECURSIVE wanted(number, schema, name) AS (VALUES " + wanted(names);
  text += reach_head;
  text += seeming;
  text += called;
  text += std::to_string(source_count_max + 1) + "; " + others_question(names);
  return {.text = std::move(text), .relation_count = names.relations.size()};
}

bool may_copy(const sql::Statement& statement) {
  constexpr std::array<std::string_view, 4> verbs = {"CREATE", "INSERT", "MERGE", "UPDATE"};
  const auto among = [](const auto& list, const auto& one) {
    return std::ranges::find(list, one) != list.end();
  };
  return !statement.has(sql::Effect::escape) &&
         std::ranges::any_of(statement.verbs, [&](const std::string& verb) { return among(verbs, verb); }) &&
         (statement.relations_written.size() > 1 ||
          std::ranges::any_of(statement.relations_read, [&](const sql::Object& relation) {
            return !among(statement.relations_written, relation);
          }));
}

bool vouched(std::string_view functions) {
  for (std::string_view rest = functions; !rest.empty();) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view name = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (name.empty()) continue;
    const bool harmless = sql::function_class(name) == sql::FunctionClass::harmless &&
                          !sql::shows_stored_text(name) && name != "current_setting";
    if (!harmless) return false;
  }
  return true;
}

}  // namespace sallyport::pg
