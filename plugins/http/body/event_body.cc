#include "plugins/http/body/event_body.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "plugins/http/body/json_body.h"
#include "plugins/http/body/text_body.h"

namespace sallyport::http {

namespace {

// The end of the line that begins at `at`, and where the next begins. Nothing where it is not whole: a CR
// that stands last may be half of a CRLF.
struct Line {
  size_t end, next;
};
std::optional<Line> line_at(std::string_view text, size_t at, bool is_last) {
  const size_t end = text.find_first_of("\r\n", at);
  if (end == text.npos) return std::nullopt;
  if (text[end] == '\n') return Line{end, end + 1};
  if (end + 1 == text.size()) return is_last ? std::optional(Line{end, end + 1}) : std::nullopt;
  return Line{end, text[end + 1] == '\n' ? end + 2 : end + 1};
}

}  // namespace

std::expected<void, BodyFault> EventBody::feed(std::string_view bytes, std::string& out) {
  text_.append(bytes);
  size_t begin = 0, at = looked_at_;
  while (const auto line = line_at(text_, at, false)) {
    const bool is_empty = line->end == at;
    at = line->next;
    if (!is_empty) continue;
    if (const auto done = event(std::string_view(text_).substr(begin, at - begin), out); !done) return done;
    begin = at;
  }
  text_.erase(0, begin);
  looked_at_ = at - begin;
  if (text_.size() > value_size_max) return std::unexpected(too_large_to_mask);
  return {};
}

// A half event at the end goes nowhere: clients throw it away (section 9.2.6).
std::expected<void, BodyFault> EventBody::finish(std::string&) {
  text_.clear();
  looked_at_ = 0;
  return {};
}

// As one JSON text, or each line as one or as what it is.
bool EventBody::mask_data(std::string& data) {
  std::string whole;
  JsonBody reader(looker_, false);
  if (reader.feed(data, whole) && reader.finish(whole)) {
    data = std::move(whole);
    return true;
  }
  if (!looker_.mask(data, SP_KIND_TEXT, body_path)) return false;
  std::string out;
  for (size_t at = 0; at <= data.size();) {
    const size_t end = std::min(data.find('\n', at), data.size());
    std::string line = data.substr(at, end - at);
    if (!mask_text(looker_, line)) line.clear();
    if (at > 0) out += '\n';
    out.append(line);
    at = end + 1;
  }
  data = std::move(out);
  return true;
}

std::expected<void, BodyFault> EventBody::event(std::string_view lines, std::string& out) {
  std::string data, others;
  bool has_data = false;
  for (size_t at = 0; at < lines.size();) {
    const Line line = line_at(lines, at, true).value_or(Line{lines.size(), lines.size()});
    const std::string_view text = lines.substr(at, line.end - at);
    at = line.next;
    if (text == "data" || text.starts_with("data:")) {
      std::string_view value = text.substr(std::min<size_t>(5, text.size()));
      if (value.starts_with(' ')) value.remove_prefix(1);
      if (has_data) data += '\n';
      data.append(value);
      has_data = true;
    } else if (!text.empty()) {
      others.append(text).append("\n");
    }
  }
  if (!is_text(data) || !is_text(others)) return std::unexpected(not_text);
  if (!others.empty() && !looker_.mask(others, SP_KIND_TEXT, body_path)) others.clear();
  std::string shown = data;
  if (!mask_data(shown)) shown.clear();
  out.append(others);
  if (!others.empty() && others.back() != '\n') out += '\n';
  for (size_t at = 0; has_data && at <= shown.size();) {
    const size_t end = std::min(shown.find('\n', at), shown.size());
    out.append("data: ").append(shown, at, end - at).append("\n");
    at = end + 1;
  }
  if (!lines.empty()) out += '\n';
  return {};
}

}  // namespace sallyport::http
