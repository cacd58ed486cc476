// Output for people: aligned columns, control characters made visible, colour only on a terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::cli {

using Row = std::vector<std::string>;

// Prints `head` and `rows` in columns; the last column is not padded. An empty table prints `empty` instead.
void print_table(const Row& head, const std::vector<Row>& rows, std::string_view empty);

// Text of callers as it may be shown on a terminal: control characters, also those of C1, as \xHH or \u{HH}.
[[nodiscard]] std::string visible(std::string_view text);
// The same in one line of at most `width` columns.
[[nodiscard]] std::string one_line(std::string_view text, size_t width);

// "2026-11-23 03:12:44" in local time.
[[nodiscard]] std::string time_text(int64_t wall_ns);
// "12 s", "3 min", "2 h".
[[nodiscard]] std::string duration_text(int64_t ns);

// "512 B", "1.5 MiB".
[[nodiscard]] std::string bytes_text(uint64_t count);

// Bold or dim on a terminal, else as it is.
[[nodiscard]] std::string bold(std::string_view text);
[[nodiscard]] std::string dim(std::string_view text);

}  // namespace sallyport::cli
