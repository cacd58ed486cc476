// What a client got against what the target sent: the same bytes in the same order, but for what masks
// changed and what the gateway refused.
#include "plugins/postgresql/messages.h"
#include "tests/sim/client.h"
#include "tests/sim/copy.h"

namespace sallyport::sim {

namespace {

bool is_pause(std::string_view message) {
  return message[0] == pg::back::notice && report_text(message, 'M').starts_with("paused by rule");
}
bool is_description(std::string_view message) {
  return message[0] == pg::back::row_description || message[0] == pg::back::no_data;
}
// The gateway's own last word.
bool is_farewell(std::string_view message) {
  return message[0] == pg::back::error && report_text(message, 'S') == "FATAL";
}

std::string printable(std::string_view bytes) {
  std::string text;
  for (const char c : bytes.substr(0, 120)) text += c >= ' ' && c < 127 ? c : '.';
  return text + " (" + std::to_string(bytes.size()) + ")";
}

std::vector<std::string> columns_of(std::string_view row) {
  std::vector<std::string> values;
  pg::Cursor cursor(pg::as_bytes(body_of(row)));
  for (uint16_t i = cursor.u16(); i > 0 && cursor.ok(); --i) {
    const int32_t size = cursor.i32();
    values.emplace_back(size < 0 ? std::string_view() : pg::as_text(cursor.bytes(static_cast<size_t>(size))));
  }
  return values;
}

// Whose line it is.
const Tag* copied_out(const std::vector<Tag>& tags, std::string_view line) {
  for (const Tag& tag : tags) {
    if (tag.kind != Kind::copy_out) continue;
    for (const std::string& one : copy_lines(tag)) {
      if (body_of(line) == one) return &tag;
    }
  }
  return nullptr;
}

}  // namespace

void Client::check(const Segment& segment, std::vector<std::string> messages, bool whole) {
  std::erase_if(messages, is_pause);
  if (segment.refusable) {
    if (whole) check_refusable(segment, messages);
    return;
  }
  if (!whole && !messages.empty() && is_farewell(messages.back())) messages.pop_back();
  const auto found = scene_.journal.stretches.find({plan_.number, segment.number});
  const std::string here = where() + ", segment " + std::to_string(segment.number);
  if (found == scene_.journal.stretches.end()) {
    if (!messages.empty())
      scene_.journal.fail(here + ": a reply that no target sent: " + messages.front().substr(0, 60));
    return;
  }
  size_t used = 0;
  std::vector<std::string_view> sent = split_messages(found->second.bytes, used);
  if (masked() && !segment.simple && !segment.described) {
    std::erase_if(sent, is_description);
    if (std::erase_if(messages, is_description) != 0)
      scene_.journal.fail(here + ": a description nobody asked for");
  }
  if (!whole) {
    if (messages.size() > sent.size()) return scene_.journal.fail(here + ": more than the target sent");
    sent.resize(messages.size());
  }
  if (messages.size() != sent.size()) {
    return scene_.journal.fail(here + ": " + std::to_string(messages.size()) + " messages of " +
                               std::to_string(sent.size()));
  }
  for (size_t i = 0; i < sent.size(); ++i) check_same(segment, messages[i], sent[i]);
  ++compared_;
}

void Client::check_same(const Segment& segment, const std::string& mine, std::string_view sent) {
  if (mine == sent) return;
  const std::string here = where() + ", segment " + std::to_string(segment.number);
  // Where the catalogue could not be asked, whole rows are hidden.
  const bool row = mine[0] == pg::back::data_row;
  const bool line = mine[0] == pg::back::copy_data;
  const bool hides_more = scene_.catalogue_trouble && (row || line);
  const bool hides = hides_more || sent.find(planted_mark) != std::string_view::npos;
  if (!masked() || !hides || mine[0] != sent[0]) {
    return scene_.journal.fail(here + ": other bytes than the target sent, of " +
                               statement_of(segment.tags.front()) + ": " + printable(mine) + " for " +
                               printable(sent));
  }
  if (row) check_values(segment, columns_of(sent), columns_of(mine), hides_more);
  if (!line) return;
  const Tag* tag = copied_out(segment.tags, sent);
  if (tag == nullptr) return scene_.journal.fail(here + ": a line of no COPY");
  const auto after = copy_values(*tag, body_of(mine));
  if (!mine.ends_with('\n')) scene_.journal.fail(here + ": a masked line lost its end");
  check_values(segment, copy_values(*tag, body_of(sent)), after, hides_more);
}

void Client::check_values(const Segment& segment, const std::vector<std::string>& before,
                          const std::vector<std::string>& after, bool hides_more) {
  const std::string here = where() + ", segment " + std::to_string(segment.number);
  if (before.size() != after.size()) return scene_.journal.fail(here + ": a masked row lost a column");
  for (size_t i = 0; i < before.size(); ++i) {
    const bool planted = before[i].find(planted_mark) != std::string_view::npos;
    if (!planted && !hides_more && before[i] != after[i])
      scene_.journal.fail(here + ": a mask changed a value that it should not");
    if (planted && after[i].empty()) scene_.journal.fail(here + ": a masked value vanished");
  }
}

// Somewhere in it something waits or is refused: what comes is the gateway's error, or the target's reply.
void Client::check_refusable(const Segment& segment, const std::vector<std::string>& messages) {
  const std::string here = where() + ", segment " + std::to_string(segment.number);
  bool refused = false;
  std::string errors;
  for (const std::string& message : messages) {
    if (message[0] != pg::back::error) continue;
    errors += std::string(report_text(message, 'C')) + " ";
    const std::string_view code = report_text(message, 'C');
    refused |= code == "42501" || (code == "42601" && segment.tags.front().kind == Kind::unparsed);
  }
  if (!segment.simple) return;
  const Kind kind = segment.tags.front().kind;
  const bool ran = scene_.journal.executed.contains(segment.tags.front());
  if (never_runs(kind) && !refused) return scene_.journal.fail(here + ": was not refused, but " + errors);
  if (refused && ran) return scene_.journal.fail(here + ": was refused and ran all the same");
  if (kind == Kind::approve && errors.empty() && !ran)
    scene_.journal.fail(here + ": said to have run, and did not");
  ++compared_;
}

}  // namespace sallyport::sim
