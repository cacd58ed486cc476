#include "plugins/http/wire/fields.h"

#include <algorithm>

#include "plugins/http/wire/characters.h"
#include "plugins/http/wire/limits.h"

namespace sallyport::http {

namespace {

constexpr Fault folded{400, "folded", "a field goes on in the next line: send each in one"};
constexpr Fault no_colon{400, "no-colon", "a line of the head is no field: NAME: VALUE"};
constexpr Fault no_name{400, "no-name", "a field has no name"};
constexpr Fault space_before_colon{400, "space-before-colon", "a blank stands before a field's colon"};
constexpr Fault bad_name{400, "bad-name", "a field's name holds a byte that no name may hold"};
constexpr Fault bad_value{400, "bad-value", "a field's value holds a control byte"};
constexpr Fault tab_in_framing{400, "tab-in-framing", "a tab in a field that frames the message"};
constexpr Fault field_too_large{431, "field-too-large", "a field is larger than 16 KiB"};
constexpr Fault too_many_fields{431, "too-many-fields", "more than 128 fields"};

bool frames(std::string_view name) {
  return same_word(name, "content-length") || same_word(name, "transfer-encoding") ||
         same_word(name, "connection");
}

std::expected<Field, Fault> parse_field(std::string_view line) {
  if (is_blank(line.front())) return std::unexpected(folded);
  if (line.size() > field_size_max) return std::unexpected(field_too_large);
  const size_t colon = line.find(':');
  if (colon == line.npos) return std::unexpected(no_colon);
  const std::string_view name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
  if (name.empty()) return std::unexpected(no_name);
  if (is_blank(name.back())) return std::unexpected(space_before_colon);
  if (!is_token(name)) return std::unexpected(bad_name);
  if (std::ranges::any_of(value, [](char c) { return is_control(c) && c != '\t'; }))
    return std::unexpected(bad_value);
  // Blanks for RFC 9110, part of the value for some.
  if (line.contains('\t') && frames(name)) return std::unexpected(tab_in_framing);
  return Field{std::string(name), std::string(value)};
}

}  // namespace

const std::string* Fields::find(std::string_view name) const {
  const auto found =
      std::ranges::find_if(fields_, [&](const Field& field) { return same_word(field.name, name); });
  return found == fields_.end() ? nullptr : &found->value;
}

size_t Fields::count(std::string_view name) const {
  return static_cast<size_t>(
      std::ranges::count_if(fields_, [&](const Field& field) { return same_word(field.name, name); }));
}

bool Fields::lists(std::string_view name, std::string_view word) const {
  for (const Field& field : fields_) {
    if (!same_word(field.name, name)) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const size_t comma = std::min(rest.find(','), rest.size());
      if (same_word(trimmed(rest.substr(0, comma)), word)) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

void Fields::add(std::string_view name, std::string_view value) {
  fields_.push_back({std::string(name), std::string(value)});
}

void Fields::remove(std::string_view name) {
  std::erase_if(fields_, [&](const Field& field) { return same_word(field.name, name); });
}

void Fields::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

std::expected<Fields, Fault> parse_fields(std::string_view text) {
  Fields out;
  while (!text.empty()) {
    const size_t end = text.find("\r\n");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 2);
    auto field = parse_field(line);
    if (!field) return std::unexpected(field.error());
    if (out.size() == field_count_max) return std::unexpected(too_many_fields);
    out.add(field->name, field->value);
  }
  return out;
}

}  // namespace sallyport::http
