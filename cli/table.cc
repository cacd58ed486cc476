#include "cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

namespace sallyport::cli {

namespace {

bool has_colour() {
  static const bool colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
  return colour;
}

// Columns on a terminal: code points, close enough for names and SQL.
size_t width_of(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](unsigned char c) { return (c & 0xc0) != 0x80; }));
}

void print_row(const Row& row, const std::vector<size_t>& widths, bool head) {
  std::string line;
  for (size_t i = 0; i < row.size(); ++i) {
    line += row[i];
    if (i + 1 < row.size()) line.append(widths[i] - width_of(row[i]) + 2, ' ');
  }
  puts(head ? bold(line).c_str() : line.c_str());
}

}  // namespace

void print_table(const Row& head, const std::vector<Row>& rows, std::string_view empty) {
  if (rows.empty()) {
    printf("%.*s\n", static_cast<int>(empty.size()), empty.data());
    return;
  }
  std::vector<size_t> widths(head.size());
  for (size_t i = 0; i < head.size(); ++i) widths[i] = width_of(head[i]);
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size() && i < widths.size(); ++i)
      widths[i] = std::max(widths[i], width_of(row[i]));
  }
  print_row(head, widths, true);
  for (const Row& row : rows) print_row(row, widths, false);
}

std::string visible(std::string_view text) {
  std::string out;
  char escaped[8];
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F stand in UTF-8 as C2 80 to C2 9F.
    const bool c1 = c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c1) {
      snprintf(escaped, sizeof escaped, "\\u{%02x}", static_cast<unsigned char>(text[++i]));
      out += escaped;
    } else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) {
      snprintf(escaped, sizeof escaped, "\\x%02x", c);
      out += escaped;
    } else {
      out += static_cast<char>(c);
    }
  }
  return out;
}

std::string one_line(std::string_view text, size_t width) {
  std::string line;
  bool blank = false;
  for (const char c : visible(text)) {
    const bool space = c == '\n' || c == '\t' || c == ' ';
    if (!space) {
      if (blank && !line.empty()) line += ' ';
      line += c;
    }
    blank = space;
  }
  if (width_of(line) <= width) return line;
  size_t end = 0;
  for (size_t columns = 0; end < line.size() && columns + 1 < width; ++columns) {
    ++end;
    while (end < line.size() && (static_cast<unsigned char>(line[end]) & 0xc0) == 0x80) ++end;
  }
  return line.substr(0, end) + "…";
}

std::string time_text(int64_t wall_ns) {
  const time_t seconds = wall_ns / 1'000'000'000;
  tm parts{};
  localtime_r(&seconds, &parts);
  char text[32];
  strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return text;
}

std::string duration_text(int64_t ns) {
  const int64_t seconds = ns / 1'000'000'000;
  if (seconds < 1) return std::to_string(ns / 1'000'000) + " ms";
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 7200) return std::to_string(seconds / 60) + " min";
  return std::to_string(seconds / 3600) + " h";
}

std::string bold(std::string_view text) {
  return has_colour() ? "\x1b[1m" + std::string(text) + "\x1b[0m" : std::string(text);
}

std::string dim(std::string_view text) {
  return has_colour() ? "\x1b[2m" + std::string(text) + "\x1b[0m" : std::string(text);
}

}  // namespace sallyport::cli
