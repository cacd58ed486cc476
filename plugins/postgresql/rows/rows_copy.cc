// Rows of COPY ... TO STDOUT. Binary ones are written as a DataRow is, behind a header; text and csv by
// delimiters. Source: PostgreSQL manual, "COPY: File Formats".
#include <cstring>

#include "plugins/postgresql/rows/rows.h"

namespace sallyport::pg {

namespace {

constexpr std::string_view signature("PGCOPY\n\377\r\n\0", 11);
constexpr uint16_t binary_end = 0xFFFF;

}  // namespace

bool Rows::collect_copy(std::span<const uint8_t> data, size_t offset, size_t size,
                        const std::shared_ptr<const CopyShape>& copy, bool first, bool& over) {
  over = false;
  enroll(*copy->rows);
  if (copies_.empty() || copies_.back() != copy) copies_.push_back(copy);
  Message message;
  if (!begin_unit(data, offset, size, message) || message.type != back::copy_data) return false;
  use_types(*copy->rows);
  if (copy->format.kind == CopyFormat::Kind::binary) return collect_copy_binary(message, *copy, first, over);
  over = first && copy->format.header;
  return over ? collect_header(message, *copy) : collect_copy_text(message, *copy);
}

bool Rows::collect_copy_binary(const Message& message, const CopyShape& copy, bool first, bool& over) {
  Cursor cursor(message.body);
  if (first) {
    if (as_text(cursor.bytes(signature.size())) != signature) return false;
    cursor.u32();  // flags
    cursor.bytes(cursor.u32());
  }
  const uint16_t count = cursor.u16();
  over = cursor.at_end() && count == binary_end;
  if (over) return true;
  if (!cursor.ok() || (copy.rows->unknown ? count > column_count_max : count != copy.rows->columns.size())) {
    return false;
  }
  return collect_values(cursor, units_.back().offset + header_size, *copy.rows, count);
}

bool Rows::collect_copy_text(const Message& message, const CopyShape& copy) {
  std::string_view row = as_text(message.body);
  if (!row.ends_with('\n')) return false;
  row.remove_suffix(1);
  Unit& unit = units_.back();
  unit.copy = &copy.format;
  if (!split_copy_row(copy.format, row, copy_values_)) return false;
  const RowShape& shape = *copy.rows;
  // A row of no columns is an empty line.
  if (shape.columns.empty() && !shape.unknown && row.empty()) return true;
  if (!shape.unknown && copy_values_.size() != shape.columns.size()) return false;
  for (size_t i = 0; i < copy_values_.size(); ++i) {
    const CopyValue& value = copy_values_[i];
    if (value.null) continue;
    if (shape.hidden) {
      add_withheld(unit.offset + header_size + value.offset, value.size);
    } else if (!shape.columns[i].clear) {
      add_copy_value(copy.format, value, unit.offset + header_size, shape.columns[i]);
    }
  }
  unit.part_end = parts_.size();
  return true;
}

// `row`: where its row stands in the data.
void Rows::add_copy_value(const CopyFormat& format, const CopyValue& value, size_t row,
                          const Column& column) {
  const size_t quote = value.quoted && !value.escaped ? 1 : 0;
  const size_t offset = row + value.offset;
  const size_t parts = parts_.size();
  if (value.escaped) {
    const std::string said = unescape_copy_value(format, text_at(offset, value.size));
    const auto span_begin = static_cast<uint32_t>(atoms_.spans.size());
    Collector collector(atoms_, column.fields, Collector::Where::Copy);
    Walk<Collector> walk(*units_.back().types, collector);
    if (walk.value(*column.type, false, as_bytes(said)) == Walked::Malformed) {
      atoms_.spans.resize(span_begin);
      return add_withheld(offset, value.size);
    }
    add_part(offset, value.size, span_begin, column);
  } else {
    add_value(offset + quote, value.size - 2 * quote, column);
  }
  if (parts_.size() == parts) return;
  // What is replaced is the value with its quotes.
  Part& part = parts_.back();
  part.offset = static_cast<uint32_t>(offset - units_.back().offset);
  part.size = static_cast<uint32_t>(value.size);
  part.quoted = value.quoted;
  part.escaped = value.escaped;
}

// The names of the columns; what is known of a RowDescription's holds for them.
bool Rows::collect_header(const Message& message, const CopyShape& copy) {
  std::string_view row = as_text(message.body);
  if (!row.ends_with('\n')) return false;
  row.remove_suffix(1);
  units_.back().copy = &copy.format;
  if (!split_copy_row(copy.format, row, copy_values_)) return false;
  const sp_field_id id = text_field("column name", Quotes::Own, name_fields_);
  if (id == SP_FIELD_CLEAR) return true;
  for (size_t i = 0; i < copy_values_.size(); ++i) {
    const CopyValue& value = copy_values_[i];
    const bool same = i < copy.rows->columns.size() && !value.quoted && !value.escaped &&
                      row.substr(value.offset, value.size) == copy.rows->columns[i].name;
    if (same && !copy.rows->columns[i].path.empty()) continue;
    add_text(units_.back().offset + header_size + value.offset, value.size, id);
  }
  units_.back().part_end = parts_.size();
  return true;
}

Described Rows::describe_copy(std::span<const uint8_t> message, CopyShape& copy) {
  const Described described = describe(message, *copy.rows, copy.reads);
  if (described != Described::Done) return described;
  if (copy.of_relation) {
    std::erase_if(copy.rows->columns, [this](const Column& column) {
      return catalogue_.generated(column.table_oid, column.attribute_number);
    });
  }
  constexpr int16_t binary[] = {1};
  if (copy.format.kind == CopyFormat::Kind::binary) (void)copy.rows->set_formats(binary);
  return described;
}

std::string Rows::null_copy_row(const CopyShape& copy, bool first) {
  Writer out;
  out.begin(back::copy_data);
  if (copy.format.kind == CopyFormat::Kind::binary) {
    if (first) out.bytes(as_bytes(signature)).u32(0).u32(0);
    out.u16(copy.column_count);
    for (uint16_t i = 0; i < copy.column_count; ++i) out.i32(-1);
  } else {
    std::string row;
    for (uint16_t i = 0; i < copy.column_count; ++i) {
      if (i > 0) row += copy.format.delimiter;
      row += copy.format.null;
    }
    out.bytes(as_bytes(row + "\n"));
  }
  out.end();
  return std::string(as_text(out.view()));
}

}  // namespace sallyport::pg
