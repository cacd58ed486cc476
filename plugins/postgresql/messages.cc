#include "plugins/postgresql/messages.h"

#include <algorithm>

namespace sallyport::pg {

namespace {

uint32_t read_u32(const uint8_t* at) {
  return uint32_t{at[0]} << 24 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 8 | uint32_t{at[3]};
}

void write_report(Writer& out, uint8_t type, const Report& report) {
  out.begin(type).u8('S').text(report.severity).u8('V').text(report.severity).u8('C').text(report.sqlstate);
  out.u8('M').text(report.message);
  if (!report.detail.empty()) out.u8('D').text(report.detail);
  if (!report.hint.empty()) out.u8('H').text(report.hint);
  if (report.position != 0) out.u8('P').text(std::to_string(report.position));
  out.u8(0).end();
}

}  // namespace

Frame MessageReader::peek(uint8_t& type, uint64_t& whole_size) const {
  const Bytes left = rest();
  if (left.size() < header_size) return Frame::need_more;
  const uint32_t length = read_u32(left.data() + 1);
  // The length is signed on the wire: one with its high bit set is a negative number, not a large one.
  if (length < 4 || length > INT32_MAX) return Frame::bad;
  type = left[0];
  whole_size = uint64_t{length} + 1;
  return Frame::message;
}

Frame MessageReader::next(Message& out) {
  uint8_t type = 0;
  uint64_t size = 0;
  const Frame header = peek(type, size);
  if (header != Frame::message) return header;
  if (size > size_max_) return Frame::bad;
  const Bytes left = rest();
  if (left.size() < size) return Frame::need_more;
  out.type = type;
  out.whole = left.first(size);
  out.body = out.whole.subspan(header_size);
  offset_ += size;
  return Frame::message;
}

Frame MessageReader::next_startup(Message& out) {
  const Bytes left = rest();
  if (left.size() < 4) return Frame::need_more;
  const uint32_t length = read_u32(left.data());
  if (length < 8 || length > std::min(startup_size_max, size_max_)) return Frame::bad;
  if (left.size() < length) return Frame::need_more;
  out.type = 0;
  out.whole = left.first(length);
  out.body = out.whole.subspan(4);
  offset_ += length;
  return Frame::message;
}

uint8_t Cursor::u8() {
  const Bytes one = bytes(1);
  return one.empty() ? 0 : one[0];
}

uint16_t Cursor::u16() {
  const Bytes two = bytes(2);
  return two.empty() ? 0 : static_cast<uint16_t>(two[0] << 8 | two[1]);
}

uint32_t Cursor::u32() {
  const Bytes four = bytes(4);
  return four.empty() ? 0 : read_u32(four.data());
}

Bytes Cursor::bytes(size_t size) {
  if (!ok_ || size > body_.size() - offset_) {
    ok_ = false;
    return {};
  }
  const Bytes out = body_.subspan(offset_, size);
  offset_ += size;
  return out;
}

std::string_view Cursor::text() {
  if (!ok_) return {};
  const std::string_view left = as_text(body_.subspan(offset_));
  const size_t end = left.find('\0');
  if (end == std::string_view::npos) {
    ok_ = false;
    return {};
  }
  offset_ += end + 1;
  return left.substr(0, end);
}

Writer& Writer::begin(uint8_t type) {
  u8(type);
  length_at_ = out_.size();
  return u32(0);
}

Writer& Writer::begin_startup(uint32_t code) {
  length_at_ = out_.size();
  return u32(0).u32(code);
}

Writer& Writer::u8(uint8_t value) {
  out_.push_back(static_cast<char>(value));
  return *this;
}

Writer& Writer::u16(uint16_t value) {
  return u8(static_cast<uint8_t>(value >> 8)).u8(static_cast<uint8_t>(value));
}

Writer& Writer::u32(uint32_t value) {
  return u16(static_cast<uint16_t>(value >> 16)).u16(static_cast<uint16_t>(value));
}

Writer& Writer::bytes(Bytes value) {
  out_.append(as_text(value));
  return *this;
}

Writer& Writer::text(std::string_view value) {
  out_.append(value.substr(0, value.find('\0')));
  return u8(0);
}

Writer& Writer::end() {
  const uint32_t length = static_cast<uint32_t>(out_.size() - length_at_);
  for (size_t i = 0; i < 4; ++i) out_[length_at_ + i] = static_cast<char>(length >> (24 - 8 * i));
  return *this;
}

void write_error(Writer& out, const Report& report) { write_report(out, back::error, report); }

void write_notice(Writer& out, const Report& report) { write_report(out, back::notice, report); }

void write_ready(Writer& out, uint8_t status) { out.begin(back::ready).u8(status).end(); }

std::string_view report_field(Bytes body, uint8_t code) {
  Cursor cursor(body);
  while (cursor.ok()) {
    const uint8_t found = cursor.u8();
    if (found == 0) return {};
    const std::string_view value = cursor.text();
    if (found == code && cursor.ok()) return value;
  }
  return {};
}

}  // namespace sallyport::pg
