#include "plugins/postgresql/rows/shape.h"

#include "plugins/postgresql/messages.h"

namespace sallyport::pg {

namespace {

constexpr uint32_t first_normal_oid = 16384;  // from here on types were created by users

}  // namespace

bool RowShape::set_formats(std::span<const int16_t> codes) {
  if (codes.size() > 1 && codes.size() != columns.size()) return false;
  for (size_t i = 0; i < columns.size(); ++i) {
    const int16_t code = codes.empty() ? int16_t{0} : codes.size() == 1 ? codes[0] : codes[i];
    if (code != 0 && code != 1) return false;
    columns[i].format = code;
  }
  return true;
}

bool parse_row_description(std::span<const uint8_t> message, RowShape& shape) {
  shape = {};
  MessageReader reader(message);
  Message read;
  if (reader.next(read) != Frame::message || reader.offset() != message.size()) return false;
  if (read.type != back::row_description) return false;
  Cursor cursor(read.body);
  const uint16_t count = cursor.u16();
  if (!cursor.ok() || count > column_count_max) return false;
  for (uint16_t i = 0; i < count; ++i) {
    Column column;
    column.name = cursor.text();
    column.table_oid = cursor.u32();
    column.attribute_number = cursor.i16();
    column.type_oid = cursor.u32();
    cursor.i16();  // The type's size and modifier say nothing of its content.
    cursor.i32();
    column.format = cursor.i16();
    if (!cursor.ok() || (column.format != 0 && column.format != 1)) return false;
    column.carrier = carrier_of(column.type_oid);
    shape.columns.push_back(std::move(column));
  }
  return cursor.at_end();
}

Carrier carrier_of(uint32_t type_oid) {
  if (type_oid >= first_normal_oid) return Carrier::Text;
  switch (type_oid) {
    case 18:    // "char"
    case 19:    // name
    case 25:    // text
    case 142:   // xml
    case 705:   // unknown
    case 1042:  // bpchar
    case 1043:  // varchar
    case 2275:  // cstring
    case 3614:  // tsvector
    case 3615:  // tsquery
    case 4072:  // jsonpath
      return Carrier::Text;
    case 20:  // int8
    case 21:  // int2
    case 23:  // int4
    case 26:  // oid
      return Carrier::Integer;
    case 700:   // float4
    case 701:   // float8
    case 1700:  // numeric
      return Carrier::Number;
    case 114:   // json
    case 3802:  // jsonb
      return Carrier::Json;
    case 2950: return Carrier::Uuid;
    case 17:    // bytea
    case 1001:  // bytea[]
      return Carrier::Opaque;
    case 143:   // xml[]
    case 199:   // json[]
    case 1002:  // "char"[]
    case 1003:  // name[]
    case 1009:  // text[]
    case 1014:  // bpchar[]
    case 1015:  // varchar[]
    case 1263:  // cstring[]
    case 2287:  // record[]
    case 3643:  // tsvector[]
    case 3807:  // jsonb[]
      return Carrier::Array;
    case 2249: return Carrier::Record;
    default: return Carrier::Fixed;
  }
}

sp_kind kind_of(Carrier carrier) {
  switch (carrier) {
    case Carrier::Integer:
    case Carrier::Number: return SP_KIND_DIGITS;
    case Carrier::Json: return SP_KIND_JSON;
    case Carrier::Opaque: return SP_KIND_OPAQUE;
    case Carrier::Text:
    case Carrier::Uuid:
    case Carrier::Array:
    case Carrier::Record:
    case Carrier::Fixed: return SP_KIND_TEXT;
  }
  return SP_KIND_OPAQUE;
}

}  // namespace sallyport::pg
