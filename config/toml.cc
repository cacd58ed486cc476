#include "config/toml.h"

#include <toml++/toml.h>

#include <algorithm>
#include <utility>

namespace sallyport::config {
namespace {

struct Position {
  uint32_t line = 0;
  uint32_t column = 0;
  auto operator<=>(const Position&) const = default;
};

Position position_of(const toml::source_region& region) { return {region.begin.line, region.begin.column}; }

Value convert(const toml::node& node, const std::string& file);

// The library keeps tables sorted by key; a reader (and "the first login is the default") goes by the text.
void convert_table(const toml::table& table, const std::string& file, Value& out) {
  std::vector<std::pair<Position, Value>> entries;
  for (const auto& [key, node] : table) {
    Value value = convert(node, file);
    const Position position = position_of(key.source());
    if (position.line != 0) value.place.line = position.line;
    value.key = key.str();
    entries.emplace_back(position, std::move(value));
  }
  std::ranges::stable_sort(entries, {}, &std::pair<Position, Value>::first);
  for (auto& [position, value] : entries) out.items.push_back(std::move(value));
}

Value convert(const toml::node& node, const std::string& file) {
  Value value;
  value.place = {file, position_of(node.source()).line};
  if (const toml::table* table = node.as_table()) {
    value.kind = Value::Kind::table;
    convert_table(*table, file, value);
  } else if (const toml::array* array = node.as_array()) {
    value.kind = Value::Kind::array;
    for (const toml::node& item : *array) value.items.push_back(convert(item, file));
  } else if (const auto* text = node.as_string()) {
    value.kind = Value::Kind::string;
    value.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    value.kind = Value::Kind::integer;
    value.integer = integer->get();
  } else if (const auto* boolean = node.as_boolean()) {
    value.kind = Value::Kind::boolean;
    value.boolean = boolean->get();
  } else {
    value.kind = node.is_floating_point() ? Value::Kind::real : Value::Kind::time;
  }
  return value;
}

}  // namespace

const Value* Value::find(std::string_view name) const {
  const auto found = std::ranges::find(items, name, &Value::key);
  return kind == Kind::table && found != items.end() ? &*found : nullptr;
}

bool Value::is_table_array() const {
  return kind == Kind::array && !items.empty() &&
         std::ranges::all_of(items, [](const Value& item) { return item.kind == Kind::table; });
}

const char* kind_text(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::string: return "a string";
    case Value::Kind::integer: return "a number";
    case Value::Kind::real: return "a number with a point";
    case Value::Kind::boolean: return "true or false";
    case Value::Kind::time: return "a date or time";
    case Value::Kind::array: return "a list";
    case Value::Kind::table: return "a table";
  }
  return "";
}

std::expected<Value, Problem> parse_toml(std::string_view text, const std::string& file) {
  // The Debian package of the library is built with exceptions; they end here.
  try {
    const toml::table table = toml::parse(text, std::string_view(file));
    Value value;
    value.place = {file, 1};
    convert_table(table, file, value);
    return value;
  } catch (const toml::parse_error& error) {
    return std::unexpected(Problem{{file, position_of(error.source()).line},
                                   "this is not TOML: " + std::string(error.description())});
  }
}

}  // namespace sallyport::config
