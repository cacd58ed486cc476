// What a RowDescription says of a result: one Column each, with the field that the host knows it by.
// Source: PostgreSQL manual, "Message Formats"; type OIDs: the server's pg_type.dat.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/plugin.h"

namespace sallyport::pg {

// The server's MaxTupleAttributeNumber: no result has more columns.
inline constexpr uint16_t column_count_max = 1664;

// What a type's text form can carry, and so when a changed value is still one of the type.
enum class Carrier : uint8_t {
  Text,     // anything
  Integer,  // int2 int4 int8 oid
  Number,   // numeric float4 float8
  Json,     // json jsonb
  Uuid,
  Array,   // of a type whose elements are text: {...}
  Record,  // (...)
  Opaque,  // bytea: hex hides what it holds
  Fixed,   // bool, dates, addresses, ranges, arrays of such: any change makes it NULL
};

struct Column {
  std::string name;
  uint32_t table_oid = 0;
  int16_t attribute_number = 0;
  uint32_t type_oid = 0;
  int16_t format = 0;  // 0 text, 1 binary
  Carrier carrier = Carrier::Text;
  mutable std::string path;  // schema.table.column; empty when the origin is unknown
  // Its value may come from a masked field without saying so (SP_FIELD_NO_ORIGIN).
  mutable bool no_origin = false;
  mutable bool unrelated = false;  // with no_origin: the statement reads no relation (SP_FIELD_UNRELATED)
  // Valid while the shape's generation is the current one.
  mutable sp_field_id field = SP_FIELD_CLEAR;
};

// What the statement that rows come from may do.
struct Reads {
  bool tables = true;    // false: it reads no relation
  bool converts = true;  // false: numbers that it computes spell no text
};

class RowShape {
 public:
  std::vector<Column> columns;
  bool unknown = false;  // no RowDescription was seen; see Rows::unknown_shape

  Reads reads;

  // Kept by Rows, which names the columns to the host again and again (fields_reset, reload).
  mutable bool located = false;  // the catalogue was asked for paths
  mutable uint32_t generation = 0;
  mutable bool clear = false;   // no mask can apply
  mutable bool hidden = false;  // every value is withheld

  // A Bind's result format codes: none (all text), one for all, or one each. False: the count fits neither.
  [[nodiscard]] bool set_formats(std::span<const int16_t> codes);
};

// Strict reading of a whole RowDescription message, type byte and length included. False: malformed.
[[nodiscard]] bool parse_row_description(std::span<const uint8_t> message, RowShape& shape);

[[nodiscard]] Carrier carrier_of(uint32_t type_oid);
[[nodiscard]] sp_kind kind_of(Carrier carrier);

// Whether `value`, a masked one in text format, is still one of the type.
[[nodiscard]] bool still_valid(Carrier carrier, uint32_t type_oid, std::string_view value);

}  // namespace sallyport::pg
