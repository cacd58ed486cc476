// Walk's containers in binary; a part of walk.cc.
#pragma once

#include "plugins/postgresql/rows/walk.h"
#include "plugins/postgresql/rows/walk_text.h"

namespace sallyport::pg {

template <typename Sink>
Walked Walk<Sink>::sized(uint32_t type_oid, Cursor& cursor, int depth) {
  const int32_t size = cursor.i32();
  if (!cursor.ok() || size < -1) return Walked::Malformed;
  if (size == -1) {
    sink_.put_u32(UINT32_MAX);
    return Walked::Good;
  }
  const Bytes bytes = cursor.bytes(static_cast<size_t>(size));
  if (!cursor.ok()) return Walked::Malformed;
  const auto mark = sink_.mark();
  sink_.put_u32(0);
  const size_t begin = sink_.offset();
  const Walked walked = value(types_.find(type_oid), true, bytes, depth + 1);
  if (walked == Walked::Null) {
    (void)sink_.take(mark);
    sink_.put_u32(UINT32_MAX);
  }
  if (walked == Walked::Good) sink_.set_u32(begin - 4, static_cast<uint32_t>(sink_.offset() - begin));
  return walked;
}

// int32 dimensions, int32 whether some are NULL, element's OID; int32 size and lower bound of each dimension;
// the elements.
template <typename Sink>
Walked Walk<Sink>::array_binary(Bytes bytes, int depth) {
  Cursor cursor(bytes);
  const uint32_t dimensions = cursor.u32();
  const uint32_t flags = cursor.u32();
  const uint32_t element = cursor.u32();
  if (!cursor.ok() || dimensions > static_cast<uint32_t>(array_depth_max) || flags > 1)
    return Walked::Malformed;
  uint64_t count = dimensions == 0 ? 0 : 1;
  for (uint32_t i = 0; i < dimensions; ++i) {
    count *= cursor.u32();
    cursor.u32();
    // Each element takes four bytes at least.
    if (!cursor.ok() || count > bytes.size() / 4) return Walked::Malformed;
  }
  const size_t begin = sink_.offset();
  sink_.put(as_text(bytes.first(cursor.offset())));
  for (uint64_t i = 0; i < count; ++i) {
    const Walked walked = sized(element, cursor, depth);
    if (walked == Walked::Malformed) return walked;
    if (walked == Walked::Null) sink_.set_u32(begin + 4, 1);
  }
  return cursor.at_end() ? Walked::Good : Walked::Malformed;
}

// int32 count, then each column's OID and value.
template <typename Sink>
Walked Walk<Sink>::record_binary(Bytes bytes, int depth) {
  Cursor cursor(bytes);
  const uint32_t count = cursor.u32();
  if (!cursor.ok() || count > bytes.size() / 8) return Walked::Malformed;
  sink_.put_u32(count);
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t oid = cursor.u32();
    sink_.put_u32(oid);
    if (sized(oid, cursor, depth) == Walked::Malformed) return Walked::Malformed;
  }
  return cursor.at_end() ? Walked::Good : Walked::Malformed;
}

// A byte of flags, then the bounds that are there.
template <typename Sink>
Walked Walk<Sink>::range_binary(const Type& type, Bytes bytes, int depth) {
  constexpr uint8_t empty = 0x01, low_infinite = 0x08, high_infinite = 0x10;
  Cursor cursor(bytes);
  const uint8_t flags = cursor.u8();
  if (!cursor.ok()) return Walked::Malformed;
  const auto mark = sink_.mark();
  sink_.put(as_text(bytes.first(1)));
  Walked result = Walked::Good;
  Bounds bounds;
  for (size_t i = 0; i < 2; ++i) {
    bounds.there[i] = (flags & (empty | (i == 0 ? low_infinite : high_infinite))) == 0;
    if (!bounds.there[i]) continue;
    constexpr size_t length_size = 4;
    bounds.begin[i] = sink_.offset() + length_size;
    const Walked walked = sized(type.element, cursor, depth);
    if (walked == Walked::Malformed) return walked;
    if (walked == Walked::Null) result = walked;
    bounds.end[i] = sink_.offset();
  }
  if (!cursor.at_end()) return Walked::Malformed;
  return result == Walked::Good ? ordered(type.element, true, bounds, mark) : result;
}

// int32 count, then the ranges.
template <typename Sink>
Walked Walk<Sink>::multirange_binary(const Type& type, Bytes bytes, int depth) {
  Cursor cursor(bytes);
  const uint32_t count = cursor.u32();
  if (!cursor.ok() || count > bytes.size() / 4) return Walked::Malformed;
  sink_.put_u32(count);
  Walked result = Walked::Good;
  for (uint32_t i = 0; i < count; ++i) {
    const Walked walked = sized(type.element, cursor, depth);
    if (walked == Walked::Malformed) return walked;
    if (walked == Walked::Null) result = walked;
  }
  return cursor.at_end() ? result : Walked::Malformed;
}

// int32 count, then key and value of each pair; a key is never NULL.
template <typename Sink>
Walked Walk<Sink>::hstore_binary(Bytes bytes, int depth) {
  Cursor cursor(bytes);
  const uint32_t count = cursor.u32();
  if (!cursor.ok() || count > bytes.size() / 8) return Walked::Malformed;
  sink_.put_u32(count);
  Walked result = Walked::Good;
  for (uint32_t i = 0; i < 2 * count; ++i) {
    const Walked walked = sized(text_oid, cursor, depth);
    if (walked == Walked::Malformed) return walked;
    if (walked == Walked::Null && i % 2 == 0) result = walked;
  }
  return cursor.at_end() ? result : Walked::Malformed;
}

}  // namespace sallyport::pg
