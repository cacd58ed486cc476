// What a RowDescription says of a result: one Column each, with the fields that the host knows it by.
// Source: PostgreSQL manual, "Message Formats".
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/postgresql/rows/atoms.h"
#include "plugins/postgresql/rows/type.h"
#include "plugins/postgresql/sql/statement.h"

namespace sallyport::pg {

struct Column {
  std::string name;
  uint32_t table_oid = 0;
  int16_t attribute_number = 0;
  uint32_t type_oid = 0;
  int16_t format = 0;        // 0 text, 1 binary
  mutable std::string path;  // schema.table.column; empty when the origin is unknown
  // Its value may come from a masked field without saying so (SP_FIELD_NO_ORIGIN).
  mutable bool no_origin = false;
  mutable bool unrelated = false;  // with no_origin: the statement reads no relation (SP_FIELD_UNRELATED)
  // Valid while the shape's generation is the current one.
  mutable const Type* type = nullptr;
  mutable FieldSet fields{};
  mutable bool clear = false;  // no mask can apply

  [[nodiscard]] bool binary() const { return format != 0; }
};

// What the statement that rows come from may do.
struct Reads {
  bool tables = true;    // false: it reads no relation
  bool converts = true;  // false: numbers that it computes spell no text
  bool known = false;    // its text is: the names of its columns are the text's own
  // By which it may be proven to read nothing that is masked; null: it cannot be. Shared with its text's
  // facts.
  std::shared_ptr<const postgresql::sql::Statement> statement;
};

class RowShape {
 public:
  std::vector<Column> columns;
  bool unknown = false;  // no RowDescription was seen; see Rows::unknown_shape

  Reads reads;

  // Kept by Rows, which names the columns to the host again and again (fields_reset, reload).
  mutable bool located = false;  // the catalogue was asked for paths
  // What its columns' types are made of, for as long as rows of it come: a statement may change the catalogue
  // behind rows that are looked at already.
  mutable std::shared_ptr<const Types> types;
  mutable uint32_t generation = 0;
  mutable bool clear = false;   // no mask can apply
  mutable bool hidden = false;  // every value is withheld

  // A Bind's result format codes: none (all text), one for all, or one each. False: the count fits neither.
  [[nodiscard]] bool set_formats(std::span<const int16_t> codes);
};

// Strict reading of a whole RowDescription message, type byte and length included. False: malformed.
[[nodiscard]] bool parse_row_description(std::span<const uint8_t> message, RowShape& shape);

}  // namespace sallyport::pg
