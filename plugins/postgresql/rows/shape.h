// What a RowDescription says of a result: one Column each, with the field that the host knows it by.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "plugins/plugin.h"

namespace sallyport::pg {

// The server's MaxTupleAttributeNumber: no result has more columns.
inline constexpr uint16_t column_count_max = 1664;

// What a type's text form can carry, and so when a changed value is still one of the type.
enum class Carrier : uint8_t {
  Text,    // anything
  Number,  // int2 int4 int8 oid numeric float4 float8
  Json,    // json jsonb
  Uuid,
  Bytes,   // bytea: \x and hex digits
  Array,   // of a type whose elements are text: {...}
  Record,  // (...)
  Fixed,   // bool, dates, addresses, ranges, arrays of such: any change makes it NULL
};

struct Column {
  std::string name;
  uint32_t table_oid = 0;
  int16_t attribute_number = 0;
  uint32_t type_oid = 0;
  int16_t format = 0;  // 0 text, 1 binary
  Carrier carrier = Carrier::Text;
  std::string path;  // schema.table.column, empty when the origin is unknown
  sp_field_id field = SP_FIELD_CLEAR;
};

class RowShape {
 public:
  std::vector<Column> columns;
  bool unknown = false;  // no RowDescription was seen; see Rows::unknown_shape
  sp_field_id unknown_field = SP_FIELD_CLEAR;

  // True: no mask can apply to any column; rows may pass unseen.
  [[nodiscard]] bool clear() const;
  // A Bind's result format codes: none (all text), one for all, or one each. False: the count fits neither.
  [[nodiscard]] bool set_formats(std::span<const int16_t> codes);
};

// Strict reading of a whole RowDescription message. False: malformed.
[[nodiscard]] bool parse_row_description(std::span<const uint8_t> message, RowShape& shape);

Carrier carrier_of(uint32_t type_oid);
sp_kind kind_of(Carrier carrier);

}  // namespace sallyport::pg
