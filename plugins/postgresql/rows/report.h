// Whose words an error's or notice's texts are, as far as the report itself says.
// Source: PostgreSQL manual, "Error and Notice Message Fields".
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace sallyport::pg {

enum class ReportOf : uint8_t {
  Text,        // reading the statement's text, before anything runs
  Parameter,   // reading a bound value
  Definition,  // what a definition did: names of the catalogue
  Row,         // a row of the table that the report names (class 23)
  Statement,   // anything that the statement itself computes
  Code,        // what runs inside it: functions, triggers, look-ups of the server's; or nobody knows
};

// `report`: the fields of an ErrorResponse or NoticeResponse. The server says where in its source a report
// was made, F and R of protocol 55.8, which no SQL can set; what was made inside a function, a trigger or a
// query of theirs has a context (W) or an inner query (q), which the server adds for each of them.
[[nodiscard]] ReportOf report_of(std::span<const uint8_t> report);

// By code of users' own, which gives its reports any text and any code.
[[nodiscard]] bool raised_by_users(std::span<const uint8_t> report);

// Under this code the server quotes values in its texts (appendix "Error Codes"): data exceptions, constraint
// violations, what functions RAISE.
[[nodiscard]] bool quotes_values(std::string_view sqlstate);

// A report of what evaluates stored values quotes none.
[[nodiscard]] bool quotes_no_value(std::span<const uint8_t> report);

}  // namespace sallyport::pg
