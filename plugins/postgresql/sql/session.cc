// Statements about the session, and those that hold others.
#include <algorithm>
#include <array>

#include "plugins/postgresql/sql/functions.h"
#include "plugins/postgresql/sql/walk.h"

namespace sallyport::postgresql::sql {
namespace {

struct TransactionRule {
  std::string_view kind;
  std::string_view verb;
  Transaction transaction;
};

constexpr std::array transaction_rules = {
    TransactionRule{"TRANS_STMT_BEGIN", "BEGIN", Transaction::begin},
    TransactionRule{"TRANS_STMT_START", "BEGIN", Transaction::begin},
    TransactionRule{"TRANS_STMT_COMMIT", "COMMIT", Transaction::commit},
    TransactionRule{"TRANS_STMT_ROLLBACK", "ROLLBACK", Transaction::rollback},
    TransactionRule{"TRANS_STMT_SAVEPOINT", "SAVEPOINT", Transaction::savepoint},
    TransactionRule{"TRANS_STMT_RELEASE", "RELEASE", Transaction::release},
    TransactionRule{"TRANS_STMT_ROLLBACK_TO", "ROLLBACK", Transaction::rollback_to},
    TransactionRule{"TRANS_STMT_PREPARE", "PREPARE TRANSACTION", Transaction::prepare},
    TransactionRule{"TRANS_STMT_COMMIT_PREPARED", "COMMIT PREPARED", Transaction::commit_prepared},
    TransactionRule{"TRANS_STMT_ROLLBACK_PREPARED", "ROLLBACK PREPARED", Transaction::rollback_prepared},
};

}  // namespace

void Walker::transaction(Fields fields) {
  const auto* rule = std::ranges::find(transaction_rules, text_of(fields, "kind"), &TransactionRule::kind);
  if (rule == transaction_rules.end()) {
    failed_ = true;
    return;
  }
  verb(rule->verb, Effect::transaction);
  Statement& out = facts_.statement();
  out.transaction = rule->transaction;
  out.chain = flag_of(fields, "chain");
  out.name = text_of(fields, "savepoint_name");
  if (out.name.empty()) out.name = text_of(fields, "gid");
  modes(fields, "options", true);
  // A transaction that outlives the session, or another session's: nobody here has judged what it did.
  if (rule->transaction >= Transaction::prepare) facts_.escape("two-phase");
}

// ISOLATION LEVEL, READ ONLY, DEFERRABLE: as the settings they stand for.
void Walker::modes(Fields fields, std::string_view key, bool local) {
  Array list;
  std::string_view tag;
  Fields mode;
  Element value;
  if (!find(fields, key, list)) return;
  for (const Element item : list) {
    if (!tagged(item, tag, mode) || tag != "DefElem" || !find(mode, "arg", value)) continue;
    facts_.setting(
        {.name = std::string(text_of(mode, "defname")), .value = constant_of(value), .local = local});
  }
}

// SET and RESET in all spellings; SET ROLE, SET NAMES, SET TIME ZONE arrive as the settings they stand for.
void Walker::set(Fields fields) {
  const std::string_view kind = text_of(fields, "kind");
  verb(kind.starts_with("VAR_RESET") ? "RESET" : "SET", Effect::session);
  // SET TRANSACTION ..., SET SESSION CHARACTERISTICS AS TRANSACTION ...
  if (kind == "VAR_SET_MULTI") return modes(fields, "args", text_of(fields, "name") == "TRANSACTION");
  Setting setting{.name = lower(text_of(fields, "name")), .local = flag_of(fields, "is_local")};
  Array list;
  bool shadowed = false;
  if (kind == "VAR_SET_VALUE" && find(fields, "args", list)) {
    for (const Element item : list) {
      const std::string value = constant_of(item);
      shadowed = shadowed || (!setting.value.empty() && value == "pg_catalog");
      if (!setting.value.empty()) setting.value += ", ";
      setting.value += value;
    }
  }
  // With pg_catalog behind another schema, that schema's functions go by the names of PostgreSQL's own.
  const bool search_path = setting.name == "search_path" && shadowed;
  if (search_path || is_escaping_setting(setting.name, setting.value))
    facts_.escape("setting " + setting.name);
  if (!setting.name.empty()) facts_.setting(std::move(setting));
  visit_fields(fields);
}

void Walker::show(Fields fields) {
  if (is_free_setting(lower(text_of(fields, "name")))) facts_.statement().reads_free_setting = true;
}

// ALTER SYSTEM, ALTER ROLE ... SET, ALTER DATABASE ... SET.
void Walker::persistent(Fields fields) {
  Fields statement;
  if (find(fields, "setstmt", statement)) set(statement);
  visit_except(fields, "setstmt");
}

void Walker::remember_name(Fields fields) {
  Statement& out = facts_.statement();
  out.name = text_of(fields, "name");
  if (out.name.empty()) out.name = text_of(fields, "portalname");
}

// CLOSE, DEALLOCATE.
void Walker::name_only(Fields fields) { remember_name(fields); }

bool Walker::inner(Fields fields, Statement& out) {
  Element query;
  if (!find(fields, "query", query)) return false;
  if (!Walker(out, depth_).run(query)) failed_ = true;
  return !failed_;
}

// PREPARE, DECLARE: nothing runs yet, but what will is said here and nowhere else.
void Walker::holder(Fields fields) {
  remember_name(fields);
  Statement held;
  if (!inner(fields, held)) return;
  facts_.merge(held);
  facts_.statement().inner.push_back(std::move(held));
  visit_except(fields, "query");
}

void Walker::execute(Fields fields) {
  remember_name(fields);
  facts_.statement().deferred = true;
  const Use outer = std::exchange(use_, Use::read);
  visit_fields(fields);
  use_ = outer;
}

// A cursor may also be a portal that Bind has made, so FETCH may run anything.
void Walker::fetch(Fields fields) {
  verb(flag_of(fields, "ismove") ? "MOVE" : "FETCH", Effect::unknown);
  remember_name(fields);
  facts_.statement().deferred = true;
}

void Walker::create_as(Fields fields) {
  facts_.effect(Effect::write);
  Fields into;
  Fields relation;
  if (find(fields, "into", into) && find(into, "rel", relation)) facts_.written(relation_of(relation));
  Statement source;
  if (!inner(fields, source)) return;
  facts_.merge(source);
  facts_.statement().deferred = source.deferred;
  facts_.statement().name = source.name;
  // Of what a name stands for nobody can say beforehand what it would leave behind.
  if (source.deferred) facts_.escape("copies-data");
  facts_.statement().inner.push_back(std::move(source));
}

void Walker::copied_columns(Fields fields) {
  const std::vector<std::string_view> names = strings_of(fields, "attlist");
  for (const std::string_view name : names) facts_.column(name);
  if (names.empty()) facts_.column("*");
}

namespace {

// For its data ENCODING is what client_encoding is for all else.
void copy_encoding(simdjson::dom::object copy, Statement& out) {
  simdjson::dom::array options;
  if (!find(copy, "options", options)) return;
  std::string_view tag;
  simdjson::dom::object option;
  simdjson::dom::element argument;
  for (const simdjson::dom::element item : options) {
    if (!tagged(item, tag, option) || lower(text_of(option, "defname")) != "encoding") continue;
    const std::string value = find(option, "arg", argument) ? constant_of(argument) : std::string();
    out.settings.push_back({.name = "client_encoding", .value = value, .local = true});
  }
}

}  // namespace

void Walker::copy(Fields fields) {
  const bool from = flag_of(fields, "is_from");
  Element unused;
  const bool file = find(fields, "filename", unused);
  Statement& out = facts_.statement();
  if (flag_of(fields, "is_program")) {
    facts_.escape("copy-program");
  } else if (file) {
    facts_.escape("copy-file");
  } else {
    (from ? out.copies_in : out.copies_out) = true;
    if (!from) copy_out(fields);
  }
  if (from) facts_.effect(Effect::write);
  Fields relation;
  if (find(fields, "relation", relation)) {
    from ? facts_.written(relation_of(relation)) : facts_.read(relation_of(relation));
    if (!from) copied_columns(fields);
  }
  Statement source;
  if (find(fields, "query", unused) && inner(fields, source)) {
    facts_.merge(source);
    out.inner.push_back(std::move(source));
  }
  copy_encoding(fields, out);
  use_ = Use::read;
  visit_except(fields, "query", "relation");
}

namespace {

// Only what the server takes for false; it refuses what is neither.
bool is_off(simdjson::dom::object option) {
  simdjson::dom::element argument;
  if (!find(option, "arg", argument)) return false;
  std::string_view tag;
  simdjson::dom::object fields;
  if (!tagged(argument, tag, fields)) return false;
  if (tag == "Integer") {
    int64_t number = 0;
    return fields["ival"].get(number) != simdjson::SUCCESS || number == 0;
  }
  const std::string text = tag == "String" ? lower(text_of(fields, "sval")) : "";
  return text == "false" || text == "off";
}

bool runs(simdjson::dom::object fields) {
  simdjson::dom::array options;
  if (!find(fields, "options", options)) return false;
  std::string_view tag;
  simdjson::dom::object option;
  for (const simdjson::dom::element item : options) {
    if (tagged(item, tag, option) && text_of(option, "defname") == "analyze" && !is_off(option)) return true;
  }
  return false;
}

}  // namespace

void Walker::explain(Fields fields) {
  Statement explained;
  if (!inner(fields, explained)) return;
  Statement& out = facts_.statement();
  out.explain = true;
  if (runs(fields)) {
    verb(explained.verb, Effect::read);
    facts_.merge(explained);
    out.deferred = explained.deferred;
    out.name = explained.name;
  } else {
    verb("EXPLAIN", Effect::read);
    facts_.merge_planned(explained);
  }
  out.inner.push_back(std::move(explained));
}

void Walker::vacuum(Fields fields) {
  verb(flag_of(fields, "is_vacuumcmd") ? "VACUUM" : "ANALYZE", Effect::schema);
  visit_fields(fields);
}

}  // namespace sallyport::postgresql::sql
