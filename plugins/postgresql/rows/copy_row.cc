#include "plugins/postgresql/rows/copy_row.h"

#include <algorithm>

#include "plugins/postgresql/rows/type.h"

namespace sallyport::pg {

namespace {

constexpr std::string_view letters = "bfnrtv";
constexpr std::string_view controls = "\b\f\n\r\t\v";

bool split_text(const CopyFormat& format, std::string_view row, std::vector<CopyValue>& out) {
  CopyValue value;
  for (size_t at = 0;; ++at) {
    if (at < row.size() && row[at] != format.delimiter) {
      if (row[at] == '\n' || row[at] == '\r') return false;  // the server escapes them
      if (row[at] != '\\') continue;
      if (++at >= row.size()) return false;
      value.escaped = true;
      continue;
    }
    value.size = at - value.offset;
    value.null = row.substr(value.offset, value.size) == format.null;
    out.push_back(value);
    if (at >= row.size()) return true;
    if (out.size() >= column_count_max) return false;
    value = {.offset = at + 1};
  }
}

bool split_csv(const CopyFormat& format, std::string_view row, std::vector<CopyValue>& out) {
  CopyValue value;
  for (size_t at = 0;;) {
    if (at < row.size() && row[at] == format.quote) {
      value.quoted = true;
      for (++at;; ++at) {
        if (at >= row.size()) return false;
        // Where the escape is the quote itself, a lone one ends the value.
        const bool escapes =
            row[at] == format.escape && at + 1 < row.size() &&
            (row[at + 1] == format.quote || (row[at + 1] == format.escape && format.escape != format.quote));
        if (escapes) {
          value.escaped = true;
          ++at;
        } else if (row[at] == format.quote) {
          break;
        }
      }
      ++at;
    } else {
      while (at < row.size() && row[at] != format.delimiter) {
        if (row[at] == format.quote || row[at] == '\n' || row[at] == '\r') return false;
        ++at;
      }
    }
    value.size = at - value.offset;
    value.null = !value.quoted && row.substr(value.offset, value.size) == format.null;
    out.push_back(value);
    if (at >= row.size()) return true;
    if (row[at] != format.delimiter || out.size() >= column_count_max) return false;
    value = {.offset = ++at};
  }
}

std::string unescape_text(std::string_view raw) {
  std::string out;
  for (size_t at = 0; at < raw.size(); ++at) {
    if (raw[at] == '\\' && at + 1 < raw.size()) {
      const size_t letter = letters.find(raw[++at]);
      out += letter != std::string_view::npos ? controls[letter] : raw[at];
    } else {
      out += raw[at];
    }
  }
  return out;
}

std::string unescape_csv(const CopyFormat& format, std::string_view raw) {
  const std::string_view inner = raw.substr(1, raw.size() - 2);
  std::string out;
  for (size_t at = 0; at < inner.size(); ++at) {
    const bool escapes = inner[at] == format.escape && at + 1 < inner.size() &&
                         (inner[at + 1] == format.quote || inner[at + 1] == format.escape);
    if (escapes) ++at;
    out += inner[at];
  }
  return out;
}

void append_text(const CopyFormat& format, std::string_view value, std::string& out) {
  for (const char c : value) {
    const size_t control = controls.find(c);
    if (control != std::string_view::npos && c != '\0') {
      out += '\\';
      out += letters[control];
      continue;
    }
    if (c == '\\' || c == format.delimiter) out += '\\';
    out += c;
  }
}

void append_csv(const CopyFormat& format, std::string_view value, bool quoted, std::string& out) {
  const bool needed = std::ranges::any_of(value, [&format](char c) {
    return c == format.delimiter || c == format.quote || c == format.escape || c == '\n' || c == '\r';
  });
  if (!quoted && !needed && value != format.null && value != "\\." && !value.starts_with(' ')) {
    out += value;
    return;
  }
  out += format.quote;
  for (const char c : value) {
    if (c == format.quote || c == format.escape) out += format.escape;
    out += c;
  }
  out += format.quote;
}

}  // namespace

bool split_copy_row(const CopyFormat& format, std::string_view row, std::vector<CopyValue>& out) {
  out.clear();
  return format.kind == CopyFormat::Kind::csv ? split_csv(format, row, out) : split_text(format, row, out);
}

std::string unescape_copy_value(const CopyFormat& format, std::string_view raw) {
  return format.kind == CopyFormat::Kind::csv ? unescape_csv(format, raw) : unescape_text(raw);
}

void append_copy_value(const CopyFormat& format, std::string_view value, bool quoted, std::string& out) {
  if (format.kind == CopyFormat::Kind::csv) {
    append_csv(format, value, quoted, out);
  } else {
    append_text(format, value, out);
  }
}

}  // namespace sallyport::pg
