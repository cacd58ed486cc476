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

namespace {

// The code point at `at` if it changes how its neighbours are shown, or is not shown itself: directions,
// blanks of no width, line separators, tags. `size`: of its bytes. 0: it is none of these.
uint32_t misleading(std::string_view text, size_t at, size_t& size) {
  const auto byte = [&](size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  uint32_t code = 0;
  if (byte(0) == 0xd8 && byte(1) == 0x9c) {
    code = 0x61c;
    size = 2;
  } else if (byte(0) >> 4 == 0xe) {
    code = (byte(0) & 15) << 12 | (byte(1) & 63) << 6 | (byte(2) & 63);
    size = 3;
  } else if (byte(0) == 0xf3 && byte(1) == 0xa0) {
    code = 0xe0000 | (byte(2) & 63) << 6 | (byte(3) & 63);
    size = 4;
  }
  const bool format = code == 0x61c || code == 0x180e || (code >= 0x200b && code <= 0x200f) ||
                      (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) ||
                      code == 0x3164 || code == 0xfeff || code >= 0xe0000;
  return format && at + size <= text.size() ? code : 0;
}

// Of the UTF-8 sequence that begins at `at` (RFC 3629); 0: there is none.
size_t sequence_size(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const auto follows = [&](size_t i) { return byte(i) >> 6 == 2; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return follows(1) ? 2 : 0;
  if (first >> 4 == 0xe) {
    const bool overlong = first == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = first == 0xed && byte(1) >= 0xa0;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first < 0xf0 || first > 0xf4) return 0;
  const bool outside = (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) >= 0x90);
  return follows(1) && follows(2) && follows(3) && !outside ? 4 : 0;
}

}  // namespace

std::string visible(std::string_view text) {
  std::string out;
  char escaped[16];
  for (size_t i = 0; i < text.size(); ++i) {
    if (sequence_size(text, i) == 0) {
      snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(text[i]));
      out += escaped;
      continue;
    }
    size_t size = 0;
    if (const uint32_t code = misleading(text, i, size); code != 0) {
      snprintf(escaped, sizeof escaped, "\\u{%04x}", code);
      out += escaped;
      i += size - 1;
      continue;
    }
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

std::string bytes_text(uint64_t count) {
  if (count < 1024) return std::to_string(count) + " B";
  double value = static_cast<double>(count);
  const char* unit = "";
  for (const char* next : {"KiB", "MiB", "GiB", "TiB"}) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  char text[32];
  snprintf(text, sizeof text, "%.1f %s", value, unit);
  return text;
}

std::string bold(std::string_view text) {
  return has_colour() ? "\x1b[1m" + std::string(text) + "\x1b[0m" : std::string(text);
}

std::string dim(std::string_view text) {
  return has_colour() ? "\x1b[2m" + std::string(text) + "\x1b[0m" : std::string(text);
}

}  // namespace sallyport::cli
