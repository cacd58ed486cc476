// Framing of the PostgreSQL protocol, version 3 (PostgreSQL manual, "Frontend/Backend Protocol", Message
// Formats): a strict reader over bytes that the host lends, a cursor over one message's body, a writer.
// Pure functions of the bytes given: no allocation by declared sizes, no state that outlives a feed.
//
//   typed:   | type 1 | length 4, itself included | body length - 4 |
//   startup:          | length 4, itself included | code 4 | body length - 8 |
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sallyport::pg {

using Bytes = std::span<const uint8_t>;

inline constexpr size_t header_size = 5;             // type and length of a typed message
inline constexpr size_t message_size_max = 1 << 20;  // assembled whole; the host's own limit of a unit
inline constexpr size_t startup_size_max = 10'000;   // PostgreSQL's MAX_STARTUP_PACKET_LENGTH
inline constexpr size_t login_size_max = 16 << 10;   // any message before the first ReadyForQuery
inline constexpr size_t name_size_max = 63;          // NAMEDATALEN - 1: what the server keeps of a name

// Codes in the place of a startup's protocol version.
inline constexpr uint32_t protocol_3_0 = 3u << 16;
inline constexpr uint32_t code_cancel = (1234u << 16) | 5678u;
inline constexpr uint32_t code_ssl = (1234u << 16) | 5679u;
inline constexpr uint32_t code_gss = (1234u << 16) | 5680u;

// Types by direction; a letter may mean different things each way.
namespace front {
inline constexpr uint8_t bind = 'B', close = 'C', describe = 'D', execute = 'E', function_call = 'F',
                         flush = 'H', parse = 'P', password = 'p', query = 'Q', sync = 'S', terminate = 'X',
                         copy_data = 'd', copy_done = 'c', copy_fail = 'f';
}
namespace back {
inline constexpr uint8_t authentication = 'R', key_data = 'K', bind_complete = '2', close_complete = '3',
                         command_complete = 'C', copy_data = 'd', copy_done = 'c', copy_in = 'G',
                         copy_out = 'H', copy_both = 'W', data_row = 'D', empty_query = 'I', error = 'E',
                         function_result = 'V', negotiate_version = 'v', no_data = 'n', notice = 'N',
                         notification = 'A', parameter_description = 't', parameter_status = 'S',
                         parse_complete = '1', portal_suspended = 's', ready = 'Z', row_description = 'T';
}

[[nodiscard]] inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
[[nodiscard]] inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// `type` is 0 for a startup message, whose `body` begins with its code.
struct Message {
  uint8_t type = 0;
  Bytes whole;  // header and body
  Bytes body;
};

enum class Frame {
  need_more,  // not all of it is there
  message,
  bad  // a length below its minimum, or above the cap: the peer broke the protocol
};

// Walks over `bytes` message by message. `offset()` is the end of the last whole message read.
class MessageReader {
 public:
  explicit MessageReader(Bytes bytes, size_t size_max = message_size_max)
      : bytes_(bytes), size_max_(size_max) {}

  // The next typed message.
  [[nodiscard]] Frame next(Message& out);
  // The next startup-style message (StartupMessage, SSLRequest, GSSENCRequest, CancelRequest).
  [[nodiscard]] Frame next_startup(Message& out);
  // Only the header: `type`, and the size of the whole message, header included. Does not apply the cap and
  // does not move. A caller that streams large messages looks here, then skips.
  [[nodiscard]] Frame peek(uint8_t& type, uint64_t& whole_size) const;
  void skip(size_t size) { offset_ += size; }

  [[nodiscard]] size_t offset() const { return offset_; }
  [[nodiscard]] Bytes rest() const { return bytes_.subspan(offset_); }

 private:
  Bytes bytes_;
  size_t size_max_;
  size_t offset_ = 0;
};

// Reads fields of a body in order. Errors are sticky: after the first short or wrong read `ok()` is false and
// every later read gives zero or empty.
class Cursor {
 public:
  explicit Cursor(Bytes body) : body_(body) {}

  uint8_t u8();
  uint16_t u16();
  int16_t i16() { return static_cast<int16_t>(u16()); }
  uint32_t u32();
  int32_t i32() { return static_cast<int32_t>(u32()); }
  Bytes bytes(size_t size);
  // A String: up to its NUL, which is consumed and not returned.
  std::string_view text();

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return ok_ && offset_ == body_.size(); }
  [[nodiscard]] size_t offset() const { return offset_; }  // in the body
  [[nodiscard]] Bytes rest() const { return ok_ ? body_.subspan(offset_) : Bytes{}; }

 private:
  Bytes body_;
  size_t offset_ = 0;
  bool ok_ = true;
};

// Builds messages one behind another in one string. `begin` ... `end` bracket one message.
class Writer {
 public:
  Writer& begin(uint8_t type);           // typed
  Writer& begin_startup(uint32_t code);  // startup-style
  Writer& u8(uint8_t value);
  Writer& u16(uint16_t value);
  Writer& i16(int16_t value) { return u16(static_cast<uint16_t>(value)); }
  Writer& u32(uint32_t value);
  Writer& i32(int32_t value) { return u32(static_cast<uint32_t>(value)); }
  Writer& bytes(Bytes value);
  Writer& text(std::string_view value);  // with its NUL; a NUL inside ends it early
  Writer& end();                         // fills in the length

  [[nodiscard]] Bytes view() const { return as_bytes(out_); }
  [[nodiscard]] bool empty() const { return out_.empty(); }
  void clear() { out_.clear(); }

 private:
  std::string out_;
  size_t length_at_ = 0;  // where the open message's length field stands
};

// What an ErrorResponse or NoticeResponse of the gateway says. Empty `detail` and `hint` are left out.
struct Report {
  std::string_view severity = "ERROR";  // ERROR, FATAL, WARNING, NOTICE
  std::string_view sqlstate;
  std::string_view message;
  std::string_view detail;
  std::string_view hint;
  uint32_t position = 0;  // in the caller's text, in characters from 1; 0: none
};
void write_error(Writer& out, const Report& report);
void write_notice(Writer& out, const Report& report);
void write_ready(Writer& out, uint8_t status);  // status: 'I', 'T' or 'E'

// One field of an ErrorResponse or NoticeResponse body by its code ('S', 'C', 'M', 'D', ...); empty when
// absent.
[[nodiscard]] std::string_view report_field(Bytes body, uint8_t code);

}  // namespace sallyport::pg
