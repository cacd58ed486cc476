// How values of a type are written, in text and in binary, as far as looking for what they spell needs it.
// Source: the server's pg_type.dat and its types' input and output functions (text), receive and send
// functions (binary).
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <unordered_map>
#include <vector>

#include "plugins/plugin.h"

namespace sallyport::pg {

// The server's MaxTupleAttributeNumber: no result has more columns.
inline constexpr uint16_t column_count_max = 1664;

enum class Form : uint8_t {
  Text,    // any text; the same in binary
  Letter,  // "char": one byte; the same in binary
  Xml,     // the same in binary
  Enum,    // a label: the same in binary, but no other may stand for it
  Int2,
  Int4,
  Int8,
  Oid,         // as Int4, without a sign
  Numeric,     // base 10000 in binary
  Float,       // float4 float8
  Json,        // the same in binary
  Jsonb,       // a version, then the text
  Versioned,   // jsonpath: as Jsonb, but no JSON
  Uuid,        // 16 bytes
  Bytea,       // bytea: hexadecimal digits or escapes in text
  Address,     // inet cidr
  Hardware,    // macaddr macaddr8
  Registered,  // regclass and its like: a name in text, an OID in binary
  Search,      // tsvector tsquery: readable in text alone
  Vector,      // int2vector oidvector: numbers between blanks in text, an array in binary
  Plain,       // can spell no text: dates, truth values, geometry
  Obscure,     // of a type that is not known: readable in text alone, and no other may stand for it
  Array,
  Record,
  Range,
  Multirange,
  Hstore,
  Domain,  // as its base; find() answers that
};

struct Type {
  Form form = Form::Obscure;
  uint32_t element = 0;  // of Array, Vector, Range; of Multirange: its range; of Domain: its base
  std::span<const uint32_t> columns = {};  // of Record, where they are known
};

// Kinds that spans of a value can have: bit SP_KIND_* of the set.
using KindSet = uint32_t;
inline constexpr uint32_t kind_count = 7;

// The types of a session: the built-in ones, and those of users as the catalogue tells them.
class Types {
 public:
  // Obscure where it is not known. The reference is good as long as this lives.
  [[nodiscard]] const Type& find(uint32_t oid) const;
  // Whether only the catalogue can tell, and has not yet.
  [[nodiscard]] bool unknown(uint32_t oid) const;
  // Those of `oids` and of what they are made of that are unknown, each once.
  void add_unknown(std::span<const uint32_t> oids, std::vector<uint32_t>& out) const;

  void add(uint32_t oid, Type type, std::span<const uint32_t> columns = {});

  // What the spans of its values can be. `binary`: in that format.
  [[nodiscard]] KindSet kinds(uint32_t oid, bool binary) const;
  // Whether it is a record, or made of some.
  [[nodiscard]] bool holds_record(uint32_t oid) const;

 private:
  [[nodiscard]] const Type* own(uint32_t oid) const;  // a domain as it is; null: not known
  [[nodiscard]] KindSet own_kinds(uint32_t oid, bool binary, std::vector<uint32_t>& parts) const;
  // `visit(oid, depth, parts)` adds what that type is made of to `parts`.
  template <typename Visit>
  void walk(std::span<const uint32_t> oids, Visit visit) const;

  std::unordered_map<uint32_t, const Type*> user_;
  std::deque<Type> kept_;
  std::deque<std::vector<uint32_t>> columns_;
};

// Arrays of records of ranges ...: deeper values are withheld.
inline constexpr int type_depth_max = 8;

}  // namespace sallyport::pg
