// A masked value must still be one of its column's type, or the client's decoder fails on the whole result.
// The checks are of syntax alone, and strict: a doubt makes the value NULL.
#include <charconv>
#include <cstdint>

#include "plugins/postgresql/rows/json.h"
#include "plugins/postgresql/rows/shape.h"

namespace sallyport::pg {

namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }

bool valid_integer(uint32_t type_oid, std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  switch (type_oid) {
    case 21: return value >= INT16_MIN && value <= INT16_MAX;
    case 23: return value >= INT32_MIN && value <= INT32_MAX;
    case 26: return value >= 0 && value <= UINT32_MAX;
    default: return true;
  }
}

size_t skip_digits(std::string_view text, size_t at) {
  while (at < text.size() && digit(text[at])) ++at;
  return at;
}

// [-] digits [. digits] [e [+-] digits], or the special values.
bool valid_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text == "NaN" || text == "Infinity") return true;
  size_t at = skip_digits(text, 0);
  size_t count = at;
  if (at < text.size() && text[at] == '.') {
    const size_t from = at + 1;
    at = skip_digits(text, from);
    count += at - from;
  }
  if (count == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    size_t from = at + 1;
    if (from < text.size() && (text[from] == '+' || text[from] == '-')) ++from;
    at = skip_digits(text, from);
    if (at == from) return false;
  }
  return at == text.size();
}

// 8-4-4-4-12 hex digits.
bool valid_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    const bool hex = digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

// Reads one element of an array or record: quoted, or bare up to a delimiter. False: broken quoting. A record
// doubles its quotes, so that a quoted stretch may go on behind one; an array never does.
bool skip_element(std::string_view text, size_t& at, std::string_view delimiters, bool doubles) {
  if (at < text.size() && text[at] == '"') {
    do {
      for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\') ++at;
      }
      if (at >= text.size()) return false;
      ++at;
    } while (doubles && at < text.size() && text[at] == '"');
    return true;
  }
  while (at < text.size() && delimiters.find(text[at]) == std::string_view::npos) {
    if (text[at] == '"') return false;
    if (text[at] == '\\') ++at;
    ++at;
  }
  return at <= text.size();
}

// Array output: [bounds=]{element,{element},...}. The server nests at most 6 deep.
bool valid_array(std::string_view text) {
  size_t at = 0;
  if (text.starts_with('[')) {
    at = text.find('=');
    if (at == std::string_view::npos || text[at - 1] != ']') return false;
    for (const char c : text.substr(0, at)) {
      if (!digit(c) && c != '[' && c != ']' && c != ':' && c != '-') return false;
    }
    ++at;
  }
  int depth = 0;
  bool value_done = false;    // an element or a nested array stands right before `at`
  bool value_needed = false;  // a comma does
  if (at >= text.size() || text[at] != '{') return false;
  for (; at < text.size();) {
    const char c = text[at];
    if (c == '{') {
      if (value_done || ++depth > 6) return false;
      value_needed = false;
      ++at;
    } else if (c == '}') {
      if (value_needed || --depth < 0) return false;
      value_done = true;
      ++at;
      if (depth == 0) return at == text.size();
    } else if (c == ',') {
      if (!value_done) return false;
      value_done = false;
      value_needed = true;
      ++at;
    } else {
      const size_t from = at;
      if (value_done || !skip_element(text, at, ",{}", false) || at == from) return false;
      value_done = true;
      value_needed = false;
    }
  }
  return false;
}

// Record output: (element,element,...), an empty element is NULL.
bool valid_record(std::string_view text) {
  if (text.size() < 2 || text.front() != '(') return false;
  size_t at = 1;
  for (;;) {
    if (!skip_element(text, at, ",()", true) || at >= text.size()) return false;
    if (text[at] == ')') return at + 1 == text.size();
    if (text[at] != ',') return false;
    ++at;
  }
}

}  // namespace

bool still_valid(Carrier carrier, uint32_t type_oid, std::string_view value) {
  switch (carrier) {
    case Carrier::Text: return true;
    case Carrier::Integer: return valid_integer(type_oid, value);
    case Carrier::Number: return valid_number(value);
    case Carrier::Json: return valid_json(value);
    case Carrier::Uuid: return valid_uuid(value);
    case Carrier::Array: return valid_array(value);
    case Carrier::Record: return valid_record(value);
    case Carrier::Opaque:
    case Carrier::Fixed: return false;
  }
  return false;
}

}  // namespace sallyport::pg
