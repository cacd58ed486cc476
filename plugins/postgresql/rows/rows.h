// Replies that carry values: RowDescription, DataRow, ErrorResponse, NoticeResponse; found, shown to the
// host's masks in one call a feed, and re-emitted where a value changed its length or is withheld.
//
// Use, for the reply bytes of one feed (input.data, which the host may edit in place during finish()):
//   rows.begin()           starts the feed's batch.
//   'T' at offset, whole:  switch (rows.describe(message, shape)): Done: keep `shape` with the statement or
//                          portal. Waiting: consume nothing from this message on; feed the catalogue its leg;
//                          when it is settled, ask again. Fault: the target broke the protocol.
//   Bind's result formats: shape.set_formats(codes) on a copy.
//   'D' at offset:         rows.clear(shape): pass it unseen, of any size; else, whole: rows.collect_row(...)
//   'T' again, whole:      rows.collect_names(...): the names are shown too.
//   'E' / 'N', whole:      rows.collect_report(...)
//   at the end:            rows.finish(): one call of `mask`
//   then, in order:        rows.deliver(from, to, begin, end) for stretches of data: passes what is unchanged
//                          or was not collected, drops and emits what was rebuilt. The machine does its own
//                          messages (those that are not passed as they are) between stretches.
// Between requests, and when the policy changed: rows.reset_fields(); shapes are enrolled anew when used.
// Offsets are into input.data, ascending; messages are whole, with type byte and length. Session's thread.
// Source: PostgreSQL manual, "Message Formats".
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/postgresql/login/link.h"
#include "plugins/postgresql/rows/catalogue.h"
#include "plugins/postgresql/rows/copy_row.h"
#include "plugins/postgresql/rows/shape.h"
#include "plugins/postgresql/rows/walk.h"

namespace sallyport::pg {

enum class Described : uint8_t { Done, Waiting, Fault };

// What an error or notice may quote, by what runs.
enum class Quotes : uint8_t {
  Own,       // the statement's own names, but for the codes that are about values
  Stored,    // stored values too, as `(email)::regclass` does
  Anything,  // code at the target may RAISE any text under any code
};

// What is known of what a report is about.
struct About {
  Quotes quotes = Quotes::Own;
  bool placed = true;     // its position is one in a text of the client's
  bool own_text = false;  // what runs is the client's text, and no other that a name in it stands for
  bool binds = false;     // values that the client has bound are read
  // Whose error it is; null: not known, or its names may have changed their meaning.
  std::shared_ptr<const postgresql::sql::Statement> statement;
};

// What the rows of a COPY ... TO STDOUT are like: a description of what is copied, and how it is written.
struct CopyShape {
  std::shared_ptr<RowShape> rows = std::make_shared<RowShape>();
  CopyFormat format;
  Reads reads;
  bool of_relation = false;   // whole, or columns of it; else of a query
  uint16_t column_count = 0;  // as the server says
};

class Rows {
 public:
  Rows(Link link, Catalogue& catalogue) : link_(link), catalogue_(catalogue) {}

  // A whole RowDescription message (type byte and length included).
  // A shape is the truth for the portal that was described. A statement may be planned anew at each Bind
  // (search_path, DDL of anybody), so its own description says nothing sure of where columns come from.
  Described describe(std::span<const uint8_t> message, RowShape& shape, Reads reads = {});
  // For a shape that was described before masks applied (a reload): asks where its columns come from. Cheap
  // when there is nothing to ask; a shape that it was not called for has its values withheld in that case.
  Described prepare(const RowShape& shape);
  // For results whose RowDescription was never seen: every value is withheld unless nothing is masked here.
  [[nodiscard]] static RowShape unknown_shape();

  // No mask can apply to any column: its rows may pass unseen.
  [[nodiscard]] bool clear(const RowShape& shape);
  // Of a statement that may_copy(): whether it copies what a mask names to where no mask may name it, or
  // cannot be proven not to. `names_doubtful`: what runs before it may change what its names mean. Waiting:
  // the catalogue is asked.
  enum class Copied : uint8_t { No, Yes, Waiting };
  [[nodiscard]] Copied copies_masked(const postgresql::sql::Statement& statement, bool names_doubtful);
  // False: no mask applies to this identity on this target.
  [[nodiscard]] bool masks_possible();
  // Forgets the host's fields.
  void reset_fields();

  void begin();
  // False: the target broke the protocol (the session must end; nothing of this message may pass).
  [[nodiscard]] bool collect_row(std::span<const uint8_t> data, size_t offset, size_t size,
                                 const std::shared_ptr<const RowShape>& shape);
  // A RowDescription of what a COPY shows.
  Described describe_copy(std::span<const uint8_t> message, CopyShape& copy);
  // A row of COPY ... TO STDOUT, one CopyData message. `first`: the first of its COPY, which holds what
  // stands before the rows. `over`: it is no row, but the end of a binary COPY, or the line of names.
  [[nodiscard]] bool collect_copy(std::span<const uint8_t> data, size_t offset, size_t size,
                                  const std::shared_ptr<const CopyShape>& copy, bool first, bool& over);
  // A message with as many NULLs, for a row that is too large to be held.
  [[nodiscard]] static std::string null_copy_row(const CopyShape& copy, bool first);
  // The names that a RowDescription gives, where they are neither the catalogue's nor the statement's own.
  [[nodiscard]] bool collect_names(std::span<const uint8_t> data, size_t offset, size_t size,
                                   const RowShape& shape);
  // Before collect_report of an error: asks what proves that it quotes nothing masked. `report`: its fields.
  Described prepare_report(std::span<const uint8_t> report, const About& about);
  [[nodiscard]] bool collect_report(std::span<const uint8_t> data, size_t offset, size_t size,
                                    const About& about = {});
  // One text of a message (a notification's payload, a parameter's value): `text_size` bytes that stand `at`
  // bytes behind its beginning.
  [[nodiscard]] bool collect_text(std::span<const uint8_t> data, size_t offset, size_t size, size_t at,
                                  size_t text_size, Quotes quotes);
  // Calls `mask` once for all that was collected, if anything needs it. False: the host refused.
  [[nodiscard]] bool finish();
  // Passes, drops and emits data[begin, end), whole messages, in order. False: the host refused.
  [[nodiscard]] bool deliver(uint32_t from, uint32_t to, size_t begin, size_t end);

  [[nodiscard]] uint64_t withheld_count() const { return withheld_count_; }  // values, since open

 private:
  // A value of a collected message that a mask may apply to; its atoms are spans [span_begin, span_end).
  struct Part {
    uint32_t offset;  // of the value, from the message's first byte
    uint32_t size;
    uint32_t span_begin, span_end;
    const Column* column;                  // null: a text of the server's
    bool withheld;                         // unseen: it cannot be looked into
    bool quoted = false, escaped = false;  // of a CopyValue
    bool cut = false;                      // left out, with the code before it and the NUL behind it
  };
  // Of texts that the server wrote: its own ones, and those that may quote values.
  struct TextFields {
    uint32_t generation = 0;
    sp_field_id own = SP_FIELD_CLEAR, quoting = SP_FIELD_CLEAR;
  };
  struct Unit {
    size_t offset;
    size_t size;
    size_t part_begin, part_end;
    size_t built_begin, built_end;  // equal: unchanged
    bool texts;                     // a report's or description's: ended by a NUL, of no length of their own
    const CopyFormat* copy = nullptr;  // of a row in text or csv
    const Types* types = nullptr;      // of a row; lives in types_
  };
  enum class Change : uint8_t { None, Replace, Null };  // Replace: the bytes stand in value_

  sp_field_id field(std::string_view label, std::string_view path, sp_kind kind, uint32_t flags);
  void enroll(const RowShape& shape);
  enum class Proven : uint8_t { No, Yes, Waiting };
  enum class Policies : uint8_t { Allowed, Refused };
  Catalogue::Answer prove(const RowShape& shape);
  Proven prove_reads(const SourcesQuestion& question, Policies policies);
  Proven prove_row(std::span<const uint8_t> report, const postgresql::sql::Statement& statement);
  Proven prove_report(std::span<const uint8_t> report, const About& about);
  [[nodiscard]] static bool plain(std::span<const uint8_t> report, const About& about);
  [[nodiscard]] static bool quoting(std::span<const uint8_t> report, const About& about);
  [[nodiscard]] std::string_view path_of(const Column& column);
  [[nodiscard]] bool names_masked(std::span<const std::string_view> paths);
  sp_field_id text_field(std::string_view label, Quotes quotes, TextFields& known);
  void enroll(const Column& column, const Types& types, bool possible, bool converts);
  [[nodiscard]] bool begin_unit(std::span<const uint8_t> data, size_t offset, size_t size, Message& message);
  void use_types(const RowShape& shape);
  void add_value(size_t offset, size_t size, const Column& column);
  [[nodiscard]] bool collect_values(Cursor& cursor, size_t body, const RowShape& shape, uint16_t count);
  [[nodiscard]] bool collect_copy_text(const Message& message, const CopyShape& copy);
  [[nodiscard]] bool collect_copy_binary(const Message& message, const CopyShape& copy, bool first,
                                         bool& over);
  [[nodiscard]] bool collect_header(const Message& message, const CopyShape& copy);
  void add_copy_value(const CopyFormat& format, const CopyValue& value, size_t row, const Column& column);
  void add_part(size_t offset, size_t size, uint32_t span_begin, const Column& column);
  void add_withheld(size_t offset, size_t size);
  void add_text(size_t offset, size_t size, sp_field_id field);
  [[nodiscard]] bool changed(const Unit& unit, const Part& part) const;
  [[nodiscard]] bool edited_in_place(const Unit& unit, const Part& part) const;
  [[nodiscard]] Change judge(const Unit& unit, const Part& part);
  void build(Unit& unit);
  void build_row(const Unit& unit);
  void build_copy(const Unit& unit);
  void build_texts(const Unit& unit);
  [[nodiscard]] Walked build_value(const Unit& unit, const Part& part);
  void put_u32(size_t at, uint32_t value);
  void put(std::string_view bytes) { built_.insert(built_.end(), bytes.begin(), bytes.end()); }
  [[nodiscard]] std::string_view text_at(size_t offset, size_t size) const;

  Link link_;
  Catalogue& catalogue_;
  uint32_t generation_ = 1;
  size_t field_count_ = 0;
  enum class Masks : uint8_t { Unknown, None, Some } masks_ = Masks::Unknown;
  TextFields report_fields_, name_fields_, message_fields_;

  Atoms atoms_;
  std::vector<std::shared_ptr<const RowShape>> shapes_;  // of the batch: its parts point into them
  std::vector<std::shared_ptr<const Types>> types_;      // that its values are walked by, both times
  std::vector<std::shared_ptr<const CopyShape>> copies_;
  std::vector<CopyValue> copy_values_;
  std::vector<Part> parts_;
  std::vector<Unit> units_;
  std::vector<uint8_t> built_;
  std::string value_;     // being built
  size_t delivered_ = 0;  // units that deliver() is past
  uint64_t withheld_count_ = 0;
};

}  // namespace sallyport::pg
