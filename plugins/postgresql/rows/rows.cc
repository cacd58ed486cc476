#include "plugins/postgresql/rows/rows.h"

#include <algorithm>
#include <utility>

#include "plugins/postgresql/messages.h"
#include "plugins/postgresql/rows/server_views.h"
#include "plugins/postgresql/rows/walk.h"

namespace sallyport::pg {

namespace {

// The host keeps at most 65,536 fields a session; long before that they are named anew.
constexpr size_t field_count_reset = 16'384;
constexpr size_t batch_keep_size_max = 1 << 20;  // of the buffers between feeds

}  // namespace

// ---- Fields ----------------------------------------------------------------------------------------------

sp_field_id Rows::field(std::string_view label, std::string_view path, sp_kind kind, uint32_t flags) {
  sp_field wanted{};
  wanted.size = sizeof wanted;
  wanted.kind = kind;
  wanted.flags = flags;
  wanted.label = text_of(label);
  wanted.path = text_of(path);
  ++field_count_;
  return link_.host->field(link_.session, &wanted);
}

void Rows::reset_fields() {
  (void)link_.host->fields_reset(link_.session);
  ++generation_;
  field_count_ = 0;
  masks_ = Masks::Unknown;
}

// A nameless value of unknown origin: if no mask can apply to that, none applies to anything here.
bool Rows::masks_possible() {
  if (masks_ == Masks::Unknown) {
    masks_ = field({}, {}, SP_KIND_TEXT, SP_FIELD_NO_ORIGIN) == SP_FIELD_CLEAR ? Masks::None : Masks::Some;
  }
  return masks_ == Masks::Some;
}

void Rows::enroll(const RowShape& shape) {
  if (shape.generation == generation_) return;
  const bool possible = masks_possible();
  shape.types = catalogue_.types();
  // Nobody asked where the columns come from: then anything may be masked.
  shape.hidden = possible && (shape.unknown || !shape.located);
  // Rows of no columns are counted too: more than was described would pass unseen.
  shape.clear = !shape.hidden && !(possible && shape.columns.empty());
  for (const Column& column : shape.columns) {
    enroll(column, *shape.types, possible, shape.reads.converts);
    shape.clear = shape.clear && column.clear;
  }
  shape.generation = generation_;
}

void Rows::enroll(const Column& column, const Types& types, bool possible, bool converts) {
  column.type = &types.find(column.type_oid);
  column.fields.fill(unnamed_field);
  column.clear = true;
  if (!possible) return;
  const uint32_t origin = column.no_origin ? uint32_t{SP_FIELD_NO_ORIGIN} : 0u;
  const uint32_t relation = column.unrelated ? uint32_t{SP_FIELD_UNRELATED} : 0u;
  // A number that was made out of a text is as good as the text; and one in a row may be a masked column's.
  const bool spells =
      column.no_origin && !column.unrelated && (converts || types.holds_record(column.type_oid));
  const KindSet kinds = types.kinds(column.type_oid, column.binary());
  for (uint32_t i = 0; i < kind_count; ++i) {
    if ((kinds >> i & 1) == 0) continue;
    const auto kind = static_cast<sp_kind>(i);
    column.fields[i] = field(column.name, column.path, spells && kind == SP_KIND_DIGITS ? SP_KIND_TEXT : kind,
                             origin | relation);
    column.clear = column.clear && column.fields[i] == SP_FIELD_CLEAR;
  }
}

bool Rows::clear(const RowShape& shape) {
  enroll(shape);
  return shape.clear;
}

RowShape Rows::unknown_shape() {
  RowShape shape;
  shape.unknown = true;
  return shape;
}

Described Rows::describe(std::span<const uint8_t> message, RowShape& shape, Reads reads) {
  if (!parse_row_description(message, shape)) return Described::Fault;
  shape.reads = std::move(reads);
  return prepare(shape);
}

// Of a partition there are several: that which a mask names, if one does.
std::string_view Rows::path_of(const Column& column) {
  const std::vector<std::string_view> paths = catalogue_.paths(column.table_oid, column.attribute_number);
  if (paths.empty()) return {};
  const auto named =
      paths.size() == 1 ? paths.begin() : std::ranges::find_if(paths, [this](std::string_view path) {
        return names_masked(std::span(&path, 1));
      });
  return named == paths.end() ? paths.front() : *named;
}

Described Rows::prepare(const RowShape& shape) {
  // Without masks nobody needs to know where values come from.
  if (shape.located || shape.unknown || !masks_possible()) return Described::Done;
  std::vector<uint32_t> tables, types;
  for (const Column& column : shape.columns) {
    if (column.table_oid != 0) tables.push_back(column.table_oid);
    types.push_back(column.type_oid);
  }
  if (catalogue_.resolve(tables, types) == Catalogue::Answer::Waiting) return Described::Waiting;
  for (const Column& column : shape.columns) {
    column.path = path_of(column);
    // ctid, xmin and their like have negative numbers, and hold nothing of anybody's.
    const bool system = column.table_oid != 0 && column.attribute_number < 0;
    const bool derived =
        catalogue_.derived(column.table_oid) && !shows_server_state(column.table_oid, column.path);
    column.no_origin = (column.path.empty() && !system) || derived;
    column.unrelated = column.table_oid == 0 && !shape.reads.tables;
  }
  if (prove(shape) == Catalogue::Answer::Waiting) return Described::Waiting;
  catalogue_.forget_missing();
  shape.located = true;
  shape.generation = 0;
  return Described::Done;
}

// ---- Collecting ------------------------------------------------------------------------------------------

void Rows::begin() {
  atoms_.clear();
  shapes_.clear();
  types_.clear();
  copies_.clear();
  parts_.clear();
  units_.clear();
  built_.clear();
  delivered_ = 0;
  // One large row must not hold its memory for the rest of the session.
  if (built_.capacity() > batch_keep_size_max) built_.shrink_to_fit();
  if (value_.capacity() > batch_keep_size_max) value_ = {};
  if (field_count_ > field_count_reset) reset_fields();
}

std::string_view Rows::text_at(size_t offset, size_t size) const {
  return as_text(atoms_.data.subspan(offset, size));
}

// Reads the message and opens a unit for it. False: it is not whole.
bool Rows::begin_unit(std::span<const uint8_t> data, size_t offset, size_t size, Message& message) {
  atoms_.data = data;
  units_.push_back({.offset = offset,
                    .size = size,
                    .part_begin = parts_.size(),
                    .part_end = parts_.size(),
                    .texts = false});
  MessageReader reader(data.subspan(offset, size));
  return reader.next(message) == Frame::message && reader.offset() == size;
}

// Both walks of a row's values go by the same types, whatever a statement behind it changes.
void Rows::use_types(const RowShape& shape) {
  if (types_.empty() || types_.back() != shape.types) types_.push_back(shape.types);
  units_.back().types = shape.types.get();
}

void Rows::add_value(size_t offset, size_t size, const Column& column) {
  const auto span_begin = static_cast<uint32_t>(atoms_.spans.size());
  Collector collector(atoms_, column.fields);
  Walk<Collector> walk(*units_.back().types, collector);
  if (walk.value(*column.type, column.binary(), atoms_.data.subspan(offset, size)) == Walked::Malformed) {
    atoms_.spans.resize(span_begin);
    return add_withheld(offset, size);
  }
  add_part(offset, size, span_begin, column);
}

void Rows::add_part(size_t offset, size_t size, uint32_t span_begin, const Column& column) {
  const auto span_end = static_cast<uint32_t>(atoms_.spans.size());
  if (span_begin == span_end) return;
  parts_.push_back({.offset = static_cast<uint32_t>(offset - units_.back().offset),
                    .size = static_cast<uint32_t>(size),
                    .span_begin = span_begin,
                    .span_end = span_end,
                    .column = &column,
                    .withheld = false});
}

void Rows::add_withheld(size_t offset, size_t size) {
  parts_.push_back({.offset = static_cast<uint32_t>(offset - units_.back().offset),
                    .size = static_cast<uint32_t>(size),
                    .span_begin = 0,
                    .span_end = 0,
                    .column = nullptr,
                    .withheld = true});
}

void Rows::add_text(size_t offset, size_t size, sp_field_id field) {
  if (field == SP_FIELD_CLEAR || size == 0) return;
  const auto span = static_cast<uint32_t>(atoms_.spans.size());
  atoms_.spans.push_back({.offset = offset, .size = size, .field = field, .reserved = 0, .bytes = nullptr});
  parts_.push_back({.offset = static_cast<uint32_t>(offset - units_.back().offset),
                    .size = static_cast<uint32_t>(size),
                    .span_begin = span,
                    .span_end = span + 1,
                    .column = nullptr,
                    .withheld = false});
}

bool Rows::collect_row(std::span<const uint8_t> data, size_t offset, size_t size,
                       const std::shared_ptr<const RowShape>& shape) {
  enroll(*shape);
  if (shapes_.empty() || shapes_.back() != shape) shapes_.push_back(shape);
  Message message;
  if (!begin_unit(data, offset, size, message) || message.type != back::data_row) return false;
  use_types(*shape);
  Cursor cursor(message.body);
  const uint16_t count = cursor.u16();
  if (shape->unknown ? count > column_count_max : count != shape->columns.size()) return false;
  return collect_values(cursor, offset + header_size, *shape, count);
}

// Each behind its length, to the end of the message. `body`: where that stands in the data.
bool Rows::collect_values(Cursor& cursor, size_t body, const RowShape& shape, uint16_t count) {
  for (uint16_t i = 0; i < count; ++i) {
    const int32_t length = cursor.i32();
    if (!cursor.ok() || length < -1) return false;
    if (length == -1) continue;
    const size_t at = body + cursor.offset();
    cursor.bytes(static_cast<size_t>(length));
    if (!cursor.ok()) return false;
    if (shape.hidden) {
      add_withheld(at, static_cast<size_t>(length));
    } else if (!shape.columns[i].clear) {
      add_value(at, static_cast<size_t>(length), shape.columns[i]);
    }
  }
  units_.back().part_end = parts_.size();
  return cursor.at_end();
}

}  // namespace sallyport::pg
