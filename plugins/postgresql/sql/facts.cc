#include "plugins/postgresql/sql/facts.h"

#include <algorithm>
#include <utility>

namespace sallyport::postgresql::sql {

bool Facts::fresh(char list, std::string_view text) {
  std::string key(1, list);
  key += text;
  return seen_.insert(std::move(key)).second;
}

// A zero byte divides: no name holds one.
bool Facts::fresh(char list, const Object& object) {
  std::string key;
  key += static_cast<char>('a' + static_cast<int>(object.kind));
  for (const std::string* part : {&object.catalog, &object.schema, &object.name}) {
    key += *part;
    key += '\0';
  }
  return fresh(list, key);
}

void Facts::verb(std::string_view verb) {
  if (fresh('v', verb)) out_.verbs.emplace_back(verb);
}

void Facts::effect(Effect effect) {
  out_.effects |= effect_bit(effect);
  if (effect > out_.effect) out_.effect = effect;
}

void Facts::escape(std::string reason) {
  effect(Effect::escape);
  if (fresh('e', reason)) out_.escapes.push_back(std::move(reason));
}

void Facts::unknown(std::string name) {
  effect(Effect::unknown);
  if (fresh('u', name)) out_.unknown_functions.push_back(std::move(name));
}

void Facts::column(std::string_view name) {
  if (fresh('c', name)) out_.columns.emplace_back(name);
}

void Facts::source(std::string_view name) { sources_.emplace(name); }

void Facts::finish() {
  const auto is_row = [&](const std::string& name) { return sources_.contains(name); };
  if (std::ranges::any_of(out_.columns, is_row)) column("*");
}

void Facts::setting(Setting setting) {
  object({.kind = ObjectKind::setting, .name = setting.name});
  if (fresh('s', setting.name + '\0' + setting.value)) out_.settings.push_back(std::move(setting));
}

void Facts::object(Object object) {
  if (!object.name.empty() && fresh('o', object)) out_.objects.push_back(std::move(object));
}

void Facts::read(Object object) {
  if (fresh('r', object)) out_.relations_read.push_back(object);
  this->object(std::move(object));
}

void Facts::written(Object object) {
  if (fresh('w', object)) out_.relations_written.push_back(object);
  this->object(std::move(object));
}

void Facts::called(Object object) {
  if (fresh('f', object)) out_.functions_called.push_back(object);
  this->object(std::move(object));
}

void Facts::merge(const Statement& inner) {
  for (uint32_t bit = 0; bit < effect_count; ++bit) {
    if (inner.has(static_cast<Effect>(bit))) effect(static_cast<Effect>(bit));
  }
  for (size_t index = inner.verb == "SELECT" ? 1 : 0; index < inner.verbs.size(); ++index)
    verb(inner.verbs[index]);
  for (const Object& each : inner.objects) object(each);
  for (const Object& each : inner.relations_read) read(each);
  for (const Object& each : inner.relations_written) written(each);
  for (const Object& each : inner.functions_called) called(each);
  for (const std::string& each : inner.unknown_functions) unknown(each);
  for (const std::string& each : inner.escapes) escape(each);
  for (const std::string& each : inner.columns) column(each);
  for (const Setting& each : inner.settings) setting(each);
  out_.has_where = out_.has_where && inner.has_where;
  out_.locks_rows = out_.locks_rows || inner.locks_rows;
  out_.reads_free_setting = out_.reads_free_setting || inner.reads_free_setting;
  out_.converts = out_.converts || inner.converts;
}

void Facts::merge_planned(const Statement& inner) {
  for (const Object& each : inner.objects) object(each);
  for (const Object& each : inner.relations_read) read(each);
  for (const Object& each : inner.functions_called) called(each);
  for (const std::string& each : inner.unknown_functions) unknown(each);
  for (const std::string& each : inner.escapes) {
    if (each.starts_with("function ")) escape(each);
  }
  for (const std::string& each : inner.columns) column(each);
  // To plan CREATE TEMP TABLE AS the server makes the session's temporary schema.
  if (inner.has(Effect::schema)) effect(Effect::schema);
}

}  // namespace sallyport::postgresql::sql
