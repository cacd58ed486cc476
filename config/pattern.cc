#include "config/pattern.h"

#include <charconv>
#include <cmath>

#include "config/check.h"

namespace sallyport::config {
namespace {

char fold(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool same(char a, char b, bool ignore_case) { return a == b || (ignore_case && fold(a) == fold(b)); }

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text, bool ignore_case) {
  // Only the last * need be retried: an earlier one that took more could not help a later one.
  size_t p = 0;
  size_t t = 0;
  size_t star = pattern.npos;
  size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && same(pattern[p], text[t], ignore_case)) {
      ++p;
      ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (fold(a[i]) != fold(b[i])) return false;
  }
  return true;
}

bool parse_number(std::string_view text, double& out) {
  text = trim(text);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && error == std::errc() && end == text.data() + text.size() && std::isfinite(out);
}

bool Pattern::compare(double value) const {
  switch (kind) {
    case Kind::glob: break;
    case Kind::less: return value < number;
    case Kind::less_equal: return value <= number;
    case Kind::greater: return value > number;
    case Kind::greater_equal: return value >= number;
  }
  CHECK(compares());
  return false;
}

Result<Pattern> parse_pattern(std::string_view text) {
  if (text.empty()) return fail("is empty: write a value, * for any");
  Pattern pattern;
  if (text.front() == '<' || text.front() == '>') {
    const bool equal = text.size() > 1 && text[1] == '=';
    const bool less = text.front() == '<';
    pattern.kind = less ? (equal ? Pattern::Kind::less_equal : Pattern::Kind::less)
                        : (equal ? Pattern::Kind::greater_equal : Pattern::Kind::greater);
    if (!parse_number(text.substr(equal ? 2 : 1), pattern.number)) {
      return fail("\"" + std::string(text) +
                  "\" compares with something that is no number: write \"> 1000\"");
    }
    return pattern;
  }
  if (text.front() == '!') {
    pattern.negated = true;
    text.remove_prefix(1);
    if (text.empty()) return fail("\"!\" negates nothing: write \"!value\"");
    if (text.front() == '<' || text.front() == '>') {
      return fail("\"!" + std::string(text) + "\": turn the comparison around instead of negating it");
    }
  }
  pattern.text = text;
  return pattern;
}

}  // namespace sallyport::config
