#include "plugins/postgresql/render.h"

#include <algorithm>
#include <string>
#include <vector>

namespace sallyport::pg {

namespace {

struct Column {
  std::string name;
  bool binary = false;
  bool number = false;
};

// A value as it may stand on a terminal: UTF-8 as it is, control characters as escapes.
std::string shown(std::string_view value) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (size_t i = 0; i < value.size(); ++i) {
    const auto byte = static_cast<uint8_t>(value[i]);
    // U+0080..U+009F are control characters too, in UTF-8 c2 80 .. c2 9f.
    const bool c1 = byte == 0xc2 && i + 1 < value.size() && static_cast<uint8_t>(value[i + 1]) < 0xa0;
    if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f || c1) {
      out += "\\x";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += value[i];
    }
  }
  return out;
}

std::string hex(Bytes value) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\\x";
  for (const uint8_t byte : value) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

// Characters of UTF-8 text: bytes that do not continue one.
size_t width(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char byte) { return (static_cast<uint8_t>(byte) & 0xc0) != 0x80; }));
}

bool is_number_type(uint32_t oid) {
  return oid == 20 || oid == 21 || oid == 23 || oid == 26 || oid == 700 || oid == 701 || oid == 1700;
}

class Printer {
 public:
  Printer(sp_write write, void* to) : write_(write), to_(to) {}

  void line(std::string text) {
    text += '\n';
    write_(to_, text.data(), text.size());
  }
  void describe(Cursor body);
  void row(Cursor body);
  void complete(std::string_view tag);
  void report(uint8_t type, Bytes body);
  void flush_rows();
  void end() { flush_rows(); }

 private:
  std::string padded(const std::string& text, size_t size, bool right) const {
    const std::string blank(size - std::min(size, width(text)), ' ');
    return right ? blank + text : text + blank;
  }

  sp_write write_;
  void* to_;
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
  size_t row_count_ = 0;
  bool described_ = false;
};

void Printer::describe(Cursor body) {
  flush_rows();
  columns_.clear();
  const uint16_t count = body.u16();
  for (uint16_t i = 0; i < count && body.ok(); ++i) {
    Column column;
    column.name = shown(body.text());
    body.u32();
    body.u16();
    column.number = is_number_type(body.u32());
    body.u16();
    body.u32();
    column.binary = body.u16() == 1;
    if (body.ok()) columns_.push_back(std::move(column));
  }
  described_ = true;
  row_count_ = 0;
}

void Printer::row(Cursor body) {
  const uint16_t count = body.u16();
  std::vector<std::string> values;
  for (uint16_t i = 0; i < count && body.ok(); ++i) {
    const int32_t size = body.i32();
    if (size < 0) {
      values.emplace_back();
      continue;
    }
    const Bytes value = body.bytes(static_cast<size_t>(size));
    const bool binary = i < columns_.size() && columns_[i].binary;
    values.push_back(binary ? hex(value) : shown(as_text(value)));
  }
  // A portal's rows need not have a description of their own in the record.
  while (columns_.size() < values.size()) columns_.push_back({"?column?", false, false});
  rows_.push_back(std::move(values));
  described_ = true;
  ++row_count_;
  if (rows_.size() >= render_row_count_max) flush_rows();
}

void Printer::flush_rows() {
  if (!described_ || (columns_.empty() && rows_.empty())) return;
  std::vector<size_t> widths;
  for (const Column& column : columns_) widths.push_back(width(column.name));
  for (const auto& values : rows_) {
    for (size_t i = 0; i < values.size(); ++i) widths[i] = std::max(widths[i], width(values[i]));
  }
  std::string head;
  std::string rule;
  for (size_t i = 0; i < columns_.size(); ++i) {
    head += (i == 0 ? " " : " | ") + padded(columns_[i].name, widths[i], false);
    rule += (i == 0 ? "" : "+") + std::string(widths[i] + 2, '-');
  }
  line(head);
  line(rule);
  for (const auto& values : rows_) {
    std::string text;
    for (size_t i = 0; i < values.size(); ++i) {
      text += (i == 0 ? " " : " | ") + padded(values[i], widths[i], columns_[i].number);
    }
    line(text);
  }
  rows_.clear();
  described_ = false;
}

void Printer::complete(std::string_view tag) {
  const bool table = described_ || row_count_ > 0;
  flush_rows();
  if (table) line("(" + std::to_string(row_count_) + (row_count_ == 1 ? " row)" : " rows)"));
  if (!tag.empty()) line(shown(tag));
  row_count_ = 0;
  columns_.clear();
}

void Printer::report(uint8_t type, Bytes body) {
  flush_rows();
  std::string severity = shown(report_field(body, 'V'));
  if (severity.empty()) severity = shown(report_field(body, 'S'));
  if (severity.empty()) severity = type == back::error ? "ERROR" : "NOTICE";
  std::string text = severity + ":  ";
  if (const auto code = report_field(body, 'C'); !code.empty()) text += shown(code) + ": ";
  line(text + shown(report_field(body, 'M')));
  if (const auto detail = report_field(body, 'D'); !detail.empty()) line("DETAIL:  " + shown(detail));
  if (const auto hint = report_field(body, 'H'); !hint.empty()) line("HINT:  " + shown(hint));
}

void render_reply(Bytes bytes, Printer& printer) {
  MessageReader reader(bytes);
  Message message;
  Frame frame = Frame::message;
  while ((frame = reader.next(message)) == Frame::message) {
    switch (message.type) {
      case back::row_description: printer.describe(Cursor(message.body)); break;
      case back::data_row: printer.row(Cursor(message.body)); break;
      case back::copy_data: {
        std::string_view row = as_text(message.body);
        if (row.ends_with('\n')) row.remove_suffix(1);
        printer.line(shown(row));
        break;
      }
      case back::command_complete: printer.complete(Cursor(message.body).text()); break;
      case back::portal_suspended: printer.complete("(more rows)"); break;
      case back::error:
      case back::notice: printer.report(message.type, message.body); break;
      case back::notification: {
        Cursor cursor(message.body);
        cursor.u32();
        const std::string channel = shown(cursor.text());
        printer.line("NOTIFY " + channel + " " + shown(cursor.text()));
        break;
      }
      default: break;  // what a client sees nothing of
    }
  }
  printer.end();
  if (!reader.rest().empty()) {
    printer.line(frame == Frame::bad ? "(not readable from here on)" : "(the record ends here)");
  }
}

}  // namespace

void render_text(sp_direction direction, Bytes bytes, sp_write write, void* to) {
  Printer printer(write, to);
  if (direction == SP_REPLY) return render_reply(bytes, printer);
  // Requests keep their lines.
  std::string_view text = as_text(bytes);
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    printer.line(shown(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace sallyport::pg
