// Walk's containers in text; a part of walk.cc.
#pragma once

#include <algorithm>

#include "plugins/postgresql/rows/json.h"
#include "plugins/postgresql/rows/walk.h"

namespace sallyport::pg {

inline constexpr uint32_t bytea_oid = 17, text_oid = 25, json_oid = 114;
inline constexpr int array_depth_max = 6;  // MAXDIM

inline bool is_null_word(std::string_view text) {
  return text.size() == 4 && (text[0] | 0x20) == 'n' && (text[1] | 0x20) == 'u' && (text[2] | 0x20) == 'l' &&
         (text[3] | 0x20) == 'l';
}

// As array_out, record_out and hstore_out write it.
inline void append_quoted(std::string& out, std::string_view text, bool doubled) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += doubled ? c : '\\';
    out += c;
  }
  out += '"';
}

// An anonymous record says nothing of its values' types in text: what looks like bytea or JSON is looked into
// as such, since both may spell a text in other letters.
inline uint32_t type_by_looks(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  if (text.starts_with("\\x") && text.size() % 2 == 0 && text.find_first_not_of(digits, 2) > text.size())
    return bytea_oid;
  const bool json = text.starts_with('{') || text.starts_with('[') || text.starts_with('"');
  return json && valid_json(text) ? json_oid : text_oid;
}

inline bool doubles_quotes(Quoting quoting) {
  return quoting == Quoting::Record || quoting == Quoting::Range;
}

// What it does not write without quotes.
inline std::string_view special_of(Quoting quoting) {
  switch (quoting) {
    case Quoting::Array: return "{},\"\\ \t\n\r\v\f";
    case Quoting::Record: return "(),\"\\ \t\n\r\v\f";
    case Quoting::Range: return "()[],\"\\ \t\n\r\v\f";
    case Quoting::Hstore: break;  // all of them are quoted
  }
  return {};
}

// Reads a part up to one of `stops`: bare, or between quotes. Records and ranges double their quotes and may
// go on behind them; arrays and hstores escape by a backslash alone.
template <typename Sink>
bool Walk<Sink>::read_item(std::string_view text, size_t& at, std::string_view stops, Quoting quoting,
                           Item& item) {
  const size_t begin = at;
  item = {};
  bool inside = false;
  size_t quote_count = 0;
  std::string decoded;
  while (at < text.size() && (inside || stops.find(text[at]) == std::string_view::npos)) {
    char c = text[at++];
    if (c == '\\') {
      if (at >= text.size()) return false;
      c = text[at++];
      item.escaped = true;
    } else if (c == '"') {
      const bool twice = inside && doubles_quotes(quoting) && at < text.size() && text[at] == '"';
      if (!twice) {
        inside = !inside;
        ++quote_count;
        continue;
      }
      ++at;
      item.escaped = true;
    }
    decoded += c;
  }
  if (inside) return false;
  item.raw = text.substr(begin, at - begin);
  item.quoted = quote_count > 0;
  const bool framed = quote_count == 2 && item.raw.front() == '"' && item.raw.back() == '"';
  // An array's or hstore's quotes surround the whole of it.
  if (item.quoted && !framed && !doubles_quotes(quoting)) return false;
  item.escaped = item.escaped || (item.quoted && !framed);
  if (item.escaped) item.decoded = std::move(decoded);
  return true;
}

template <typename Sink>
std::string_view Walk<Sink>::said(const Item& item) {
  if (item.escaped) return item.decoded;
  return item.quoted ? item.raw.substr(1, item.raw.size() - 2) : item.raw;
}

template <typename Sink>
Walked Walk<Sink>::item_text(uint32_t type_oid, const Item& item, Quoting quoting, int depth) {
  const auto mark = sink_.mark();
  const Walked walked = value(types_.find(type_oid), false, as_bytes(said(item)), depth + 1);
  if (walked == Walked::Malformed) return walked;
  const std::string made = sink_.take(mark);
  if (!sink_.changed_since(mark)) {
    sink_.put(item.raw);
    return Walked::Good;
  }
  if (walked == Walked::Null) return walked;
  const bool bare = quoting != Quoting::Hstore && !made.empty() && !is_null_word(made) &&
                    made.find_first_of(special_of(quoting)) == std::string::npos;
  std::string out;
  if (bare) {
    out = made;
  } else {
    append_quoted(out, made, doubles_quotes(quoting));
  }
  sink_.put(out);
  return Walked::Good;
}

// [bounds=]{element,{element},...}
template <typename Sink>
Walked Walk<Sink>::array_text(const Type& type, std::string_view text, int depth) {
  size_t at = 0;
  if (text.starts_with('[')) {
    at = text.find('=');
    if (at == std::string_view::npos || text.substr(0, at).find_first_not_of("[]:-0123456789") < at)
      return Walked::Malformed;
    ++at;
  }
  sink_.put(text.substr(0, at));
  if (at >= text.size() || text[at] != '{') return Walked::Malformed;
  int open = 0;
  bool item_may_come = false;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '{' || c == '}' || c == ',') {
      open += c == '{' ? 1 : c == '}' ? -1 : 0;
      if (open > array_depth_max || (c == ',' && open == 0)) return Walked::Malformed;
      item_may_come = c != '}';
      sink_.put(text.substr(at++, 1));
      if (open == 0) return at == text.size() ? Walked::Good : Walked::Malformed;
      continue;
    }
    Item item;
    if (!item_may_come || !read_item(text, at, ",{}", Quoting::Array, item)) return Walked::Malformed;
    item_may_come = false;
    if (!item.quoted && is_null_word(item.raw)) {
      sink_.put(item.raw);
      continue;
    }
    const Walked walked = item_text(type.element, item, Quoting::Array, depth);
    if (walked == Walked::Malformed) return walked;
    if (walked == Walked::Null) sink_.put("NULL");
  }
  return Walked::Malformed;
}

// (value,value,...): an empty one is NULL.
template <typename Sink>
Walked Walk<Sink>::record_text(const Type& type, std::string_view text, int depth) {
  if (text.size() < 2 || text.front() != '(') return Walked::Malformed;
  sink_.put("(");
  size_t at = 1;
  for (size_t index = 0;; ++index) {
    Item item;
    if (!read_item(text, at, ",)", Quoting::Record, item) || at >= text.size()) return Walked::Malformed;
    if (!item.raw.empty()) {
      const uint32_t oid = index < type.columns.size() ? type.columns[index] : type_by_looks(said(item));
      // A NULL is written as nothing at all.
      if (item_text(oid, item, Quoting::Record, depth) == Walked::Malformed) return Walked::Malformed;
    }
    sink_.put(text.substr(at, 1));
    if (text[at++] == ')') return at == text.size() ? Walked::Good : Walked::Malformed;
  }
}

// empty, or [low,high) with either bracket at either side; a missing bound is infinite. What has become NULL
// is walked to its end, here and below: the sinks must meet the same atoms.
template <typename Sink>
Walked Walk<Sink>::range_text(const Type& type, std::string_view text, size_t& at, int depth) {
  if (text.substr(at).starts_with("empty")) {
    sink_.put("empty");
    at += 5;
    return Walked::Good;
  }
  if (at >= text.size() || (text[at] != '[' && text[at] != '(')) return Walked::Malformed;
  const auto mark = sink_.mark();
  sink_.put(text.substr(at++, 1));
  Walked result = Walked::Good;
  Bounds bounds;
  for (size_t i = 0; i < 2; ++i) {
    Item item;
    if (!read_item(text, at, i == 0 ? "," : "])", Quoting::Range, item) || at >= text.size())
      return Walked::Malformed;
    bounds.there[i] = !item.raw.empty();
    bounds.begin[i] = sink_.offset();
    if (!item.raw.empty()) {
      const Walked walked = item_text(type.element, item, Quoting::Range, depth);
      if (walked == Walked::Malformed) return walked;
      if (walked == Walked::Null) result = walked;
    }
    bounds.end[i] = sink_.offset();
    sink_.put(text.substr(at++, 1));
  }
  return result == Walked::Good ? ordered(type.element, false, bounds, mark) : result;
}

template <typename Sink>
Walked Walk<Sink>::multirange_text(const Type& type, std::string_view text, int depth) {
  if (text == "{}") {
    sink_.put(text);
    return Walked::Good;
  }
  if (!text.starts_with('{')) return Walked::Malformed;
  const Type& range = types_.find(type.element);
  size_t at = 0;
  Walked result = Walked::Good;
  do {
    sink_.put(text.substr(at++, 1));
    const Walked walked = range_text(range, text, at, depth + 1);
    if (walked == Walked::Malformed || at >= text.size()) return Walked::Malformed;
    if (walked == Walked::Null) result = walked;
  } while (text[at] == ',');
  sink_.put("}");
  return text.substr(at) == "}" ? result : Walked::Malformed;
}

// "key"=>"value", "key"=>NULL
template <typename Sink>
Walked Walk<Sink>::hstore_text(std::string_view text, int depth) {
  Walked result = Walked::Good;
  for (size_t at = 0; at < text.size();) {
    Item item;
    if (!read_item(text, at, "=", Quoting::Hstore, item) || !text.substr(at).starts_with("=>"))
      return Walked::Malformed;
    Walked walked = item_text(text_oid, item, Quoting::Hstore, depth);
    if (walked == Walked::Malformed) return walked;
    if (walked == Walked::Null) result = walked;
    sink_.put("=>");
    at += 2;
    if (!read_item(text, at, ",", Quoting::Hstore, item)) return Walked::Malformed;
    if (!item.quoted && is_null_word(item.raw)) {
      sink_.put(item.raw);
    } else {
      walked = item_text(text_oid, item, Quoting::Hstore, depth);
      if (walked == Walked::Malformed) return walked;
      if (walked == Walked::Null) sink_.put("NULL");
    }
    if (at == text.size()) return result;
    if (!text.substr(at).starts_with(", \"")) return Walked::Malformed;
    sink_.put(", ");
    at += 2;
  }
  return result;
}

}  // namespace sallyport::pg
