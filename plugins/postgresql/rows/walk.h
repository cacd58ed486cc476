// Walks a value down to its atoms: arrays, records, ranges and hstores are taken apart, and put together
// again around what changed. One walk serves both sinks (atoms.h), so that they can not disagree about what a
// value is made of. A template over the sink: walk.cc has its parts, for both. Source: array.c, rowtypes.c,
// rangetypes.c, multirangetypes.c of the server, hstore's hstore_io.c.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/postgresql/rows/atoms.h"
#include "plugins/postgresql/rows/type.h"

namespace sallyport::pg {

enum class Walked : uint8_t {
  Good,
  Null,      // no valid value can stand for it
  Malformed  // not of its type, or too deep: it cannot be looked into
};

// How a container writes its parts' text.
enum class Quoting : uint8_t { Array, Record, Range, Hstore };

template <typename Sink>
class Walk {
 public:
  Walk(const Types& types, Sink& sink) : types_(types), sink_(sink) {}

  Walked value(const Type& type, bool binary, Bytes bytes) { return value(type, binary, bytes, 0); }

 private:
  struct Bounds {
    std::array<size_t, 2> begin{}, end{};
    std::array<bool, 2> there{};
  };
  struct Item {
    std::string_view raw;  // with its quotes
    std::string decoded;   // only if `escaped`
    bool quoted = false;
    bool escaped = false;  // else what it says stands between its quotes as it is
  };

  Walked value(const Type& type, bool binary, Bytes bytes, int depth);
  Walked scalar(Form form, bool binary, Bytes bytes, int depth);
  Walked versioned(Form form, Bytes bytes, int depth);
  // Of a range whose bounds were written at these offsets of the sink: whether it is one still.
  Walked ordered(uint32_t type_oid, bool binary, const Bounds& bounds, typename Sink::Mark mark);

  // walk_text.cc. They read `text` from `at` on, and leave it behind what they have read.
  Walked array_text(const Type& type, std::string_view text, int depth);
  Walked record_text(const Type& type, std::string_view text, int depth);
  Walked range_text(const Type& type, std::string_view text, size_t& at, int depth);
  Walked multirange_text(const Type& type, std::string_view text, int depth);
  Walked hstore_text(std::string_view text, int depth);
  bool read_item(std::string_view text, size_t& at, std::string_view stops, Quoting quoting, Item& item);
  Walked item_text(uint32_t type_oid, const Item& item, Quoting quoting, int depth);
  [[nodiscard]] static std::string_view said(const Item& item);

  // walk_binary.cc.
  Walked array_binary(Bytes bytes, int depth);
  Walked record_binary(Bytes bytes, int depth);
  Walked range_binary(const Type& type, Bytes bytes, int depth);
  Walked multirange_binary(const Type& type, Bytes bytes, int depth);
  Walked hstore_binary(Bytes bytes, int depth);
  // A part behind its length. Null: it has become NULL, and that is written.
  Walked sized(uint32_t type_oid, Cursor& cursor, int depth);

  const Types& types_;
  Sink& sink_;
};

extern template class Walk<Collector>;
extern template class Walk<Builder>;

}  // namespace sallyport::pg
