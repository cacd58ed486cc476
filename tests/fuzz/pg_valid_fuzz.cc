// Any bytes as a masked value: what the gateway calls valid of its type, a client's decoder can read.
#include <cmath>
#include <cstring>

#include "plugins/postgresql/rows/shape.h"
#include "tests/fuzz/fuzz.h"

using namespace sallyport;
using namespace sallyport::pg;

namespace {

// Array and record output as drivers read it: a quoted element ends at a quote (a record doubles quotes that
// are part of it), a bare one at a delimiter; a backslash takes the next byte as it is.
class Decoder {
 public:
  explicit Decoder(std::string_view text) : text_(text) {}

  bool array(int depth) {
    if (depth > 6 || !accept('{')) return false;
    if (accept('}')) return true;
    do {
      const bool read = peek() == '{' ? array(depth + 1) : element(",{}", false, false);
      if (!read) return false;
    } while (accept(','));
    return accept('}');
  }
  bool record() {
    if (!accept('(')) return false;
    do {
      if (!element(",()", true, true)) return false;
    } while (accept(','));
    return accept(')');
  }
  void skip_bounds() {
    if (peek() == '[') at_ = text_.find('=') + 1;
  }
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }

 private:
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool accept(char c) {
    if (at_at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] bool at_at_end() const { return at_ >= text_.size(); }
  bool element(std::string_view delimiters, bool doubled, bool may_be_empty) {
    const size_t from = at_;
    if (accept('"')) {
      while (!at_at_end()) {
        const char c = text_[at_++];
        if (c == '\\') {
          if (at_at_end()) return false;
          ++at_;
        } else if (c == '"' && !(doubled && accept('"'))) {
          return true;
        }
      }
      return false;
    }
    while (!at_at_end() && delimiters.find(text_[at_]) == std::string_view::npos) {
      if (text_[at_] == '"') return false;
      if (text_[at_] == '\\' && ++at_ >= text_.size()) return false;
      ++at_;
    }
    return may_be_empty || at_ > from;
  }

  std::string_view text_;
  size_t at_ = 0;
};

bool decodes(Carrier carrier, uint32_t type_oid, const std::string& text) {
  switch (carrier) {
    case Carrier::Integer: {
      char* end = nullptr;
      errno = 0;
      const long long value = std::strtoll(text.c_str(), &end, 10);
      const bool whole = errno == 0 && end == text.c_str() + text.size() && !text.empty();
      return whole && (type_oid != 23 || (value >= INT32_MIN && value <= INT32_MAX));
    }
    case Carrier::Number: {
      char* end = nullptr;
      (void)std::strtod(text.c_str(), &end);
      return end == text.c_str() + text.size() && !text.empty();
    }
    case Carrier::Array: {
      Decoder decoder(text);
      decoder.skip_bounds();
      return decoder.array(1) && decoder.at_end();
    }
    case Carrier::Record: {
      Decoder decoder(text);
      return decoder.record() && decoder.at_end();
    }
    case Carrier::Uuid: return text.size() == 36 && std::ranges::count(text, '-') == 4;
    case Carrier::Json:
    case Carrier::Text: return true;
    case Carrier::Opaque:
    case Carrier::Fixed: return false;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Source source(data, size);
  const auto carrier = static_cast<Carrier>(source.u8() % 9);
  constexpr uint32_t integers[] = {20, 21, 23, 26};
  const uint32_t type_oid = integers[source.u8() % 4];
  const fuzz::Exact value(source.rest());
  if (still_valid(carrier, type_oid, value.text())) {
    FUZZ_REQUIRE(decodes(carrier, type_oid, std::string(value.text())));
  }
  return 0;
}
