// Bounds of the SQL classifier. They exist because libpg_query writes its tree by unbounded recursion:
// without them a client can overflow the stack of the thread that parses (`SELECT 1+1+...`).
// tests/unit/sql/stress_test.cc holds the proof that a text within them parses on an 8 MiB stack.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sallyport::postgresql::sql {

struct Limits {
  size_t text_size_max = 256 * 1024;  // bytes
  uint32_t token_count_max = 50'000;  // of one text
  uint32_t nesting_max = 400;         // brackets and CASE open at once
  uint32_t depth_max = 1'000;         // nesting plus the operators that stack up on one another
  uint32_t statement_count_max = 1'000;
};

inline constexpr uint32_t operator_size_max = 63;  // bytes of operator characters in a row (NAMEDATALEN - 1)
inline constexpr uint32_t identifier_size_max =
    63;  // longer ones the server cuts; not ASCII: where, depends on it
inline constexpr size_t tree_depth_max = 32'000;  // nesting of the parse tree's JSON

}  // namespace sallyport::postgresql::sql
