// set_config() where it is as good as a SET.
#include "plugins/postgresql/sql/functions.h"
#include "plugins/postgresql/sql/walk.h"

namespace sallyport::postgresql::sql {
namespace {

// set_config('name', 'value', true or false) alone in a SELECT's list; false for all else.
bool read_set_config(simdjson::dom::element target, Setting& out) {
  std::string_view tag;
  simdjson::dom::object result, call;
  simdjson::dom::element value;
  simdjson::dom::array arguments;
  if (!tagged(target, tag, result) || tag != "ResTarget" || !find(result, "val", value)) return false;
  if (!tagged(value, tag, call) || tag != "FuncCall") return false;
  for (const auto field : call) {
    if (field.key != "funcname" && field.key != "args" && field.key != "funcformat" &&
        field.key != "location")
      return false;
  }
  const std::vector<std::string_view> names = strings_of(call, "funcname");
  const bool catalog = names.size() == 1 || (names.size() == 2 && names.front() == "pg_catalog");
  if (!catalog || names.back() != "set_config" || !find(call, "args", arguments)) return false;
  std::vector<std::string> constants;
  for (const simdjson::dom::element argument : arguments) {
    simdjson::dom::object constant;
    simdjson::dom::element unused;
    const bool is_constant =
        tagged(argument, tag, constant) && tag == "A_Const" && !find(constant, "isnull", unused);
    if (!is_constant) return false;
    constants.push_back(constant_of(argument));
  }
  if (constants.size() != 3) return false;
  out = {.name = lower(constants[0]), .value = constants[1], .local = constants[2] == "true"};
  return !out.name.empty();
}

// With pg_catalog behind another schema, or only said to be in front.
bool shadows_catalog(const Setting& setting) {
  return setting.name == "search_path" && setting.value.find("pg_catalog") != std::string::npos;
}

}  // namespace

// SELECT set_config(...) of constants and nothing else, as pg_dump writes it, is a SET: it runs once,
// whatever the tables hold.
bool Walker::configure(Fields select) {
  Array targets;
  for (const auto field : select) {
    if (field.key != "targetList" && field.key != "limitOption" && field.key != "op") return false;
  }
  if (!find(select, "targetList", targets) || text_of(select, "op") != "SETOP_NONE") return false;
  std::vector<Setting> settings;
  for (const Element target : targets) {
    Setting setting;
    if (!read_set_config(target, setting)) return false;
    if (shadows_catalog(setting) || is_escaping_setting(setting.name, setting.value)) return false;
    settings.push_back(std::move(setting));
  }
  verb("SELECT", Effect::session);
  facts_.effect(Effect::session);
  facts_.called({.kind = ObjectKind::function, .name = "set_config"});
  for (Setting& setting : settings) facts_.setting(std::move(setting));
  return true;
}

}  // namespace sallyport::postgresql::sql
