// TOML 1.0 text as plain values, each with its place. The only file that knows the TOML library is toml.cc.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace sallyport::config {

struct Value {
  enum class Kind : uint8_t { string, integer, real, boolean, time, array, table };
  Kind kind = Kind::table;
  Place place;      // of the key where it has one, else of the value
  std::string key;  // where it stands in a table
  std::string text;
  int64_t integer = 0;
  bool boolean = false;
  std::vector<Value> items;  // of an array, or of a table in the order of the text

  [[nodiscard]] const Value* find(std::string_view name) const;
  [[nodiscard]] bool is_table_array() const;  // written [[so]]
};

// "a string", "a table": for messages.
[[nodiscard]] const char* kind_text(Value::Kind kind);

// `file` stands in places only. The library stops at the first syntax error, so there is at most one.
[[nodiscard]] std::expected<Value, Problem> parse_toml(std::string_view text, const std::string& file);

}  // namespace sallyport::config
