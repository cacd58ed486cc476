#include "plugins/postgresql/rows/walk.h"

#include "plugins/postgresql/rows/scalar.h"
#include "plugins/postgresql/rows/walk_binary.h"
#include "plugins/postgresql/rows/walk_text.h"

namespace sallyport::pg {

template <typename Sink>
Walked Walk<Sink>::value(const Type& type, bool binary, Bytes bytes, int depth) {
  if (depth > type_depth_max) return Walked::Malformed;
  switch (type.form) {
    case Form::Array: return binary ? array_binary(bytes, depth) : array_text(type, as_text(bytes), depth);
    case Form::Vector: return binary ? array_binary(bytes, depth) : scalar(type.form, binary, bytes, depth);
    case Form::Record: return binary ? record_binary(bytes, depth) : record_text(type, as_text(bytes), depth);
    case Form::Range: {
      if (binary) return range_binary(type, bytes, depth);
      size_t at = 0;
      const Walked walked = range_text(type, as_text(bytes), at, depth);
      return walked == Walked::Good && at != bytes.size() ? Walked::Malformed : walked;
    }
    case Form::Multirange:
      return binary ? multirange_binary(type, bytes, depth) : multirange_text(type, as_text(bytes), depth);
    case Form::Hstore: return binary ? hstore_binary(bytes, depth) : hstore_text(as_text(bytes), depth);
    case Form::Jsonb:
    case Form::Versioned:
      if (binary) return versioned(type.form, bytes, depth);
      [[fallthrough]];
    default: return scalar(type.form, binary, bytes, depth);
  }
}

// One byte of version, then the text form.
template <typename Sink>
Walked Walk<Sink>::versioned(Form form, Bytes bytes, int depth) {
  if (bytes.empty() || bytes[0] != 1) return Walked::Malformed;
  sink_.put(as_text(bytes.first(1)));
  return scalar(form, false, bytes.subspan(1), depth);
}

template <typename Sink>
Walked Walk<Sink>::scalar(Form form, bool binary, Bytes bytes, int depth) {
  const sp_kind kind = kind_of(form, binary);
  Look look;
  if (is_direct(form, binary)) {
    look = depth == 0 ? sink_.look_at(kind, bytes) : sink_.look_at_copy(kind, as_text(bytes));
  } else {
    std::string decoded;
    if (!decode(form, binary, bytes, decoded)) return Walked::Malformed;
    look = sink_.look_at_copy(kind, decoded);
  }
  std::string written;
  switch (look.outcome) {
    case Look::Outcome::Same: sink_.put(as_text(bytes)); return Walked::Good;
    case Look::Outcome::Changed:
      if (!encode(form, binary, look.bytes, written)) return Walked::Null;
      sink_.put(written);
      return Walked::Good;
    case Look::Outcome::Withheld: return Walked::Null;
  }
  return Walked::Null;
}

// The server refuses a low bound above the high one. How texts are ordered is its collation's matter.
template <typename Sink>
Walked Walk<Sink>::ordered(uint32_t type_oid, bool binary, const Bounds& bounds, typename Sink::Mark mark) {
  if (!sink_.changed_since(mark) || !bounds.there[0] || !bounds.there[1]) return Walked::Good;
  const std::string_view low = sink_.written(bounds.begin[0], bounds.end[0]);
  const std::string_view high = sink_.written(bounds.begin[1], bounds.end[1]);
  return may_bound(types_.find(type_oid).form, binary, low, high) ? Walked::Good : Walked::Null;
}

template class Walk<Collector>;
template class Walk<Builder>;

}  // namespace sallyport::pg
