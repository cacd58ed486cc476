#include "ringlog/session_name.h"

#include <stdio.h>

#include <charconv>

#include "ringlog/record.h"

namespace sallyport::ringlog {

namespace {

std::optional<uint64_t> number(std::string_view text, int base) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

}  // namespace

Result<SessionName> parse_session_name(const std::string& text) {
  const auto bad = [&text] {
    return fail("\"" + text + "\" is no session; `sallyport sessions` lists them, as in 0.17");
  };
  SessionName name;
  std::string_view rest = text;
  if (const size_t slash = rest.find('/'); slash != rest.npos) {
    name.instance = number(rest.substr(0, slash), 16);
    if (!name.instance) return bad();
    rest = rest.substr(slash + 1);
  }
  const size_t point = rest.find('.');
  if (point == rest.npos) return bad();
  const auto core = number(rest.substr(0, point), 10);
  const auto counter = number(rest.substr(point + 1), 10);
  if (!core || !counter || *core > UINT16_MAX || *counter == 0 || *counter >> 48) return bad();
  name.session = session_id(static_cast<uint16_t>(*core), *counter);
  return name;
}

std::string session_text(uint64_t session) {
  return std::to_string(session >> 48) + "." + std::to_string(session & 0xffff'ffff'ffffULL);
}

std::string session_text(uint64_t instance, uint64_t session) {
  char text[24];
  snprintf(text, sizeof text, "%llx/", static_cast<unsigned long long>(instance));
  return text + session_text(session);
}

}  // namespace sallyport::ringlog
