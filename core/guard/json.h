// JSON values (RFC 8259) as the guard sees them: their strings, keys included, and numbers; what the strings
// say once their escapes are decoded; and how such text is written again. Nothing is built in memory: a value
// is read from its begin to its end, bounded in depth. Pure; any thread.
#pragma once

#include <bitset>
#include <optional>
#include <string_view>
#include <vector>

#include "core/guard/detector.h"
#include "core/guard/mask_action.h"

namespace sallyport::guard {

// PostgreSQL's own bound is its stack, some thousands; deeper values are withheld.
inline constexpr size_t json_depth_max = 1024;

// The bytes between a string's quotes, or a number's.
struct JsonPart {
  enum class Kind : uint8_t { String, Number } kind = Kind::String;
  Range range;  // of the text; a string's may be empty
};

class JsonReader {
 public:
  explicit JsonReader(Bytes text) : text_(text) {}

  // Nothing: the text is over, or is no JSON from here on; valid() tells which.
  [[nodiscard]] std::optional<JsonPart> next();
  [[nodiscard]] bool valid() const { return state_ == State::Over; }

 private:
  //   Value -> (number, string, literal) AfterValue | '[' FirstItem | '{' FirstKey
  //   FirstKey, Key -> string Colon -> ':' Value;  AfterValue -> ',' (Key or Value) | ']' '}' AfterValue
  enum class State : uint8_t { Value, FirstItem, FirstKey, Key, Colon, AfterValue, Over, Broken };

  void skip_blanks();
  [[nodiscard]] std::optional<JsonPart> value(uint8_t c);
  [[nodiscard]] std::optional<JsonPart> string(State then);
  [[nodiscard]] std::optional<JsonPart> number();
  void literal(std::string_view word);
  void open(bool object);
  void after_value(uint8_t c);
  [[nodiscard]] size_t digits(size_t at) const;
  std::nullopt_t broken() {
    state_ = State::Broken;
    return std::nullopt;
  }

  Bytes text_;
  size_t at_ = 0;
  size_t depth_ = 0;
  State state_ = State::Value;
  std::bitset<json_depth_max> objects_;  // by depth: '{', not '['
};

[[nodiscard]] bool valid_json(Bytes text);

// One character of a string's bytes, escaped or a byte as it stands.
struct JsonUnit {
  uint8_t raw_size = 1;
  uint8_t size = 1;  // of what it says: never more than raw_size
  uint8_t bytes[4] = {};
};
// `text` are a valid string's bytes from the unit on. Half of a surrogate pair says U+FFFD.
[[nodiscard]] JsonUnit json_unit(Bytes text);

// What a string's bytes say.
void decode_json_string(Bytes text, std::vector<uint8_t>& out);

// Appends the value with its escapes decoded where they stand, to be looked at: names, colons and quotes stay
// around the values that they give a meaning. An escaped quote becomes an apostrophe, so that a quoted value
// ends where its string does; unless the string seems to hold JSON itself. False: it is none; `out` is then
// as it was.
[[nodiscard]] bool decode_json(Bytes text, std::vector<uint8_t>& out);

// Appends `text` as a string's bytes.
void escape_json(Bytes text, std::vector<uint8_t>& out);

// KeepShape and Partial of a number: it stays a JSON number of the same length.
void mask_json_number(std::span<uint8_t> number, MaskAction action);

}  // namespace sallyport::guard
