#include "core/path/kit_line.h"

#include <algorithm>
#include <charconv>

#include "core/path/kit_text.h"

namespace sallyport {

void KitLine::skip() { rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size())); }

bool KitLine::at_end() {
  skip();
  return rest.empty() || rest[0] == '#';
}

void KitLine::complain(std::string text) {
  if (error.empty()) error = std::move(text);
}

std::string_view KitLine::peek() {
  skip();
  return rest.substr(0, std::min(rest.find_first_of(" \t"), rest.size()));
}

std::string KitLine::word(const char* what) {
  if (at_end()) {
    complain(std::string("expected ") + what);
    return "";
  }
  const std::string found(peek());
  rest.remove_prefix(found.size());
  return found;
}

bool KitLine::accept(std::string_view wanted) {
  if (peek() != wanted) return false;
  rest.remove_prefix(wanted.size());
  return true;
}

uint64_t KitLine::number(const char* what) {
  const std::string text = word(what);
  uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) complain(std::string("expected ") + what);
  return value;
}

std::string KitLine::value(const char* what) {
  skip();
  if (rest.empty() || rest[0] != '"') return word(what);
  size_t used = 0;
  const Result<std::string> text = kit_unquote(rest, &used);
  if (!text) {
    complain(text.error().text);
    rest = {};
    return "";
  }
  rest.remove_prefix(used);
  return *text;
}

std::string KitLine::bytes() {
  std::string all;
  if (at_end()) complain("expected bytes in double quotes");
  while (!at_end() && error.empty()) {
    if (rest[0] != '"') {
      complain("expected bytes in double quotes");
      break;
    }
    const std::string part = value("bytes");
    uint64_t count = 1;
    if (!rest.empty() && rest[0] == '*') {
      rest.remove_prefix(1);
      count = number("a count behind *");
      if (count > 1'000'000) complain("the count behind * is at most 1000000");
    }
    for (uint64_t i = 0; i < count && error.empty(); ++i) all += part;
  }
  return all;
}

uint32_t KitLine::leg() {
  if (accept("client")) return SP_LEG_CLIENT;
  if (!accept("leg")) complain("expected `client` or `leg NUMBER`");
  const uint64_t leg = number("a leg's number");
  if (leg >= SP_LEG_COUNT_MAX) complain("a leg's number is 0 to 7");
  return static_cast<uint32_t>(leg);
}

sp_verdict KitLine::verdict() {
  return choice<sp_verdict>(std::to_array<std::pair<const char*, sp_verdict>>(
                                {{"allow", SP_ALLOW}, {"deny", SP_DENY}, {"wait", SP_WAIT}}),
                            "allow, deny or wait");
}

}  // namespace sallyport
