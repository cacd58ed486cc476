// A row of COPY ... TO STDOUT in text or csv: where its values stand, what they say, and how a masked one is
// written. The server sends each row as one CopyData message, ended by a newline. Pure functions.
// Source: PostgreSQL manual, "COPY: File Formats"; CopyAttributeOutText and CopyAttributeOutCSV in the
// server.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/postgresql/sql/statement.h"

namespace sallyport::pg {

using CopyFormat = postgresql::sql::CopyFormat;

struct CopyValue {
  size_t offset = 0;  // in the row, its quotes included
  size_t size = 0;
  bool null = false;
  bool quoted = false;
  bool escaped = false;  // else what it says stands there as it is, between its quotes if it has some
};

// `row` without its newline. False: not a row of this format, or of more than column_count_max values.
[[nodiscard]] bool split_copy_row(const CopyFormat& format, std::string_view row,
                                  std::vector<CopyValue>& out);

// What an escaped value says. `raw`: as in the row.
[[nodiscard]] std::string unescape_copy_value(const CopyFormat& format, std::string_view raw);

// Appends `value` as the row writes it; between quotes where it was, or has to be.
void append_copy_value(const CopyFormat& format, std::string_view value, bool quoted, std::string& out);

}  // namespace sallyport::pg
