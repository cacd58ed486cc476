#include "plugins/postgresql/rows/shape.h"

#include "plugins/postgresql/messages.h"

namespace sallyport::pg {

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
    shape.columns.push_back(std::move(column));
  }
  return cursor.at_end();
}

}  // namespace sallyport::pg
