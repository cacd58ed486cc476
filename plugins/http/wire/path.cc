#include "plugins/http/wire/path.h"

#include "plugins/http/wire/characters.h"

namespace sallyport::http {

namespace {

constexpr Fault bad_escape{400, "bad-escape", "a path's % is not followed by two hexadecimal digits"};
constexpr Fault escaped_slash{400, "escaped-slash", "a path holds an escaped / or \\"};
constexpr Fault backslash{400, "backslash", "a path holds a \\"};
constexpr Fault control_in_path{400, "control-in-path", "a path holds a control byte"};
constexpr Fault not_ascii{400, "path-not-ascii", "a path holds a byte beyond ASCII: escape it"};
constexpr Fault empty_segment{400, "empty-segment", "a path holds //"};
constexpr Fault parameter{400, "path-parameter", "a path holds a ;"};
constexpr Fault above_root{400, "above-root", "a path's .. leads above the root"};

constexpr std::string_view hex_digits = "0123456789ABCDEF";

void escape(char c, std::string& out) {
  const auto byte = static_cast<unsigned char>(c);
  out += {'%', hex_digits[byte >> 4], hex_digits[byte & 15]};
}

bool may_stand(char c) { return is_unreserved(c) || std::string_view("!$&'()*+,=:@").contains(c); }

std::expected<void, Fault> add_byte(std::string_view& rest, std::string& out) {
  const char c = rest.front();
  if (c == '%') {
    if (rest.size() < 3 || hex_value(rest[1]) < 0 || hex_value(rest[2]) < 0)
      return std::unexpected(bad_escape);
    const char meant = static_cast<char>(hex_value(rest[1]) * 16 + hex_value(rest[2]));
    rest.remove_prefix(3);
    if (meant == '/' || meant == '\\') return std::unexpected(escaped_slash);
    if (is_control(meant)) return std::unexpected(control_in_path);
    if (is_unreserved(meant)) {
      out.push_back(meant);
    } else {
      escape(meant, out);
    }
    return {};
  }
  rest.remove_prefix(1);
  if (c == '\\') return std::unexpected(backslash);
  if (c == ';') return std::unexpected(parameter);
  if (is_control(c) || c == ' ') return std::unexpected(control_in_path);
  if (static_cast<unsigned char>(c) >= 0x80) return std::unexpected(not_ascii);
  if (may_stand(c)) {
    out.push_back(c);
  } else {
    escape(c, out);
  }
  return {};
}

std::expected<std::string, Fault> normalised_segment(std::string_view raw) {
  std::string out;
  while (!raw.empty()) {
    if (const auto added = add_byte(raw, out); !added) return std::unexpected(added.error());
  }
  return out;
}

}  // namespace

std::expected<std::string, Fault> normalised_path(std::string_view raw) {
  std::string out;
  raw.remove_prefix(1);
  for (bool is_last = false; !is_last;) {
    const size_t slash = raw.find('/');
    is_last = slash == raw.npos;
    auto segment = normalised_segment(raw.substr(0, slash));
    if (!segment) return std::unexpected(segment.error());
    raw.remove_prefix(is_last ? raw.size() : slash + 1);
    const bool climbs = *segment == "..";
    if (climbs && out.empty()) return std::unexpected(above_root);
    if (climbs) out.erase(out.rfind('/'));
    if (climbs || *segment == ".") {
      if (is_last) out.push_back('/');
      continue;
    }
    if (segment->empty() && !is_last) return std::unexpected(empty_segment);
    out.push_back('/');
    out += *segment;
  }
  return out;
}

}  // namespace sallyport::http
