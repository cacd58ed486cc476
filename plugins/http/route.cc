#include "plugins/http/route.h"

#include <algorithm>

namespace sallyport::http {

namespace {

constexpr std::string_view mark = "/t/";

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](unsigned char c) {
    return isalnum(c) != 0 || c == '.' || c == '_' || c == '-' || c == '~';
  });
}

}  // namespace

std::string Route::user(std::string_view who) const {
  if (name.empty()) return std::string(who);
  return std::string(who) + "," + name;
}

std::expected<Route, std::string_view> route_of(const RequestHead& head, const Proof& proof,
                                                bool listener_decides) {
  Route out{.name = proof.target, .prefix = {}, .path = head.path};
  if (head.path.starts_with(mark) && !listener_decides) {
    const size_t end = std::min(head.path.find('/', mark.size()), head.path.size());
    const std::string name = head.path.substr(mark.size(), end - mark.size());
    if (!is_name(name)) return std::unexpected("say which target: /t/TARGET/…");
    if (!out.name.empty() && out.name != name)
      return std::unexpected("the path and the user name say different targets");
    out.name = name;
    out.prefix = head.path.substr(0, end);
    out.path = end == head.path.size() ? "/" : head.path.substr(end);
  }
  if (out.name.empty() && !listener_decides)
    out.name = head.authority.substr(0, head.authority.find_first_of(".:"));
  const bool needs_name = !listener_decides || !out.name.empty();
  if (needs_name && !is_name(out.name)) return std::unexpected("say which target: /t/TARGET/…");
  return out;
}

}  // namespace sallyport::http
