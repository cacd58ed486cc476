#include "core/guard/json.h"

#include <algorithm>
#include <cstring>

#include "core/guard/confirm_text.h"

namespace sallyport::guard {
namespace {

bool is_blank(uint8_t c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

uint32_t hex_value(uint8_t c) { return is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10; }

// Four hexadecimal digits behind "\u"; nothing where they are not there.
std::optional<uint32_t> code_unit(Bytes text) {
  constexpr size_t size = 6;
  if (text.size() < size || text[0] != '\\' || text[1] != 'u') return std::nullopt;
  uint32_t unit = 0;
  for (size_t i = 2; i < size; ++i) {
    if (!is_hex(text[i])) return std::nullopt;
    unit = unit << 4 | hex_value(text[i]);
  }
  return unit;
}

JsonUnit encoded(uint32_t code, uint8_t raw_size) {
  const auto low = [code](int shift) { return static_cast<uint8_t>(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x80) return {raw_size, 1, {static_cast<uint8_t>(code)}};
  if (code < 0x800) return {raw_size, 2, {static_cast<uint8_t>(0xc0 | code >> 6), low(0)}};
  if (code < 0x10000) return {raw_size, 3, {static_cast<uint8_t>(0xe0 | code >> 12), low(6), low(0)}};
  return {raw_size, 4, {static_cast<uint8_t>(0xf0 | code >> 18), low(12), low(6), low(0)}};
}

uint8_t simple_escape(uint8_t c) {
  switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return c;  // " \ /
  }
}

// How many bytes of a string until the next escape.
size_t plain_size(Bytes text) {
  const void* found = text.empty() ? nullptr : std::memchr(text.data(), '\\', text.size());
  return found == nullptr ? text.size()
                          : static_cast<size_t>(static_cast<const uint8_t*>(found) - text.data());
}

void decode_string(Bytes text, bool quotes, std::vector<uint8_t>& out) {
  while (!text.empty()) {
    const size_t plain = plain_size(text);
    out.insert(out.end(), text.begin(), text.begin() + static_cast<ptrdiff_t>(plain));
    text = text.subspan(plain);
    if (text.empty()) return;
    JsonUnit unit = json_unit(text);
    if (!quotes && unit.size == 1 && unit.bytes[0] == '"') unit.bytes[0] = '\'';
    out.insert(out.end(), unit.bytes, unit.bytes + unit.size);
    text = text.subspan(unit.raw_size);
  }
}

bool seems_json(Bytes text) {
  const auto first = std::ranges::find_if_not(text, is_blank);
  return first != text.end() && (*first == '{' || *first == '[');
}

}  // namespace

void JsonReader::skip_blanks() {
  while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
}

std::optional<JsonPart> JsonReader::next() {
  while (state_ != State::Over && state_ != State::Broken) {
    skip_blanks();
    if (at_ == text_.size()) {
      state_ = state_ == State::AfterValue && depth_ == 0 ? State::Over : State::Broken;
      break;
    }
    const uint8_t c = text_[at_];
    switch (state_) {
      case State::FirstItem:
        if (c == ']') {
          after_value(c);
          break;
        }
        [[fallthrough]];
      case State::Value:
        if (const auto part = value(c)) return part;
        break;
      case State::FirstKey:
        if (c == '}') {
          after_value(c);
          break;
        }
        [[fallthrough]];
      case State::Key: return c == '"' ? string(State::Colon) : broken();
      case State::Colon:
        if (c != ':') return broken();
        ++at_;
        state_ = State::Value;
        break;
      case State::AfterValue: after_value(c); break;
      case State::Over:
      case State::Broken: break;
    }
  }
  return std::nullopt;
}

std::optional<JsonPart> JsonReader::value(uint8_t c) {
  if (c == '"') return string(State::AfterValue);
  if (c == '-' || is_digit(c)) return number();
  if (c == '{' || c == '[') {
    open(c == '{');
  } else if (c == 't') {
    literal("true");
  } else if (c == 'f') {
    literal("false");
  } else if (c == 'n') {
    literal("null");
  } else {
    return broken();
  }
  return std::nullopt;
}

void JsonReader::open(bool object) {
  if (depth_ == json_depth_max) {
    state_ = State::Broken;
    return;
  }
  objects_[depth_++] = object;
  ++at_;
  state_ = object ? State::FirstKey : State::FirstItem;
}

void JsonReader::after_value(uint8_t c) {
  ++at_;
  const bool in_object = depth_ > 0 && objects_[depth_ - 1];
  if (depth_ > 0 && c == (in_object ? '}' : ']')) {
    --depth_;
    state_ = State::AfterValue;
  } else if (depth_ > 0 && c == ',') {
    state_ = in_object ? State::Key : State::Value;
  } else {
    state_ = State::Broken;
  }
}

std::optional<JsonPart> JsonReader::string(State then) {
  const size_t begin = ++at_;
  for (; at_ < text_.size(); ++at_) {
    const uint8_t c = text_[at_];
    if (c == '"') {
      state_ = then;
      return JsonPart{JsonPart::Kind::String, {static_cast<uint32_t>(begin), static_cast<uint32_t>(at_++)}};
    }
    if (c < 0x20) break;
    if (c != '\\') continue;
    if (code_unit(text_.subspan(at_))) {
      at_ += 5;
    } else if (++at_ == text_.size() ||
               std::string_view("\"\\/bfnrt").find(static_cast<char>(text_[at_])) == std::string_view::npos) {
      break;
    }
  }
  return broken();
}

size_t JsonReader::digits(size_t at) const {
  size_t end = at;
  while (end < text_.size() && is_digit(text_[end])) ++end;
  return end - at;
}

std::optional<JsonPart> JsonReader::number() {
  const size_t begin = at_;
  const auto is_at = [this](char c) { return at_ < text_.size() && text_[at_] == static_cast<uint8_t>(c); };
  if (is_at('-')) ++at_;
  const size_t whole = digits(at_);
  if (whole == 0 || (whole > 1 && is_at('0'))) return broken();
  at_ += whole;
  if (is_at('.')) {
    const size_t fraction = digits(++at_);
    if (fraction == 0) return broken();
    at_ += fraction;
  }
  if (is_at('e') || is_at('E')) {
    ++at_;
    if (is_at('+') || is_at('-')) ++at_;
    const size_t exponent = digits(at_);
    if (exponent == 0) return broken();
    at_ += exponent;
  }
  state_ = State::AfterValue;
  return JsonPart{JsonPart::Kind::Number, {static_cast<uint32_t>(begin), static_cast<uint32_t>(at_)}};
}

void JsonReader::literal(std::string_view word) {
  const Bytes rest = text_.subspan(at_, std::min(word.size(), text_.size() - at_));
  state_ = as_text(rest) == word ? State::AfterValue : State::Broken;
  at_ += word.size();
}

bool valid_json(Bytes text) {
  JsonReader reader(text);
  while (reader.next()) {
  }
  return reader.valid();
}

JsonUnit json_unit(Bytes text) {
  if (text[0] != '\\') return {1, 1, {text[0]}};
  const std::optional<uint32_t> first = code_unit(text);
  if (!first) return {2, 1, {simple_escape(text[1])}};
  const bool high = *first >= 0xd800 && *first < 0xdc00;
  if (!high && (*first < 0xdc00 || *first >= 0xe000)) return encoded(*first, 6);
  const std::optional<uint32_t> second = code_unit(text.subspan(6));
  if (!high || !second || *second < 0xdc00 || *second >= 0xe000) return encoded(0xfffd, 6);
  return encoded(0x10000 + ((*first - 0xd800) << 10) + (*second - 0xdc00), 12);
}

void decode_json_string(Bytes text, std::vector<uint8_t>& out) { decode_string(text, true, out); }

bool decode_json(Bytes text, std::vector<uint8_t>& out) {
  const size_t old_size = out.size();
  size_t done = 0;
  JsonReader reader(text);
  while (const auto part = reader.next()) {
    if (part->kind == JsonPart::Kind::Number) continue;
    const auto [begin, end] = part->range;
    out.insert(out.end(), &text[done], &text[begin]);
    const Bytes string = text.subspan(begin, end - begin);
    decode_string(string, seems_json(string), out);
    done = end;
  }
  if (!reader.valid()) {
    out.resize(old_size);
    return false;
  }
  out.insert(out.end(), text.begin() + static_cast<ptrdiff_t>(done), text.end());
  return true;
}

void escape_json(Bytes text, std::vector<uint8_t>& out) {
  constexpr std::string_view hex = "0123456789abcdef";
  for (const uint8_t c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c < 0x20) {
      for (const char plain : std::string_view("\\u00")) out.push_back(static_cast<uint8_t>(plain));
      out.push_back(static_cast<uint8_t>(hex[c >> 4]));
      out.push_back(static_cast<uint8_t>(hex[c & 15]));
    } else {
      out.push_back(c);
    }
  }
}

void mask_json_number(std::span<uint8_t> number, MaskAction action) {
  constexpr ptrdiff_t shown_max = 4;
  const ptrdiff_t count = std::ranges::count_if(number, is_digit);
  ptrdiff_t hidden = action == MaskAction::Partial ? count - std::min(shown_max, count / 3) : count;
  for (uint8_t& c : number) {
    if (is_digit(c) && hidden-- > 0) c = '0';
  }
  const size_t first = number[0] == '-' ? 1 : 0;
  // No number of several digits begins with a zero.
  if (first + 1 < number.size() && number[first] == '0' && is_digit(number[first + 1])) number[first] = '1';
}

}  // namespace sallyport::guard
