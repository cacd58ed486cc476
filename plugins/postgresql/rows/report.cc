#include "plugins/postgresql/rows/report.h"

#include <algorithm>
#include <array>

#include "plugins/postgresql/messages.h"

namespace sallyport::pg {

namespace {

// Of the server's source: where definitions are made and dropped. Their notices have code 00000, as RAISE
// NOTICE does.
constexpr auto defining_files = std::to_array<std::string_view>({
    "aclchk.c",      "analyze.c",  "createas.c",  "dependency.c",       "dropcmds.c",      "extension.c",
    "foreigncmds.c", "heap.c",     "index.c",     "indexcmds.c",        "parse_utilcmd.c", "pg_shdepend.c",
    "schemacmds.c",  "sequence.c", "statscmds.c", "subscriptioncmds.c", "tablecmds.c",     "tablespace.c",
    "tsearchcmds.c", "typecmds.c", "user.c",      "vacuum.c",           "vacuumlazy.c",    "view.c",
});
static_assert(std::ranges::is_sorted(defining_files));

bool has(std::span<const uint8_t> report, uint8_t code) { return !report_field(report, code).empty(); }

// The server adds a line for each thing that a report was made in, the innermost first. One line in these
// words is no code's: those begin with the language's name.
bool one_line(std::string_view context, std::string_view begins) {
  return context.starts_with(begins) && context.find('\n') == std::string_view::npos;
}
bool of_parameter(std::string_view context) { return one_line(context, "unnamed portal parameter $"); }
bool of_code(std::string_view context) { return !context.empty() && !one_line(context, "JSON data, line "); }

// Of definitions alone: what already exists, and what others depend on.
bool about_names(std::string_view sqlstate) {
  constexpr std::string_view codes[] = {"2BP01", "42701", "42710", "42723", "42P04", "42P06", "42P07"};
  return std::ranges::find(codes, sqlstate) != std::end(codes);
}

}  // namespace

bool raised_by_users(std::span<const uint8_t> report) { return report_field(report, 'F').starts_with("pl"); }

bool quotes_values(std::string_view sqlstate) {
  if (sqlstate == "22012" || sqlstate == "22001") return false;  // division by zero, value too long
  return sqlstate.size() != 5 || sqlstate.starts_with("22") || sqlstate.starts_with("23") ||
         sqlstate.starts_with("P0") || sqlstate == "00000" || sqlstate == "01000";
}

ReportOf report_of(std::span<const uint8_t> report) {
  const std::string_view code = report_field(report, 'C');
  if (raised_by_users(report) || !has(report, 'F') || !has(report, 'R') || code.size() != 5)
    return ReportOf::Code;
  if (has(report, 'q') || has(report, 'p')) return ReportOf::Code;
  const std::string_view context = report_field(report, 'W');
  if (of_parameter(context)) return ReportOf::Parameter;
  if (of_code(context)) return ReportOf::Code;
  // The parser gives a position to all that it says, and what runs gives none. What reads a type's name out
  // of a value (`email::regtype`) has a context.
  if (has(report, 'P')) return ReportOf::Text;
  if (code.starts_with("P0")) return ReportOf::Code;
  if (code.starts_with("23")) return has(report, 's') && has(report, 't') ? ReportOf::Row : ReportOf::Code;
  if (code == "00000") {
    const bool defines = std::ranges::binary_search(defining_files, report_field(report, 'F'));
    return defines ? ReportOf::Definition : ReportOf::Code;
  }
  return ReportOf::Statement;
}

// Of class 54 some quote the word that is too long.
bool quotes_no_value(std::span<const uint8_t> report) {
  constexpr std::string_view classes[] = {"08", "21", "25", "40", "53", "55", "57"};
  const std::string_view sqlstate = report_field(report, 'C');
  if (sqlstate.size() != 5 || !has(report, 'F') || !has(report, 'R')) return false;
  if (sqlstate == "42501" || sqlstate == "22012" || sqlstate == "22001") return true;
  const ReportOf what = report_of(report);
  if (sqlstate.starts_with("42") && what == ReportOf::Text) return true;
  if (about_names(sqlstate) && what == ReportOf::Statement) return true;
  return std::ranges::find(classes, sqlstate.substr(0, 2)) != std::end(classes);
}

}  // namespace sallyport::pg
