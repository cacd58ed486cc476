#include "plugins/postgresql/rows/xml.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace sallyport::pg {

namespace {

bool letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == ':' ||
         static_cast<uint8_t>(c) >= 0x80;
}
bool digit(char c) { return c >= '0' && c <= '9'; }
bool space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool content() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '<') {
        if (!markup()) return false;
      } else if (c == '&') {
        if (!reference()) return false;
      } else if (!character(c) || rest().starts_with("]]>")) {
        return false;
      } else {
        ++at_;
      }
    }
    return open_.empty();
  }

 private:
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }
  [[nodiscard]] static bool character(char c) { return static_cast<uint8_t>(c) >= 0x20 || space(c); }

  bool markup() {
    if (rest().starts_with("<!--")) return enclosed(4, "--", ">");
    if (rest().starts_with("<![CDATA[")) return enclosed(9, "]]>", "");
    if (rest().starts_with("<?")) return instruction();
    if (rest().starts_with("</")) return end_tag();
    return start_tag();
  }

  // Up to the first `end`, which `behind` must follow.
  bool enclosed(size_t head, std::string_view end, std::string_view behind) {
    const size_t found = text_.find(end, at_ + head);
    if (found == std::string_view::npos) return false;
    const std::string_view inside = text_.substr(at_, found - at_);
    at_ = found + end.size();
    if (!std::ranges::all_of(inside, character) || !rest().starts_with(behind)) return false;
    at_ += behind.size();
    return true;
  }

  bool instruction() {
    const size_t begin = at_;
    at_ += 2;
    const std::string_view target = name();
    // A declaration stands at the beginning, or nowhere.
    const bool reserved = target.size() == 3 && (target[0] | 0x20) == 'x' && (target[1] | 0x20) == 'm' &&
                          (target[2] | 0x20) == 'l';
    if (target.empty() || reserved || !(space_follows() || rest().starts_with("?>"))) return false;
    at_ = begin;
    return enclosed(2, "?>", "");
  }

  bool end_tag() {
    at_ += 2;
    const std::string_view closed = name();
    skip_space();
    if (closed.empty() || open_.empty() || open_.back() != closed || !rest().starts_with('>')) return false;
    ++at_;
    open_.pop_back();
    return true;
  }

  bool start_tag() {
    ++at_;
    const std::string_view opened = name();
    if (opened.empty()) return false;
    std::vector<std::string_view> attributes;
    while (space_follows()) {
      skip_space();
      if (rest().starts_with('>') || rest().starts_with("/>")) break;
      if (!attribute(attributes)) return false;
    }
    const bool empty = rest().starts_with("/>");
    if (!empty && !rest().starts_with('>')) return false;
    at_ += empty ? 2 : 1;
    if (!empty) open_.push_back(opened);
    return open_.size() <= xml_depth_max;
  }

  bool attribute(std::vector<std::string_view>& attributes) {
    const std::string_view key = name();
    if (key.empty() || std::ranges::find(attributes, key) != attributes.end()) return false;
    attributes.push_back(key);
    skip_space();
    if (!rest().starts_with('=')) return false;
    ++at_;
    skip_space();
    if (at_ == text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) return false;
    const char quote = text_[at_++];
    while (at_ < text_.size() && text_[at_] != quote) {
      const char c = text_[at_];
      if (c == '<' || !character(c)) return false;
      if (c != '&') {
        ++at_;
      } else if (!reference()) {
        return false;
      }
    }
    return at_++ < text_.size();
  }

  // One of a character that XML itself names, or a printable one's number.
  bool reference() {
    for (const std::string_view known : {"&lt;", "&gt;", "&amp;", "&quot;", "&apos;"}) {
      if (!rest().starts_with(known)) continue;
      at_ += known.size();
      return true;
    }
    if (!rest().starts_with("&#")) return false;
    at_ += 2;
    uint32_t code = 0;
    const size_t begin = at_;
    for (; at_ < text_.size() && digit(text_[at_]) && at_ - begin < 5; ++at_) {
      code = code * 10 + static_cast<uint32_t>(text_[at_] - '0');
    }
    if (!rest().starts_with(';') || code < 0x20 || code >= 0xD800) return false;
    ++at_;
    return true;
  }

  std::string_view name() {
    const size_t begin = at_;
    if (at_ < text_.size() && letter(text_[at_])) ++at_;
    while (at_ > begin && at_ < text_.size() &&
           (letter(text_[at_]) || digit(text_[at_]) || text_[at_] == '-' || text_[at_] == '.')) {
      ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }

  [[nodiscard]] bool space_follows() const { return at_ < text_.size() && space(text_[at_]); }
  void skip_space() {
    while (space_follows()) ++at_;
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<std::string_view> open_;
};

}  // namespace

bool valid_xml(std::string_view text) { return Reader(text).content(); }

}  // namespace sallyport::pg
