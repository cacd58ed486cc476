// Texts of the server's own: errors, notices, columns' names.
#include <algorithm>

#include "plugins/postgresql/messages.h"
#include "plugins/postgresql/rows/rows.h"

namespace sallyport::pg {

namespace {

// Codes under which the server quotes values in its texts (appendix "Error Codes"): data exceptions,
// constraint violations, what functions RAISE. Their origin is unknown, as that of a computed column.
bool quotes_values(std::string_view sqlstate) {
  if (sqlstate == "22012" || sqlstate == "22001") return false;  // division by zero, value too long
  return sqlstate.size() != 5 || sqlstate.starts_with("22") || sqlstate.starts_with("23") ||
         sqlstate.starts_with("P0") || sqlstate == "00000" || sqlstate == "01000";
}

// Whether a report of what evaluates stored values quotes none. The parser's errors have a position. Of class
// 54 some quote the word that is too long.
bool quotes_no_value(std::string_view sqlstate, bool positioned) {
  constexpr std::string_view classes[] = {"08", "21", "25", "40", "53", "55", "57"};
  if (sqlstate.size() != 5) return false;
  if (sqlstate == "42501" || sqlstate == "22012" || sqlstate == "22001") return true;
  if (sqlstate.starts_with("42") && positioned) return true;
  return std::ranges::find(classes, sqlstate.substr(0, 2)) != std::end(classes);
}

// Code of users' own gives its reports any text and any code. The server says where in its source a report
// was made: `F` and `R` of protocol 55.8, which no SQL can set.
bool raised_by_users(std::span<const uint8_t> report) { return report_field(report, 'F').starts_with("pl"); }
bool has_source(std::span<const uint8_t> report) {
  return !report_field(report, 'F').empty() && !report_field(report, 'R').empty();
}

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

sp_field_id Rows::report_field_of(std::span<const uint8_t> report, Quotes quotes) {
  const std::string_view sqlstate = report_field(report, 'C');
  bool quoting = quotes == Quotes::Anything || quotes_values(sqlstate) || raised_by_users(report);
  if (quotes == Quotes::Stored && !quoting) {
    quoting = !has_source(report) || !quotes_no_value(sqlstate, !report_field(report, 'P').empty());
  }
  return text_field("error", quoting ? Quotes::Anything : Quotes::Own, report_fields_);
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

bool Rows::collect_report(std::span<const uint8_t> data, size_t offset, size_t size, Quotes quotes,
                          bool placed) {
  Message message;
  if (!begin_unit(data, offset, size, message)) return false;
  units_.back().texts = true;
  if (message.type != back::error && message.type != back::notice) return false;
  const sp_field_id id = masks_possible() ? report_field_of(message.body, quotes) : SP_FIELD_CLEAR;
  Cursor cursor(message.body);
  for (uint8_t code = cursor.u8(); cursor.ok() && code != 0; code = cursor.u8()) {
    const size_t at = offset + header_size + cursor.offset();
    const std::string_view value = cursor.text();
    if (!cursor.ok()) return false;
    if (code == 'P' && !placed) {
      add_withheld(at - 1, value.size() + 2);
      parts_.back().cut = true;
    } else if (!constant_of_server(code, value)) {
      add_text(at, value.size(), id);
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
