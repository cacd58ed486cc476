#include "plugins/postgresql/sql/statement.h"

#include <array>

namespace sallyport::postgresql::sql {
namespace {

constexpr std::array<std::string_view, effect_count> effect_names = {
    "read", "transaction", "session", "write", "schema", "unknown", "destroy", "escape"};
constexpr std::array<std::string_view, object_kind_count> object_kind_names = {
    "relation", "function", "type",    "schema",    "role",   "database", "tablespace", "extension",
    "server",   "language", "setting", "statement", "cursor", "channel",  "other"};

void append_part(std::string& text, const std::string& part) {
  if (!text.empty()) text += '.';
  bool plain = !part.empty();
  for (const char c : part) plain = plain && c != '.' && c != '"' && !(c >= 'A' && c <= 'Z');
  if (plain) {
    text += part;
    return;
  }
  text += '"';
  for (const char c : part) text.append(c == '"' ? 2 : 1, c);
  text += '"';
}

size_t size_of(const std::string& text) { return sizeof text + text.capacity(); }
size_t size_of(const Object& object) {
  return sizeof object + object.catalog.capacity() + object.schema.capacity() + object.name.capacity();
}
size_t size_of(const Setting& setting) {
  return sizeof setting + setting.name.capacity() + setting.value.capacity();
}

size_t size_of(const Statement& statement);

template <typename T>
size_t size_of(const std::vector<T>& list) {
  size_t size = 0;
  for (const T& each : list) size += size_of(each);
  return size;
}

// Recursion ends: `inner` nests at most three deep (EXPLAIN of CREATE TABLE AS of a query).
size_t size_of(const Statement& statement) {
  return sizeof statement + statement.verb.capacity() + statement.name.capacity() + size_of(statement.verbs) +
         size_of(statement.objects) + size_of(statement.relations_read) +
         size_of(statement.relations_written) + size_of(statement.functions_called) +
         size_of(statement.unknown_functions) + size_of(statement.escapes) + size_of(statement.columns) +
         size_of(statement.settings) + size_of(statement.inner);
}

}  // namespace

std::string_view effect_name(Effect effect) { return effect_names[static_cast<size_t>(effect)]; }
std::string_view object_kind_name(ObjectKind kind) { return object_kind_names[static_cast<size_t>(kind)]; }

std::string Object::text() const {
  if (kind == ObjectKind::setting) return name;
  std::string text;
  if (!catalog.empty()) append_part(text, catalog);
  if (!schema.empty()) append_part(text, schema);
  append_part(text, name);
  return text;
}

size_t Classification::memory_size() const { return sizeof *this + reason.capacity() + size_of(statements); }

}  // namespace sallyport::postgresql::sql
