// The messages of COPY as bytes, for tests of the session machine.
#pragma once

#include <string>
#include <string_view>

#include "tests/unit/postgresql/session_bench.h"

namespace sallyport::pg::test {

// Both ways.
inline std::string copy_data(std::string_view bytes) {
  Writer out;
  return taken(out.begin(front::copy_data).bytes(as_bytes(bytes)).end());
}
inline std::string copy_done() { return plain(front::copy_done); }
inline std::string copy_fail(std::string_view why) {
  Writer out;
  return taken(out.begin(front::copy_fail).text(why).end());
}
inline std::string copy_begin(uint8_t type, uint8_t format, uint16_t column_count) {
  Writer out;
  out.begin(type).u8(format).u16(column_count);
  for (uint16_t i = 0; i < column_count; ++i) out.u16(format);
  return taken(out.end());
}
inline std::string copy_in(uint8_t format = 0, uint16_t column_count = 2) {
  return copy_begin(back::copy_in, format, column_count);
}
inline std::string copy_out(uint8_t format = 0, uint16_t column_count = 2) {
  return copy_begin(back::copy_out, format, column_count);
}
inline std::string copy_both() { return copy_begin(back::copy_both, 0, 0); }

// A COPY FROM STDIN that was sent and for whose data the server has asked.
inline void begin_copy_in(Bench& bench, const std::string& sent, const std::string& before = "") {
  bench.client(sent);
  bench.to_target();
  bench.target(before + copy_in());
  bench.to_client();
}

}  // namespace sallyport::pg::test
