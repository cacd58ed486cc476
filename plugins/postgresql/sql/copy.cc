// COPY ... TO STDOUT: what is copied, and how its rows are written.
#include <cctype>

#include "plugins/postgresql/sql/walk.h"

namespace sallyport::postgresql::sql {

namespace {

using Element = simdjson::dom::element;
using Fields = simdjson::dom::object;

std::string folded(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// An option's word or constant; "true" where only its name stands.
std::string value_of(Fields option) {
  Element argument;
  if (!find(option, "arg", argument)) return "true";
  std::string_view tag;
  Fields fields;
  if (!tagged(argument, tag, fields)) return {};
  if (tag == "Boolean") return flag_of(fields, "boolval") ? "true" : "false";
  if (tag != "Integer") return constant_of(argument);
  int64_t number = 0;
  if (fields["ival"].get(number) != simdjson::SUCCESS) number = 0;
  return std::to_string(number);
}

bool read_char(const std::string& value, char& out) {
  if (value.size() != 1) return false;
  out = value[0];
  return true;
}

bool read_flag(const std::string& value, bool& out) {
  out = value == "true" || value == "on" || value == "1";
  return out || value == "false" || value == "off" || value == "0";
}

bool read_kind(const std::string& value, CopyFormat::Kind& out) {
  if (value == "text") {
    out = CopyFormat::Kind::text;
  } else if (value == "csv") {
    out = CopyFormat::Kind::csv;
  } else if (value == "binary") {
    out = CopyFormat::Kind::binary;
  } else {
    return false;
  }
  return true;
}

struct Given {
  bool delimiter = false, null = false, escape = false;
};

bool read_option(const std::string& name, const std::string& value, CopyFormat& format, Given& given) {
  if (name == "format") return read_kind(folded(value), format.kind);
  if (name == "header") return read_flag(folded(value), format.header);
  if (name == "quote") return read_char(value, format.quote);
  if (name == "delimiter") {
    given.delimiter = true;
    return read_char(value, format.delimiter);
  }
  if (name == "escape") {
    given.escape = true;
    return read_char(value, format.escape);
  }
  if (name == "null") {
    given.null = true;
    format.null = value;
    return true;
  }
  // They say nothing of how a row is to be read again. An ENCODING is judged as a setting.
  return name == "force_quote" || name == "encoding" || name == "freeze";
}

CopyFormat format_of(Fields copy) {
  CopyFormat format;
  Given given;
  simdjson::dom::array options;
  if (find(copy, "options", options)) {
    std::string_view tag;
    Fields option;
    for (const Element item : options) {
      const std::string name = tagged(item, tag, option) ? folded(text_of(option, "defname")) : "?";
      if (name != "?" && read_option(name, value_of(option), format, given)) continue;
      if (format.strange.empty()) format.strange = name;
    }
  }
  if (format.kind == CopyFormat::Kind::csv) {
    if (!given.delimiter) format.delimiter = ',';
    if (!given.null) format.null.clear();
    if (!given.escape) format.escape = format.quote;
  }
  return format;
}

}  // namespace

void Walker::copy_out(Fields fields) {
  auto copy = std::make_shared<CopyOut>();
  copy->format = format_of(fields);
  Fields relation;
  if (find(fields, "relation", relation)) copy->relation = relation_of(relation);
  for (const std::string_view name : strings_of(fields, "attlist")) copy->columns.emplace_back(name);
  facts_.statement().copy_out = std::move(copy);
}

}  // namespace sallyport::postgresql::sql
