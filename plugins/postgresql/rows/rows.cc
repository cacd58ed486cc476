#include "plugins/postgresql/rows/rows.h"

#include <algorithm>

#include "plugins/postgresql/messages.h"

namespace sallyport::pg {

namespace {

// The host keeps at most 65,536 fields a session; long before that they are named anew.
constexpr size_t field_count_reset = 16'384;
constexpr size_t batch_keep_size_max = 1 << 20;  // of the buffers between feeds

// Codes under which the server quotes values in its texts (appendix "Error Codes"): data exceptions,
// constraint violations, what functions RAISE. Their origin is unknown, as that of a computed column.
bool quotes_values(std::string_view sqlstate) {
  if (sqlstate == "22012" || sqlstate == "22001") return false;  // division by zero, value too long
  return sqlstate.size() != 5 || sqlstate.starts_with("22") || sqlstate.starts_with("23") ||
         sqlstate.starts_with("P0") || sqlstate == "00000" || sqlstate == "01000";
}

// Whether a report of what evaluates stored values quotes none. The parser's errors have a position.
bool quotes_no_value(std::string_view sqlstate, bool positioned) {
  constexpr std::string_view classes[] = {"08", "21", "25", "40", "53", "54", "55", "57"};
  if (sqlstate.size() != 5) return false;
  if (sqlstate == "42501" || sqlstate == "22012" || sqlstate == "22001") return true;
  if (sqlstate.starts_with("42") && positioned) return true;
  return std::ranges::find(classes, sqlstate.substr(0, 2)) != std::end(classes);
}

bool all_of(std::string_view text, size_t size_max, bool (*good)(char)) {
  return text.size() <= size_max && std::ranges::all_of(text, good);
}
bool letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || static_cast<uint8_t>(c) >= 0x80;
}
bool digit(char c) { return c >= '0' && c <= '9'; }
bool source_name(char c) { return letter(c) || digit(c) || c == '_' || c == '.' || c == '-' || c == '/'; }

// Fields that the server fills from its own source or counts itself, and that nobody can set. Clients read
// them as words and numbers, so they must stay that. What does not look like one is masked as the rest.
bool constant_of_server(uint8_t code, std::string_view value) {
  switch (code) {
    case 'S':  // severity, perhaps translated
    case 'V': return all_of(value, 20, letter);
    case 'C': return value.size() == 5 && all_of(value, 5, source_name);
    case 'P':  // positions in the statement
    case 'p':
    case 'L': return all_of(value, 10, digit);
    case 'F':
    case 'R': return all_of(value, 64, source_name);
    default: return false;
  }
}

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
  report_fields_known_ = false;
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
  // Nobody asked where the columns come from: then anything may be masked.
  shape.hidden = possible && (shape.unknown || !shape.located);
  // Rows of no columns are counted too: more than was described would pass unseen.
  shape.clear = !shape.hidden && !(possible && shape.columns.empty());
  for (const Column& column : shape.columns) {
    const uint32_t origin = column.no_origin ? uint32_t{SP_FIELD_NO_ORIGIN} : 0u;
    const uint32_t relation = column.unrelated ? uint32_t{SP_FIELD_UNRELATED} : 0u;
    // A number that was made out of a text is as good as the text.
    const bool spells = column.no_origin && !column.unrelated && shape.reads.converts;
    const sp_kind kind = kind_of(column.carrier);
    column.field = possible ? field(column.name, column.path,
                                    spells && kind == SP_KIND_DIGITS ? SP_KIND_TEXT : kind, origin | relation)
                            : sp_field_id{SP_FIELD_CLEAR};
    shape.clear = shape.clear && column.field == SP_FIELD_CLEAR;
  }
  shape.generation = generation_;
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
  shape.reads = reads;
  return prepare(shape);
}

Described Rows::prepare(const RowShape& shape) {
  // Without masks nobody needs to know where values come from.
  if (shape.located || shape.unknown || !masks_possible()) return Described::Done;
  std::vector<uint32_t> tables;
  for (const Column& column : shape.columns) {
    if (column.table_oid != 0) tables.push_back(column.table_oid);
  }
  std::ranges::sort(tables);
  tables.erase(std::unique(tables.begin(), tables.end()), tables.end());
  if (catalogue_.resolve(tables) == Catalogue::Answer::Waiting) return Described::Waiting;
  for (const Column& column : shape.columns) {
    column.path = catalogue_.path(column.table_oid, column.attribute_number);
    // ctid, xmin and their like have negative numbers, and hold nothing of anybody's.
    const bool system = column.table_oid != 0 && column.attribute_number < 0;
    column.no_origin = (column.path.empty() && !system) || catalogue_.derived(column.table_oid);
    column.unrelated = !shape.reads.tables && column.table_oid == 0;
  }
  shape.located = true;
  shape.generation = 0;
  return Described::Done;
}

sp_field_id Rows::report_field_of(std::span<const uint8_t> report, Quotes quotes) {
  if (!report_fields_known_) {
    report_field_ = field("error", {}, SP_KIND_TEXT, 0);
    report_value_field_ = field("error", {}, SP_KIND_TEXT, SP_FIELD_NO_ORIGIN);
    report_fields_known_ = true;
  }
  const std::string_view sqlstate = report_field(report, 'C');
  bool quoting = quotes == Quotes::Anything || quotes_values(sqlstate);
  if (quotes == Quotes::Stored && !quoting) {
    quoting = !quotes_no_value(sqlstate, !report_field(report, 'P').empty());
  }
  return quoting ? report_value_field_ : report_field_;
}

// ---- Collecting ------------------------------------------------------------------------------------------

void Rows::begin() {
  data_ = {};
  spans_.clear();
  parts_.clear();
  units_.clear();
  built_.clear();
  delivered_ = 0;
  // One large row must not hold its memory for the rest of the session.
  if (built_.capacity() > batch_keep_size_max) built_.shrink_to_fit();
  if (field_count_ > field_count_reset) reset_fields();
}

std::string_view Rows::text_at(size_t offset, size_t size) const {
  return {reinterpret_cast<const char*>(data_.data()) + offset, size};
}

void Rows::add_part(Unit& unit, size_t offset, size_t size, sp_field_id field, const Column* column) {
  Part part = {.offset = static_cast<uint32_t>(offset - unit.offset),
               .size = static_cast<uint32_t>(size),
               .span = no_span,
               .type_oid = column != nullptr ? column->type_oid : 0,
               .carrier = column != nullptr ? column->carrier : Carrier::Text};
  // A binary value cannot be looked into yet: it is withheld where a mask may apply.
  const bool binary = column != nullptr && column->format != 0;
  if (field != SP_FIELD_CLEAR && !binary) {
    if (size == 0) return;  // Nothing to see, nothing to hide.
    part.span = static_cast<uint32_t>(spans_.size());
    spans_.push_back({.offset = offset, .size = size, .field = field});
  }
  parts_.push_back(part);
  unit.part_end = parts_.size();
}

bool Rows::collect_row(std::span<const uint8_t> data, size_t offset, size_t size, const RowShape& shape) {
  enroll(shape);
  data_ = data;
  Unit unit = {.offset = offset, .size = size, .part_begin = parts_.size(), .part_end = parts_.size()};
  MessageReader reader(data.subspan(offset, size));
  Message message;
  if (reader.next(message) != Frame::message || reader.offset() != size || message.type != back::data_row) {
    return false;
  }
  Cursor cursor(message.body);
  const uint16_t count = cursor.u16();
  if (shape.unknown ? count > column_count_max : count != shape.columns.size()) return false;
  for (uint16_t i = 0; i < count; ++i) {
    const int32_t length = cursor.i32();
    if (!cursor.ok() || length < -1) return false;
    if (length == -1) continue;
    const size_t at = offset + header_size + cursor.offset();
    cursor.bytes(static_cast<size_t>(length));
    if (!cursor.ok()) return false;
    const Column* column = shape.unknown ? nullptr : &shape.columns[i];
    if (shape.hidden || (column != nullptr && column->field != SP_FIELD_CLEAR)) {
      add_part(unit, at, static_cast<size_t>(length),
               shape.hidden ? sp_field_id{SP_FIELD_CLEAR} : column->field, column);
    }
  }
  if (!cursor.at_end()) return false;
  units_.push_back(unit);
  return true;
}

bool Rows::collect_report(std::span<const uint8_t> data, size_t offset, size_t size, Quotes quotes) {
  data_ = data;
  Unit unit = {
      .offset = offset, .size = size, .part_begin = parts_.size(), .part_end = parts_.size(), .report = true};
  MessageReader reader(data.subspan(offset, size));
  Message message;
  if (reader.next(message) != Frame::message || reader.offset() != size) return false;
  if (message.type != back::error && message.type != back::notice) return false;
  const sp_field_id id = masks_possible() ? report_field_of(message.body, quotes) : SP_FIELD_CLEAR;
  Cursor cursor(message.body);
  for (uint8_t code = cursor.u8(); cursor.ok() && code != 0; code = cursor.u8()) {
    const size_t at = offset + header_size + cursor.offset();
    const std::string_view value = cursor.text();
    if (!cursor.ok()) return false;
    if (id != SP_FIELD_CLEAR && !constant_of_server(code, value))
      add_part(unit, at, value.size(), id, nullptr);
  }
  if (!cursor.at_end()) return false;
  units_.push_back(unit);
  return true;
}

}  // namespace sallyport::pg
