// Replies that carry values: RowDescription, DataRow, ErrorResponse, NoticeResponse; found, shown to the
// host's masks in one call a feed, and re-emitted where a value changed its length or is withheld.
//
// Use, for the reply bytes of one feed (input.data, which the host may edit in place during finish()):
//   Rows rows(link, catalogue);
//   'T' at offset, whole:  switch (rows.describe(body, shape)): Described: keep `shape` with the statement or
//                          portal. Waiting: consume nothing from this message on; feed the catalogue its leg;
//                          when it is settled, ask again. Fault: the target broke the protocol.
//   Bind's result formats: shape.set_formats(codes) on a copy.
//   'D' at offset, whole:  shape.clear() ? pass it unseen, of any size : rows.collect_row(data, offset, size,
//   shape) 'E' / 'N', whole:      rows.collect_report(data, offset, size) at the end: rows.finish(): one call
//   of `mask` then, in order:        rows.deliver(from, to, begin, end) for stretches of data: passes what is
//   unchanged
//                          and not collected, drops and emits what was rebuilt. The machine does its own
//                          messages (those that are not passed as they are) between stretches.
//                          rows.begin() starts the next feed.
// Offsets are into input.data; messages are whole, with their type byte and length. Session's thread.
// Source: PostgreSQL manual, "Message Formats".
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/postgresql/login/link.h"
#include "plugins/postgresql/rows/catalogue.h"
#include "plugins/postgresql/rows/shape.h"

namespace sallyport::pg {

enum class Described : uint8_t { Done, Waiting, Fault };

class Rows {
 public:
  Rows(Link link, Catalogue& catalogue) : link_(link), catalogue_(catalogue) {}

  // A whole RowDescription message (type byte and length included).
  Described describe(std::span<const uint8_t> message, RowShape& shape);
  // Names the columns to the host anew: after `fields_reset`, or when the policy may have changed.
  void enroll(RowShape& shape);
  // For results whose RowDescription was never seen: every value is withheld unless nothing is masked here.
  RowShape unknown_shape();
  // False: no mask applies to this identity on this target; everything may pass unseen.
  bool masks_possible();

  void begin();
  // False: the target broke the protocol (the session must end; nothing of this message may pass).
  [[nodiscard]] bool collect_row(std::span<const uint8_t> data, size_t offset, size_t size,
                                 const RowShape& shape);
  [[nodiscard]] bool collect_report(std::span<const uint8_t> data, size_t offset, size_t size);
  // Calls `mask` once for all that was collected, if anything needs it. False: the host refused.
  [[nodiscard]] bool finish();
  // Passes, drops and emits data[begin, end), whole messages, in order. False: the host refused.
  [[nodiscard]] bool deliver(uint32_t from, uint32_t to, size_t begin, size_t end);

  [[nodiscard]] uint64_t withheld_count() const { return withheld_count_; }  // values, since open

 private:
  struct Part {     // one field of a collected message
    size_t offset;  // of the value in data
    uint32_t span;  // index into spans_, or no_span
    int32_t size;   // of the value; -1: NULL
    Carrier carrier;
    bool withheld;
  };
  struct Unit {
    size_t offset;
    size_t size;
    uint32_t part_begin;
    uint32_t part_end;
    size_t built_offset;
    size_t built_size;  // 0: unchanged
    bool report;
  };
  static constexpr uint32_t no_span = UINT32_MAX;

  void settle(Unit& unit);
  void build_row(Unit& unit);
  void build_report(Unit& unit);
  bool part_changes(const Part& part, std::span<const uint8_t>& value, bool& null) const;

  Link link_;
  Catalogue& catalogue_;
  std::span<const uint8_t> data_;
  std::vector<sp_span> spans_;
  std::vector<sp_masked> outcomes_;
  std::vector<Part> parts_;
  std::vector<Unit> units_;
  std::vector<uint8_t> built_;
  size_t next_unit_ = 0;
  uint64_t withheld_count_ = 0;
};

}  // namespace sallyport::pg
