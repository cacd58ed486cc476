#include "core/identity/strict_json.h"

#include <set>
#include <string>
#include <vector>

#include "config/limits.h"

namespace sallyport::identity {

using nlohmann::json;

std::optional<json> parse_strict_object(std::string_view text) {
  std::vector<std::set<std::string>> open;  // the keys of each object that is being read
  // The parser takes a zero byte for the end.
  bool is_strict = !text.starts_with("\xef\xbb\xbf") && text.find('\0') == text.npos;
  const auto look = [&](int depth, json::parse_event_t event, json& value) {
    if (static_cast<size_t>(depth) > limits::token_json_depth_max) is_strict = false;
    switch (event) {
      case json::parse_event_t::object_start: open.emplace_back(); break;
      case json::parse_event_t::object_end: open.pop_back(); break;
      case json::parse_event_t::key:
        if (!open.back().insert(value.get_ref<const std::string&>()).second) is_strict = false;
        break;
      case json::parse_event_t::array_start:
      case json::parse_event_t::array_end:
      case json::parse_event_t::value: break;
    }
    return true;
  };
  if (!is_strict) return std::nullopt;
  json parsed = json::parse(text, look, false);
  if (!is_strict || !parsed.is_object()) return std::nullopt;
  return parsed;
}

}  // namespace sallyport::identity
