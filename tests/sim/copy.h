// COPY as the simulated clients and targets speak it: statements, rows in text and csv, made and read by what
// the PostgreSQL manual says ("COPY: File Formats"), not by the gateway's own code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/statement.h"

namespace sallyport::sim {

// Not UPDATE or DELETE then, but COPY ... FROM STDIN.
[[nodiscard]] bool takes_copy_data(const Tag& tag);
[[nodiscard]] bool in_csv(const Tag& tag);

[[nodiscard]] std::string copy_statement(const Tag& tag);  // without the tag's comment
[[nodiscard]] std::string copy_completion(const Tag& tag);

// CopyInResponse or CopyOutResponse.
[[nodiscard]] std::string copy_begin_message(const Tag& tag);

// A line each, with its newline; the line of names too.
[[nodiscard]] std::vector<std::string> copy_lines(const Tag& tag);
// What the client sends in all.
[[nodiscard]] std::string copy_data(const Tag& tag);

// The values of a line; a NULL is `null_value`.
inline constexpr std::string_view null_value = "(null)";
[[nodiscard]] std::vector<std::string> copy_values(const Tag& tag, std::string_view line);

}  // namespace sallyport::sim
