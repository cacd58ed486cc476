// Texts of the server's own: errors, notices, columns' names.
#include <algorithm>

#include "plugins/postgresql/messages.h"
#include "plugins/postgresql/rows/report.h"
#include "plugins/postgresql/rows/rows.h"

namespace sallyport::pg {

namespace {

bool all_of(std::string_view text, size_t size_max, bool (*good)(char)) {
  return text.size() <= size_max && std::ranges::all_of(text, good);
}
bool letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || static_cast<uint8_t>(c) >= 0x80;
}
bool digit(char c) { return c >= '0' && c <= '9'; }
bool source_name(char c) { return letter(c) || digit(c) || c == '_' || c == '.' || c == '-' || c == '/'; }

// Fields that the server fills from its own source or counts itself, and that nobody can set. Clients read
// them as words and numbers, so they must stay that. What does not look like one is masked as the rest.
bool constant_of_server(uint8_t code, std::string_view value) {
  switch (code) {
    case 'S':  // severity, perhaps translated
    case 'V': return all_of(value, 20, letter);
    case 'C': return value.size() == 5 && all_of(value, 5, source_name);
    case 'P':  // positions in the statement
    case 'p':
    case 'L': return all_of(value, 10, digit);
    case 'F':
    case 'R': return all_of(value, 64, source_name);
    default: return false;
  }
}

}  // namespace

sp_field_id Rows::text_field(std::string_view label, Quotes quotes, TextFields& known) {
  if (known.generation != generation_) {
    known.own = field(label, {}, SP_KIND_TEXT, 0);
    known.quoting = field(label, {}, SP_KIND_TEXT, SP_FIELD_NO_ORIGIN);
    known.generation = generation_;
  }
  return quotes == Quotes::Own ? known.own : known.quoting;
}

// Whether the catalogue shows that the report can quote nothing masked.
Rows::Proven Rows::prove_report(std::span<const uint8_t> report, const About& about) {
  if (!about.statement || !names_masked({})) return Proven::No;
  switch (report_of(report)) {
    case ReportOf::Statement:
      // Row security runs expressions of its own, which may read others.
      return prove_reads(sources_question(*about.statement), Policies::Refused);
    case ReportOf::Row: return prove_row(report, *about.statement);
    case ReportOf::Text:
    case ReportOf::Parameter:
    case ReportOf::Definition:
    case ReportOf::Code: return Proven::No;
  }
  return Proven::No;
}

Described Rows::prepare_report(std::span<const uint8_t> report, const About& about) {
  if (!masks_possible() || plain(report, about) || !quoting(report, about)) return Described::Done;
  return prove_report(report, about) == Proven::Waiting ? Described::Waiting : Described::Done;
}

// The client's own text and values, and names of the catalogue.
bool Rows::plain(std::span<const uint8_t> report, const About& about) {
  const ReportOf what = report_of(report);
  return what == ReportOf::Definition || (what == ReportOf::Text && about.own_text) ||
         (what == ReportOf::Parameter && about.binds);
}

bool Rows::quoting(std::span<const uint8_t> report, const About& about) {
  return about.quotes == Quotes::Anything || quotes_values(report_field(report, 'C')) ||
         raised_by_users(report) || (about.quotes == Quotes::Stored && !quotes_no_value(report));
}

bool Rows::collect_names(std::span<const uint8_t> data, size_t offset, size_t size, const RowShape& shape) {
  if (!masks_possible()) return true;
  Message message;
  if (!begin_unit(data, offset, size, message)) return false;
  units_.back().texts = true;
  // Code at the target can give any name to the column of a cursor.
  const sp_field_id id =
      text_field("column name", shape.reads.known ? Quotes::Own : Quotes::Anything, name_fields_);
  size_t at = offset + header_size + 2;
  for (const Column& column : shape.columns) {
    const bool own = !column.path.empty() && column.path.ends_with("." + column.name);
    if (!own) add_text(at, column.name.size(), id);
    constexpr size_t behind_name_size = 1 + 4 + 2 + 4 + 2 + 4 + 2;
    at += column.name.size() + behind_name_size;
  }
  units_.back().part_end = parts_.size();
  return true;
}

bool Rows::collect_report(std::span<const uint8_t> data, size_t offset, size_t size, const About& about) {
  Message message;
  if (!begin_unit(data, offset, size, message)) return false;
  units_.back().texts = true;
  if (message.type != back::error && message.type != back::notice) return false;
  sp_field_id id = SP_FIELD_CLEAR, inner = SP_FIELD_CLEAR;
  if (masks_possible()) {
    const bool quotes = quoting(message.body, about);
    const bool shown = plain(message.body, about) || (quotes && message.type == back::error &&
                                                      prove_report(message.body, about) == Proven::Yes);
    id = text_field("error", shown || !quotes ? Quotes::Own : Quotes::Anything, report_fields_);
    // Whatever an error says itself, the text that it met inside may be made of values.
    const bool any = !shown && about.quotes != Quotes::Own;
    inner = any ? text_field("error", Quotes::Anything, report_fields_) : id;
  }
  Cursor cursor(message.body);
  for (uint8_t code = cursor.u8(); cursor.ok() && code != 0; code = cursor.u8()) {
    const size_t at = offset + header_size + cursor.offset();
    const std::string_view value = cursor.text();
    if (!cursor.ok()) return false;
    if (code == 'P' && !about.placed) {
      add_withheld(at - 1, value.size() + 2);
      parts_.back().cut = true;
    } else if (!constant_of_server(code, value)) {
      add_text(at, value.size(), code == 'W' || code == 'q' ? inner : id);
    }
  }
  units_.back().part_end = parts_.size();
  return cursor.at_end();
}

bool Rows::collect_text(std::span<const uint8_t> data, size_t offset, size_t size, size_t at,
                        size_t text_size, Quotes quotes) {
  Message message;
  if (!begin_unit(data, offset, size, message)) return false;
  units_.back().texts = true;
  add_text(offset + at, text_size, text_field("message", quotes, message_fields_));
  units_.back().part_end = parts_.size();
  return true;
}

}  // namespace sallyport::pg
