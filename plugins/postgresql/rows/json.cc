#include "plugins/postgresql/rows/json.h"

#include <bitset>
#include <cstdint>

namespace sallyport::pg {

namespace {

class Checker {
 public:
  explicit Checker(std::string_view text) : text_(text) {}
  bool run();

 private:
  [[nodiscard]] char at() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void space();
  bool word(std::string_view word);
  bool string();
  bool digits();
  bool number();
  bool scalar();
  bool open(bool object);

  std::string_view text_;
  size_t at_ = 0;
  size_t depth_ = 0;
  std::bitset<json_depth_max + 1> object_;  // by depth
};

void Checker::space() {
  while (at() == ' ' || at() == '\t' || at() == '\n' || at() == '\r') ++at_;
}

bool Checker::word(std::string_view word) {
  if (!text_.substr(at_).starts_with(word)) return false;
  at_ += word.size();
  return true;
}

bool Checker::string() {
  if (at() != '"') return false;
  for (++at_; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '"') {
      ++at_;
      return true;
    }
    if (static_cast<uint8_t>(c) < 0x20) return false;
    if (c != '\\') continue;
    ++at_;
    if (at() == 'u') {
      for (int i = 0; i < 4; ++i) {
        ++at_;
        const char h = at();
        if (!((h >= '0' && h <= '9') || (h >= 'a' && h <= 'f') || (h >= 'A' && h <= 'F'))) return false;
      }
    } else if (at() == '\0' || std::string_view("\"\\/bfnrt").find(at()) == std::string_view::npos) {
      return false;
    }
  }
  return false;
}

bool Checker::digits() {
  const size_t from = at_;
  while (at() >= '0' && at() <= '9') ++at_;
  return at_ > from;
}

bool Checker::number() {
  if (at() == '-') ++at_;
  const bool zero = at() == '0';
  const size_t from = at_;
  if (!digits() || (zero && at_ - from > 1)) return false;
  if (at() == '.') {
    ++at_;
    if (!digits()) return false;
  }
  if (at() == 'e' || at() == 'E') {
    ++at_;
    if (at() == '+' || at() == '-') ++at_;
    if (!digits()) return false;
  }
  return true;
}

bool Checker::scalar() {
  switch (at()) {
    case '"': return string();
    case 't': return word("true");
    case 'f': return word("false");
    case 'n': return word("null");
    default: return number();
  }
}

bool Checker::open(bool object) {
  if (depth_ == json_depth_max) return false;
  ++at_;
  object_[++depth_] = object;
  return true;
}

bool Checker::run() {
  // Each turn reads one value's beginning, then all that may follow it.
  for (;;) {
    space();
    if (at() == '{' || at() == '[') {
      const bool object = at() == '{';
      if (!open(object)) return false;
      space();
      if (at() != (object ? '}' : ']')) {
        if (!object) continue;
        if (!string()) return false;
        space();
        if (at() != ':') return false;
        ++at_;
        continue;
      }
    } else if (!scalar()) {
      return false;
    }
    space();
    while (depth_ > 0 && at() == (object_[depth_] ? '}' : ']')) {
      --depth_;
      ++at_;
      space();
    }
    if (depth_ == 0) return at_ == text_.size();
    if (at() != ',') return false;
    ++at_;
    if (!object_[depth_]) continue;
    space();
    if (!string()) return false;
    space();
    if (at() != ':') return false;
    ++at_;
  }
}

}  // namespace

bool valid_json(std::string_view text) { return Checker(text).run(); }

}  // namespace sallyport::pg
