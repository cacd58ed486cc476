// What the gateway asks the target's catalogue. Every name and operator is qualified, so that no search path
// can put another in its place. Results are texts.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sallyport::pg {

// oid, attnum, schema, table, column, and whether the relation shows what belongs to others: views, overflow
// (TOAST) tables, tables that inherit or that others inherit from. (A partition goes by its root's name
// instead.) Last: whether the column is generated.
[[nodiscard]] std::string columns_question(std::span<const uint32_t> oids);

// oid, kind, name, what it is made of (base of a domain, element of an array, subtype of a range, range of a
// multirange), the types of a composite's columns between commas.
[[nodiscard]] std::string types_question(std::span<const uint32_t> oids);

}  // namespace sallyport::pg
