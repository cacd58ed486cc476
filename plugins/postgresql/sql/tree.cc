// Field access on the parse tree.
#include <array>
#include <charconv>

#include "plugins/postgresql/sql/parse_limits.h"
#include "plugins/postgresql/sql/walk.h"

namespace sallyport::postgresql::sql {

using Element = simdjson::dom::element;
using Fields = simdjson::dom::object;

std::string_view text_of(Fields fields, std::string_view key) {
  std::string_view text;
  return fields[key].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

bool flag_of(Fields fields, std::string_view key) {
  bool flag = false;
  return fields[key].get(flag) == simdjson::SUCCESS && flag;
}

bool find(Fields fields, std::string_view key, Element& value) {
  return fields[key].get(value) == simdjson::SUCCESS;
}

bool find(Fields fields, std::string_view key, simdjson::dom::array& value) {
  return fields[key].get(value) == simdjson::SUCCESS;
}

bool find(Fields fields, std::string_view key, Fields& value) {
  return fields[key].get(value) == simdjson::SUCCESS;
}

bool tagged(Element value, std::string_view& tag, Fields& fields) {
  Fields node;
  if (value.get(node) != simdjson::SUCCESS || node.begin() == node.end()) return false;
  const auto first = node.begin();
  tag = first.key();
  if (tag.empty() || tag.front() < 'A' || tag.front() > 'Z') return false;
  return first.value().get(fields) == simdjson::SUCCESS;
}

std::vector<std::string_view> strings_of(Element value) {
  std::vector<std::string_view> list;
  std::string_view tag;
  Fields fields;
  if (tagged(value, tag, fields)) {
    if (tag == "String") return {text_of(fields, "sval")};
    Element items;
    return tag == "List" && find(fields, "items", items) ? strings_of(items) : list;
  }
  simdjson::dom::array array;
  if (value.get(array) != simdjson::SUCCESS) return list;
  for (const Element item : array) {
    if (tagged(item, tag, fields) && tag == "String") list.push_back(text_of(fields, "sval"));
  }
  return list;
}

std::vector<std::string_view> strings_of(Fields fields, std::string_view key) {
  Element value;
  return find(fields, key, value) ? strings_of(value) : std::vector<std::string_view>();
}

std::string lower(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return folded;
}

std::string constant_of(Element value) {
  std::string_view tag;
  Fields fields;
  if (!tagged(value, tag, fields)) return {};
  if (tag == "String") return std::string(text_of(fields, "sval"));
  if (tag != "A_Const") return {};
  Fields inner;
  if (find(fields, "sval", inner)) return std::string(text_of(inner, "sval"));
  if (find(fields, "fval", inner)) return std::string(text_of(inner, "fval"));
  if (find(fields, "boolval", inner)) return flag_of(inner, "boolval") ? "true" : "false";
  if (!find(fields, "ival", inner)) return {};
  int64_t number = 0;
  if (inner["ival"].get(number) != simdjson::SUCCESS) number = 0;
  return std::to_string(number);
}

Object object_named(ObjectKind kind, const std::vector<std::string_view>& names) {
  Object object{.kind = kind};
  if (names.empty()) return object;
  object.name = names.back();
  if (names.size() > 1) object.schema = names[names.size() - 2];
  for (size_t index = 0; index + 2 < names.size(); ++index) {
    if (index > 0) object.catalog += '.';
    object.catalog += names[index];
  }
  return object;
}

}  // namespace sallyport::postgresql::sql
