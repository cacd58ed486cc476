// What clients and targets of a serving session say, as bytes, and what of such bytes can be read back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/postgresql/messages.h"

namespace sallyport::pg::test {

inline std::string taken(const Writer& out) { return std::string(as_text(out.view())); }
inline std::string plain(uint8_t type) {
  Writer out;
  return taken(out.begin(type).end());
}

// ---- What a client says.
inline std::string query(std::string_view text) {
  Writer out;
  return taken(out.begin(front::query).text(text).end());
}
inline std::string parse(std::string_view name, std::string_view text,
                         const std::vector<uint32_t>& types = {}) {
  Writer out;
  out.begin(front::parse).text(name).text(text).u16(static_cast<uint16_t>(types.size()));
  for (const uint32_t type : types) out.u32(type);
  return taken(out.end());
}
inline std::string bind(std::string_view portal, std::string_view name,
                        const std::vector<std::string>& values = {}, uint16_t format = 0) {
  Writer out;
  out.begin(front::bind).text(portal).text(name).u16(1).u16(format).u16(static_cast<uint16_t>(values.size()));
  for (const std::string& value : values) out.u32(static_cast<uint32_t>(value.size())).bytes(as_bytes(value));
  return taken(out.u16(0).end());
}
inline std::string describe(char what, std::string_view name) {
  Writer out;
  return taken(out.begin(front::describe).u8(static_cast<uint8_t>(what)).text(name).end());
}
inline std::string execute(std::string_view portal, uint32_t row_count_max = 0) {
  Writer out;
  return taken(out.begin(front::execute).text(portal).u32(row_count_max).end());
}
inline std::string close(char what, std::string_view name) {
  Writer out;
  return taken(out.begin(front::close).u8(static_cast<uint8_t>(what)).text(name).end());
}
inline std::string sync() { return plain(front::sync); }
inline std::string flush() { return plain(front::flush); }
inline std::string terminate() { return plain(front::terminate); }
// Parse, Bind, Execute of the unnamed, without Sync.
inline std::string run(std::string_view text) { return parse("", text) + bind("", "") + execute(""); }

// ---- What a target says.
inline std::string ready(char status = 'I') {
  Writer out;
  write_ready(out, static_cast<uint8_t>(status));
  return taken(out);
}
inline std::string complete(std::string_view tag) {
  Writer out;
  return taken(out.begin(back::command_complete).text(tag).end());
}
inline std::string failure(std::string_view code, std::string_view message = "no",
                           std::string_view severity = "ERROR") {
  Writer out;
  write_error(out, {.severity = severity, .sqlstate = code, .message = message});
  return taken(out);
}
inline std::string notice(std::string_view message) {
  Writer out;
  write_notice(out, {.severity = "NOTICE", .sqlstate = "00000", .message = message});
  return taken(out);
}
inline std::string parsed() { return plain(back::parse_complete); }
inline std::string bound() { return plain(back::bind_complete); }
inline std::string closed() { return plain(back::close_complete); }
inline std::string no_data() { return plain(back::no_data); }
inline std::string suspended() { return plain(back::portal_suspended); }
inline std::string empty_query() { return plain(back::empty_query); }
inline std::string columns(const std::vector<std::string>& names, uint16_t format = 0) {
  Writer out;
  out.begin(back::row_description).u16(static_cast<uint16_t>(names.size()));
  for (const std::string& name : names)
    out.text(name).u32(0).u16(0).u32(25).u16(0xffff).u32(0xffffffff).u16(format);
  return taken(out.end());
}
inline std::string row(const std::vector<std::string>& values) {
  Writer out;
  out.begin(back::data_row).u16(static_cast<uint16_t>(values.size()));
  for (const std::string& value : values) out.u32(static_cast<uint32_t>(value.size())).bytes(as_bytes(value));
  return taken(out.end());
}
inline std::string parameters(const std::vector<uint32_t>& types) {
  Writer out;
  out.begin(back::parameter_description).u16(static_cast<uint16_t>(types.size()));
  for (const uint32_t type : types) out.u32(type);
  return taken(out.end());
}
inline std::string parameter_status(std::string_view name, std::string_view value) {
  Writer out;
  return taken(out.begin(back::parameter_status).text(name).text(value).end());
}

// Types of the messages in `bytes`, e.g. "TDDCZ".
inline std::string kinds(std::string_view bytes) {
  std::string out;
  MessageReader reader(as_bytes(bytes));
  Message next;
  while (reader.next(next) == Frame::message) out.push_back(static_cast<char>(next.type));
  if (!reader.rest().empty()) out += "...";
  return out;
}
// A field of the first error or notice in `bytes`.
inline std::string said(std::string_view bytes, char field) {
  MessageReader reader(as_bytes(bytes));
  Message next;
  while (reader.next(next) == Frame::message) {
    if (next.type == back::error || next.type == back::notice) {
      return std::string(report_field(next.body, static_cast<uint8_t>(field)));
    }
  }
  return {};
}
// Status of the last ReadyForQuery in `bytes`.
inline char last_ready(std::string_view bytes) {
  char status = '-';
  MessageReader reader(as_bytes(bytes));
  Message next;
  while (reader.next(next) == Frame::message) {
    if (next.type == back::ready) status = static_cast<char>(next.body[0]);
  }
  return status;
}

}  // namespace sallyport::pg::test
