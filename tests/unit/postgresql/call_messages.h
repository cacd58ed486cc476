// FunctionCall as bytes, for tests.
#pragma once

#include <string>
#include <vector>

#include "tests/unit/postgresql/session_bench.h"

namespace sallyport::pg::test {

inline std::string int4_value(uint32_t value) {
  Writer out;
  return taken(out.u32(value));
}
inline std::string oid_value(uint32_t value) { return int4_value(value); }

// Arguments and result in binary, as libpq has them.
inline std::string call(uint32_t oid, const std::vector<std::string>& values) {
  Writer out;
  out.begin(front::function_call).u32(oid).u16(1).u16(1).u16(static_cast<uint16_t>(values.size()));
  for (const std::string& value : values) out.u32(static_cast<uint32_t>(value.size())).bytes(as_bytes(value));
  return taken(out.u16(1).end());
}
// `lie`: what the value's size is said to be more than it is.
inline std::string call_result(std::string_view value, uint32_t lie = 0) {
  Writer out;
  return taken(out.begin(back::function_result)
                   .u32(static_cast<uint32_t>(value.size()) + lie)
                   .bytes(as_bytes(value))
                   .end());
}

}  // namespace sallyport::pg::test
