// Statements about objects.
#include <algorithm>
#include <array>

#include "plugins/postgresql/sql/functions.h"
#include "plugins/postgresql/sql/rules.h"

namespace sallyport::postgresql::sql {
namespace {

struct KindOf {
  std::string_view object_type;
  ObjectKind kind;
};

ObjectKind kind_of(std::string_view object_type) {
  static constexpr std::array kinds = {
      KindOf{"OBJECT_AGGREGATE", ObjectKind::function},
      KindOf{"OBJECT_DATABASE", ObjectKind::database},
      KindOf{"OBJECT_DOMAIN", ObjectKind::type},
      KindOf{"OBJECT_EXTENSION", ObjectKind::extension},
      KindOf{"OBJECT_FDW", ObjectKind::server},
      KindOf{"OBJECT_FOREIGN_SERVER", ObjectKind::server},
      KindOf{"OBJECT_FOREIGN_TABLE", ObjectKind::relation},
      KindOf{"OBJECT_FUNCTION", ObjectKind::function},
      KindOf{"OBJECT_INDEX", ObjectKind::relation},
      KindOf{"OBJECT_LANGUAGE", ObjectKind::language},
      KindOf{"OBJECT_MATVIEW", ObjectKind::relation},
      KindOf{"OBJECT_PARAMETER_ACL", ObjectKind::setting},
      KindOf{"OBJECT_PROCEDURE", ObjectKind::function},
      KindOf{"OBJECT_ROLE", ObjectKind::role},
      KindOf{"OBJECT_ROUTINE", ObjectKind::function},
      KindOf{"OBJECT_SCHEMA", ObjectKind::schema},
      KindOf{"OBJECT_SEQUENCE", ObjectKind::relation},
      KindOf{"OBJECT_TABLE", ObjectKind::relation},
      KindOf{"OBJECT_TABLESPACE", ObjectKind::tablespace},
      KindOf{"OBJECT_TYPE", ObjectKind::type},
      KindOf{"OBJECT_VIEW", ObjectKind::relation},
  };
  static_assert(std::ranges::is_sorted(kinds, {}, &KindOf::object_type));
  const auto* found = std::ranges::lower_bound(kinds, object_type, {}, &KindOf::object_type);
  return found != kinds.end() && found->object_type == object_type ? found->kind : ObjectKind::other;
}

// Named as relation.name.
bool is_part_of_relation(std::string_view object_type) {
  return object_type == "OBJECT_COLUMN" || object_type == "OBJECT_TRIGGER" || object_type == "OBJECT_RULE" ||
         object_type == "OBJECT_POLICY" || object_type == "OBJECT_TABCONSTRAINT";
}

}  // namespace

// The field may be a string, a qualified name as a list, or absent.
void Walker::name_of(const StatementRule& rule, Fields fields) {
  Element value;
  if (!find(fields, rule.name_key, value)) return;
  std::string_view name;
  if (value.get(name) == simdjson::SUCCESS) {
    facts_.object({.kind = rule.kind, .name = std::string(name)});
  } else {
    facts_.object(object_named(rule.kind, strings_of(value)));
  }
}

// What DROP, COMMENT, ALTER ... OWNER and GRANT are about: String, List, ObjectWithArgs, TypeName or
// RangeVar.
void Walker::object_of(std::string_view object_type, Element value) {
  std::string_view tag;
  Fields fields;
  std::vector<std::string_view> names;
  if (!tagged(value, tag, fields)) {
    names = strings_of(value);
  } else if (tag == "ObjectWithArgs") {
    names = strings_of(fields, "objname");
  } else if (tag == "TypeName") {
    names = strings_of(fields, "names");
  } else if (tag == "String" || tag == "List") {
    names = strings_of(value);
    if (names.empty()) visit(value);  // a cast's types, an operator class
  } else {
    visit(value);
  }
  if (names.empty()) return;
  if (is_part_of_relation(object_type) && names.size() > 1) {
    facts_.object({.kind = ObjectKind::other, .name = std::string(names.back())});
    names.pop_back();
    return facts_.object(object_named(ObjectKind::relation, names));
  }
  // CREATE OPERATOR CLASS names both in the same place.
  const bool is_operator = object_type == "OBJECT_ROUTINE" && is_known_operator(names.back());
  const ObjectKind kind = is_operator ? ObjectKind::other : kind_of(object_type);
  Object object = object_named(kind, names);
  const bool dropped = kind == ObjectKind::relation && facts_.statement().verb == "DROP";
  dropped ? facts_.written(std::move(object)) : facts_.object(std::move(object));
}

// ALTER COLUMN ... TYPE ... USING what reads no column: nothing of the old values is left.
bool Walker::overwrites(Fields command) {
  std::string_view tag;
  Element definition;
  Element unused;
  Fields column;
  return text_of(command, "subtype") == "AT_AlterColumnType" && find(command, "def", definition) &&
         tagged(definition, tag, column) && find(column, "raw_default", unused) &&
         !visit_condition(column, "raw_default");
}

void Walker::alter_table(Fields fields) {
  Array list;
  std::string_view tag;
  Fields command;
  if (find(fields, "cmds", list)) {
    for (const Element item : list) {
      if (!tagged(item, tag, command)) continue;
      const std::string_view kind = text_of(command, "subtype");
      // Rows that a table no longer shows are gone for who reads it, wherever they lie now.
      const bool takes_away =
          kind == "AT_DropColumn" || kind.starts_with("AT_DetachPartition") || kind == "AT_DropInherit";
      if (takes_away || overwrites(command)) facts_.effect(Effect::destroy);
      if (kind.find("Trig") != std::string_view::npos) facts_.escape("trigger");
      if (kind.ends_with("Rule")) facts_.escape("rule");
      if (kind == "AT_DisableRowSecurity" || kind == "AT_NoForceRowSecurity") facts_.escape("row-security");
    }
  }
  visit_fields(fields);
}

void Walker::drop(Fields fields) {
  Array list;
  if (!find(fields, "objects", list)) return;
  for (const Element item : list) object_of(text_of(fields, "removeType"), item);
}

void Walker::truncate(Fields fields) {
  Array list;
  std::string_view tag;
  Fields relation;
  if (!find(fields, "relations", list)) return;
  for (const Element item : list) {
    if (tagged(item, tag, relation)) facts_.written(relation_of(relation));
  }
}

void Walker::grant(Fields fields) {
  verb(flag_of(fields, "is_grant") ? "GRANT" : "REVOKE", Effect::schema);
  const bool in_schema = text_of(fields, "targtype") == "ACL_TARGET_ALL_IN_SCHEMA";
  const std::string_view object_type = in_schema ? "OBJECT_SCHEMA" : text_of(fields, "objtype");
  Array list;
  if (find(fields, "objects", list)) {
    for (const Element item : list) object_of(object_type, item);
  }
  visit_except(fields, "objects");
}

void Walker::grant_role(Fields fields) {
  verb(flag_of(fields, "is_grant") ? "GRANT" : "REVOKE", Effect::schema);
  Array list;
  std::string_view tag;
  Fields granted;
  if (find(fields, "granted_roles", list)) {
    for (const Element item : list) {
      if (!tagged(item, tag, granted)) continue;
      facts_.object({.kind = ObjectKind::role, .name = std::string(text_of(granted, "priv_name"))});
    }
  }
  visit_fields(fields);
}

// COMMENT, SECURITY LABEL, ALTER ... OWNER TO, SET SCHEMA, DEPENDS ON, ALTER EXTENSION ... ADD.
void Walker::subject(Fields fields) {
  std::string_view object_type = text_of(fields, "objtype");
  if (object_type.empty()) object_type = text_of(fields, "objectType");
  const bool alters = facts_.statement().verb == "ALTER";
  if (alters && kind_of(object_type) == ObjectKind::function) facts_.escape("function-definition");
  // It leaves the schema that its readers, rules and masks may name.
  if (kind_of(object_type) == ObjectKind::relation && !text_of(fields, "newschema").empty())
    facts_.effect(Effect::destroy);
  Element object;
  if (find(fields, "object", object)) object_of(object_type, object);
  visit_except(fields, "object");
}

// Databases, roles, schemas and tablespaces stand in `subname`; for the others it is a column's or part's
// name.
void Walker::rename(Fields fields) {
  const std::string_view object_type = text_of(fields, "renameType");
  const ObjectKind kind = kind_of(object_type);
  if (kind == ObjectKind::function) facts_.escape("function-definition");
  if (kind == ObjectKind::schema) facts_.effect(Effect::destroy);  // all of it leaves, as by SET SCHEMA
  Element object;
  if (find(fields, "object", object)) object_of(object_type, object);
  visit_except(fields, "object");
  if (kind == ObjectKind::other) return;
  Fields relation;
  if (!find(fields, "relation", relation) && !find(fields, "object", object)) {
    facts_.object({.kind = kind, .name = std::string(text_of(fields, "subname"))});
  }
  facts_.object({.kind = kind, .name = std::string(text_of(fields, "newname"))});
}

// CREATE AGGREGATE, OPERATOR, TYPE (base), COLLATION, TEXT SEARCH ...
void Walker::define(Fields fields) {
  const std::string_view object_type = text_of(fields, "kind");
  const bool code = object_type == "OBJECT_AGGREGATE" || object_type == "OBJECT_OPERATOR" ||
                    object_type == "OBJECT_TYPE" || object_type == "OBJECT_TSPARSER" ||
                    object_type == "OBJECT_TSTEMPLATE";
  if (code) facts_.escape("code");
  facts_.object(object_named(kind_of(object_type), strings_of(fields, "defnames")));
  visit_except(fields, "defnames", "definition");
}

void Walker::refresh(Fields fields) {
  Fields relation;
  if (find(fields, "relation", relation)) facts_.written(relation_of(relation));
}

void Walker::trigger(Fields fields) {
  facts_.object(object_named(ObjectKind::function, strings_of(fields, "funcname")));
  visit_except(fields, "funcname", "transitionRels");
}

void Walker::index(Fields fields) {
  facts_.object({.kind = ObjectKind::relation, .name = std::string(text_of(fields, "idxname"))});
  visit_fields(fields);
}

void Walker::reindex(Fields fields) {
  const std::string_view kind = text_of(fields, "kind");
  const bool schema = kind == "REINDEX_OBJECT_SCHEMA";
  facts_.object({.kind = schema ? ObjectKind::schema : ObjectKind::database,
                 .name = std::string(text_of(fields, "name"))});
  visit_fields(fields);
}

// ALTER DEFAULT PRIVILEGES [FOR ROLE ...] [IN SCHEMA ...] GRANT ...
void Walker::default_privileges(Fields fields) {
  Array options;
  std::string_view tag;
  Fields option;
  Element schemas;
  if (find(fields, "options", options)) {
    for (const Element item : options) {
      if (!tagged(item, tag, option) || text_of(option, "defname") != "schemas") continue;
      if (!find(option, "arg", schemas)) continue;
      for (const std::string_view name : strings_of(schemas)) {
        facts_.object({.kind = ObjectKind::schema, .name = std::string(name)});
      }
    }
  }
  visit_fields(fields);
}

void Walker::import(Fields fields) {
  facts_.object({.kind = ObjectKind::schema, .name = std::string(text_of(fields, "local_schema"))});
}

void Walker::publication_part(Fields fields) {
  if (text_of(fields, "pubobjtype") == "PUBLICATIONOBJ_TABLES_IN_SCHEMA") {
    facts_.object({.kind = ObjectKind::schema, .name = std::string(text_of(fields, "name"))});
  }
  visit_fields(fields);
}

}  // namespace sallyport::postgresql::sql
