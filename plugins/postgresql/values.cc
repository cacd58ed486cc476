#include "plugins/postgresql/values.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdio>

namespace sallyport::pg {

namespace {

enum class Reading : uint8_t { Hex, Text, Integer, Boolean, Float, Uuid, Jsonb };

struct Type {
  uint32_t oid;
  std::string_view name;
  Reading reading;
};

// pg_type.dat; only types whose binary form is plain.
constexpr std::array<Type, 26> types = {{
    {16, "bool", Reading::Boolean},   {17, "bytea", Reading::Hex},       {18, "char", Reading::Text},
    {19, "name", Reading::Text},      {20, "int8", Reading::Integer},    {21, "int2", Reading::Integer},
    {23, "int4", Reading::Integer},   {25, "text", Reading::Text},       {26, "oid", Reading::Hex},
    {114, "json", Reading::Text},     {142, "xml", Reading::Text},       {700, "float4", Reading::Float},
    {701, "float8", Reading::Float},  {705, "unknown", Reading::Text},   {1009, "text[]", Reading::Hex},
    {1042, "bpchar", Reading::Text},  {1043, "varchar", Reading::Text},  {1082, "date", Reading::Hex},
    {1083, "time", Reading::Hex},     {1114, "timestamp", Reading::Hex}, {1184, "timestamptz", Reading::Hex},
    {1186, "interval", Reading::Hex}, {1700, "numeric", Reading::Hex},   {2950, "uuid", Reading::Uuid},
    {3802, "jsonb", Reading::Jsonb},  {1007, "int4[]", Reading::Hex},
}};

const Type* find_type(uint32_t oid) {
  for (const Type& type : types) {
    if (type.oid == oid) return &type;
  }
  return nullptr;
}

std::string hex(Bytes bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\\x";
  out.reserve(2 + 2 * bytes.size());
  for (const uint8_t byte : bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

uint64_t big_endian(Bytes bytes) {
  uint64_t value = 0;
  for (const uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

std::string integer(Bytes bytes) {
  const uint64_t value = big_endian(bytes);
  if (bytes.size() == 2) return std::to_string(static_cast<int16_t>(value));
  if (bytes.size() == 4) return std::to_string(static_cast<int32_t>(value));
  if (bytes.size() == 8) return std::to_string(static_cast<int64_t>(value));
  return hex(bytes);
}

std::string floating(Bytes bytes) {
  std::array<char, 40> text{};
  if (bytes.size() == 4) {
    (void)std::snprintf(text.data(), text.size(), "%.9g",
                        std::bit_cast<float>(static_cast<uint32_t>(big_endian(bytes))));
  } else if (bytes.size() == 8) {
    (void)std::snprintf(text.data(), text.size(), "%.17g", std::bit_cast<double>(big_endian(bytes)));
  } else {
    return hex(bytes);
  }
  return text.data();
}

std::string uuid(Bytes bytes) {
  if (bytes.size() != 16) return hex(bytes);
  std::string out = hex(bytes).substr(2);
  for (const size_t at : {20, 16, 12, 8}) out.insert(at, 1, '-');
  return out;
}

bool parse_formats(Cursor& cursor, std::vector<int16_t>& out) {
  const uint16_t count = cursor.u16();
  // Two bytes each must be there, so a count cannot make this allocate beyond the message.
  if (!cursor.ok() || size_t{count} * 2 > cursor.rest().size()) return false;
  for (uint16_t i = 0; i < count; ++i) {
    const int16_t format = cursor.i16();
    if (format != 0 && format != 1) return false;
    out.push_back(format);
  }
  return cursor.ok();
}

}  // namespace

std::optional<Bound> parse_bound(Bytes tail) {
  Cursor cursor(tail);
  std::vector<int16_t> formats;
  if (!parse_formats(cursor, formats)) return std::nullopt;
  const uint16_t count = cursor.u16();
  if (!cursor.ok() || size_t{count} * 4 > cursor.rest().size()) return std::nullopt;
  if (formats.size() > 1 && formats.size() != count) return std::nullopt;
  Bound out;
  out.values.reserve(count);
  for (uint16_t i = 0; i < count; ++i) {
    BoundValue value;
    if (!formats.empty()) value.format = formats.size() == 1 ? formats[0] : formats[i];
    const int32_t size = cursor.i32();
    if (size < -1) return std::nullopt;
    value.null = size == -1;
    if (!value.null) value.bytes = cursor.bytes(static_cast<size_t>(size));
    if (!cursor.ok()) return std::nullopt;
    out.values.push_back(value);
  }
  if (!parse_formats(cursor, out.result_formats) || !cursor.at_end()) return std::nullopt;
  return out;
}

std::string type_name(uint32_t oid) {
  if (oid == 0) return "unknown";
  const Type* type = find_type(oid);
  return type != nullptr ? std::string(type->name) : std::to_string(oid);
}

std::string printable(const BoundValue& value, uint32_t type_oid) {
  if (value.null) return "NULL";
  if (value.format == 0) return std::string(as_text(value.bytes));
  const Type* type = find_type(type_oid);
  switch (type != nullptr ? type->reading : Reading::Hex) {
    case Reading::Hex: return hex(value.bytes);
    case Reading::Text: return std::string(as_text(value.bytes));
    case Reading::Integer: return integer(value.bytes);
    case Reading::Boolean:
      return value.bytes.size() == 1 ? (value.bytes[0] != 0 ? "t" : "f") : hex(value.bytes);
    case Reading::Float: return floating(value.bytes);
    case Reading::Uuid: return uuid(value.bytes);
    case Reading::Jsonb:
      // One byte of version stands before the text.
      if (!value.bytes.empty() && value.bytes[0] == 1) return std::string(as_text(value.bytes.subspan(1)));
      return hex(value.bytes);
  }
  return hex(value.bytes);
}

}  // namespace sallyport::pg
