#include "plugins/http/body/body_mask.h"

#include <strings.h>

#include <algorithm>
#include <array>

#include "plugins/http/body/event_body.h"
#include "plugins/http/body/form_body.h"
#include "plugins/http/body/json_body.h"
#include "plugins/http/body/text_body.h"

namespace sallyport::http {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// UTF-8 and its part US-ASCII; whatever else is declared would be read wrongly.
bool is_readable(std::string_view parameters) {
  while (!parameters.empty()) {
    const size_t end = std::min(parameters.find(';'), parameters.size());
    const std::string_view one = trimmed(parameters.substr(0, end));
    parameters.remove_prefix(std::min(end + 1, parameters.size()));
    const size_t equals = one.find('=');
    if (equals == one.npos || !same(trimmed(one.substr(0, equals)), "charset")) continue;
    std::string_view charset = trimmed(one.substr(equals + 1));
    if (charset.size() >= 2 && charset.front() == '"' && charset.back() == '"')
      charset = charset.substr(1, charset.size() - 2);
    if (!same(charset, "utf-8") && !same(charset, "utf8") && !same(charset, "us-ascii")) return false;
  }
  return true;
}

struct Known {
  std::string_view type;
  Media media;
};
constexpr std::array known = {
    Known{"application/json", Media::json},
    Known{"application/x-ndjson", Media::json_lines},
    Known{"application/ndjson", Media::json_lines},
    Known{"application/jsonl", Media::json_lines},
    Known{"application/json-lines", Media::json_lines},
    Known{"text/event-stream", Media::events},
    Known{"application/x-www-form-urlencoded", Media::form},
    Known{"application/xml", Media::text},
    Known{"application/javascript", Media::text},
    Known{"application/yaml", Media::text},
    Known{"application/sql", Media::text},
    Known{"application/graphql", Media::text},
    Known{"multipart/form-data", Media::text},
    Known{"multipart/mixed", Media::text},
};

}  // namespace

Media media_of(std::string_view content_type) {
  const size_t semicolon = std::min(content_type.find(';'), content_type.size());
  const std::string_view type = trimmed(content_type.substr(0, semicolon));
  if (!is_readable(content_type.substr(std::min(semicolon + 1, content_type.size())))) return Media::none;
  for (const Known& one : known) {
    if (same(type, one.type)) return one.media;
  }
  const size_t plus = type.rfind('+');
  const std::string_view suffix = plus == type.npos ? "" : type.substr(plus);
  if (same(suffix, "+json")) return Media::json;
  if (same(suffix, "+xml")) return Media::text;
  const bool is_text = type.size() > 5 && same(type.substr(0, 5), "text/");
  // Without a type it is read as text, which finds out whether it is any.
  return is_text || type.empty() ? Media::text : Media::none;
}

std::unique_ptr<BodyMask> make_body_mask(Media media, Looker& looker) {
  switch (media) {
    case Media::json: return std::make_unique<JsonBody>(looker, false);
    case Media::json_lines: return std::make_unique<JsonBody>(looker, true);
    case Media::events: return std::make_unique<EventBody>(looker);
    case Media::form: return std::make_unique<FormBody>(looker);
    case Media::text: return std::make_unique<TextBody>(looker);
    case Media::none: break;
  }
  return nullptr;
}

}  // namespace sallyport::http
