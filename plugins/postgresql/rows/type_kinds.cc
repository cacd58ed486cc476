// What a type is made of, and what that can spell.
#include <unordered_set>

#include "plugins/postgresql/rows/type.h"

namespace sallyport::pg {

namespace {

constexpr KindSet bit(sp_kind kind) { return KindSet{1} << kind; }

constexpr KindSet any_kind = bit(SP_KIND_TEXT) | bit(SP_KIND_JSON) | bit(SP_KIND_DIGITS) | bit(SP_KIND_UUID) |
                             bit(SP_KIND_PLAIN) | bit(SP_KIND_OPAQUE);

}  // namespace

// What a type is made of can be of as many kinds as its depth's power: each is looked at once.
template <typename Visit>
void Types::walk(std::span<const uint32_t> oids, Visit visit) const {
  std::vector<uint32_t> level(oids.begin(), oids.end()), parts;
  std::unordered_set<uint32_t> seen;
  for (int depth = 0; !level.empty(); ++depth) {
    parts.clear();
    for (const uint32_t oid : level) {
      if (oid != 0 && seen.insert(oid).second) visit(oid, depth, parts);
    }
    level.swap(parts);
  }
}

void Types::add_unknown(std::span<const uint32_t> oids, std::vector<uint32_t>& out) const {
  walk(oids, [&](uint32_t oid, int depth, std::vector<uint32_t>& parts) {
    if (depth > type_depth_max) return;
    if (unknown(oid)) out.push_back(oid);
    const Type* type = own(oid);
    if (type == nullptr) return;
    parts.insert(parts.end(), type->columns.begin(), type->columns.end());
    parts.push_back(type->element);
  });
}

bool Types::holds_record(uint32_t oid) const {
  const Type* type = &find(oid);
  for (int depth = 0; depth < type_depth_max && type->form == Form::Array; ++depth)
    type = &find(type->element);
  return type->form == Form::Record || type->form == Form::Array;
}

KindSet Types::kinds(uint32_t oid, bool binary) const {
  std::vector<uint32_t> made_of;
  KindSet set = own_kinds(oid, binary, made_of);  // most are made of nothing else
  walk(made_of, [&](uint32_t part, int depth, std::vector<uint32_t>& parts) {
    set |= depth >= type_depth_max ? any_kind : own_kinds(part, binary, parts);
  });
  return set;
}

// Of the type itself; `parts`: what it is made of has kinds too.
KindSet Types::own_kinds(uint32_t oid, bool binary, std::vector<uint32_t>& parts) const {
  // The statistics' arrays are of any type; in binary they name it.
  constexpr uint32_t anyarray_oid = 2277;
  if (oid == anyarray_oid && binary) return any_kind;
  const Type& type = find(oid);
  const KindSet readable = bit(binary ? SP_KIND_OPAQUE : SP_KIND_TEXT);
  switch (type.form) {
    case Form::Text:
    case Form::Letter:
    case Form::Xml:
    case Form::Enum:
    case Form::Versioned:
    case Form::Bytea:
    case Form::Address:
    case Form::Hardware: return bit(SP_KIND_TEXT);
    case Form::Int2:
    case Form::Int4:
    case Form::Int8:
    case Form::Oid:
    case Form::Numeric:
    case Form::Float: return bit(SP_KIND_DIGITS);
    case Form::Json:
    case Form::Jsonb: return bit(SP_KIND_JSON);
    case Form::Uuid: return bit(SP_KIND_UUID);
    case Form::Registered: return bit(binary ? SP_KIND_PLAIN : SP_KIND_TEXT);
    case Form::Search:
    case Form::Obscure: return readable;
    case Form::Vector: return bit(binary ? SP_KIND_DIGITS : SP_KIND_TEXT);
    case Form::Plain: return bit(SP_KIND_PLAIN);
    case Form::Hstore: return bit(SP_KIND_TEXT);
    case Form::Array:
    case Form::Range:
    case Form::Multirange: parts.push_back(type.element); return 0;
    case Form::Domain:
    case Form::Record: break;
  }
  // In binary each value of a record names its type.
  if (type.columns.empty() || binary) return any_kind;
  parts.insert(parts.end(), type.columns.begin(), type.columns.end());
  return 0;
}

}  // namespace sallyport::pg
