#include "plugins/postgresql/rows/scalar.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "plugins/postgresql/rows/bytea.h"
#include "plugins/postgresql/rows/json.h"
#include "plugins/postgresql/rows/numeric.h"
#include "plugins/postgresql/rows/valid.h"
#include "plugins/postgresql/rows/xml.h"

namespace sallyport::pg {

namespace {

size_t width_of(Form form) { return form == Form::Int2 ? 2 : form == Form::Int8 ? 8 : 4; }

int64_t integer_at(Form form, Bytes wire) {
  uint64_t value = 0;
  for (const uint8_t byte : wire) value = value << 8 | byte;
  if (form == Form::Int2) return static_cast<int16_t>(value);
  if (form == Form::Int4) return static_cast<int32_t>(value);
  return static_cast<int64_t>(value);
}

// All digits of a number that may be one of a card or a phone, which an exponent would hide.
void append_float(double value, int precision, std::string& out) {
  constexpr double spelled_min = 1e8, spelled_end = 1e20;
  const double size = std::fabs(value);
  if (!std::isfinite(value)) {
    out += std::isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity";
    return;
  }
  std::array<char, 40> text{};
  if (size >= spelled_min && size < spelled_end && std::trunc(value) == value) {
    (void)std::snprintf(text.data(), text.size(), "%.0f", value);
  } else {
    (void)std::snprintf(text.data(), text.size(), "%.*g", precision, value);
  }
  out += text.data();
}

bool decode_float(bool binary, Bytes wire, std::string& out) {
  constexpr int float4_precision = 9, float8_precision = 17;
  if (binary && wire.size() == 4) {
    const auto value = std::bit_cast<float>(static_cast<uint32_t>(integer_at(Form::Oid, wire)));
    append_float(static_cast<double>(value), float4_precision, out);
  } else if (binary && wire.size() == 8) {
    append_float(std::bit_cast<double>(integer_at(Form::Int8, wire)), float8_precision, out);
  } else if (binary) {
    return false;
  } else if (wire.size() < 40 && as_text(wire).find('e') != std::string_view::npos) {
    const std::string text(as_text(wire));
    append_float(std::strtod(text.c_str(), nullptr), float8_precision, out);
  } else {
    out += as_text(wire);
  }
  return true;
}

// Family, bits, whether it is a cidr, size, address (network.c).
bool decode_address(Bytes wire, std::string& out) {
  constexpr uint8_t family_inet = 2, family_inet6 = 3;
  if (wire.size() < 4 || wire.size() != size_t{4} + wire[3]) return false;
  const bool v4 = wire[0] == family_inet && wire[3] == 4;
  if (!v4 && !(wire[0] == family_inet6 && wire[3] == 16)) return false;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (inet_ntop(v4 ? AF_INET : AF_INET6, wire.data() + 4, text.data(), text.size()) == nullptr) return false;
  out += text.data();
  if (wire[1] != (v4 ? 32 : 128) || wire[2] != 0) out += "/" + std::to_string(wire[1]);
  return true;
}

bool decode_hardware(Bytes wire, std::string& out) {
  if (wire.size() != 6 && wire.size() != 8) return false;
  for (size_t i = 0; i < wire.size(); ++i) {
    if (i > 0) out += ':';
    append_hex(out, wire.subspan(i, 1));
  }
  return true;
}

bool decode_uuid(Bytes wire, std::string& out) {
  if (wire.size() != 16) return false;
  for (size_t i = 0; i < wire.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    append_hex(out, wire.subspan(i, 1));
  }
  return true;
}

bool encode_uuid(bool binary, std::string_view masked, std::string& out) {
  if (!valid_uuid(masked)) return false;
  if (!binary) {
    out += masked;
    return true;
  }
  std::string digits;
  std::ranges::copy_if(masked, std::back_inserter(digits), [](char c) { return c != '-'; });
  return append_unhexed(digits, out);
}

bool encode_integer(Form form, bool binary, std::string_view masked, std::string& out) {
  int64_t value = 0;
  if (!read_integer(masked, value)) return false;
  const bool fits = form == Form::Int2   ? value >= INT16_MIN && value <= INT16_MAX
                    : form == Form::Int4 ? value >= INT32_MIN && value <= INT32_MAX
                    : form == Form::Oid  ? value >= 0 && value <= UINT32_MAX
                                         : true;
  if (!fits) return false;
  if (!binary) {
    out += masked;
    return true;
  }
  for (size_t shift = 8 * width_of(form); shift > 0; shift -= 8) {
    out += static_cast<char>(static_cast<uint64_t>(value) >> (shift - 8));
  }
  return true;
}

// A label that stands for a whole JSON value, as "[masked]" does, becomes a JSON string between quotes.
bool encode_json(std::string_view masked, std::string& out) {
  if (valid_json(masked)) {
    out += masked;
    return true;
  }
  const bool quotable = std::ranges::none_of(
      masked, [](char c) { return static_cast<uint8_t>(c) < 0x20 || c == '"' || c == '\\'; });
  if (!quotable) return false;
  out.append("\"").append(masked).append("\"");
  return true;
}

}  // namespace

sp_kind kind_of(Form form, bool binary) {
  switch (form) {
    case Form::Text:
    case Form::Letter:
    case Form::Xml:
    case Form::Enum:
    case Form::Versioned:
    case Form::Bytea:
    case Form::Address:
    case Form::Vector:
    case Form::Hstore:
    case Form::Hardware: return SP_KIND_TEXT;
    case Form::Int2:
    case Form::Int4:
    case Form::Int8:
    case Form::Oid:
    case Form::Numeric:
    case Form::Float: return SP_KIND_DIGITS;
    case Form::Json:
    case Form::Jsonb: return SP_KIND_JSON;
    case Form::Uuid: return SP_KIND_UUID;
    case Form::Registered: return binary ? SP_KIND_PLAIN : SP_KIND_TEXT;
    case Form::Plain: return SP_KIND_PLAIN;
    case Form::Search:
    case Form::Obscure: return binary ? SP_KIND_OPAQUE : SP_KIND_TEXT;
    case Form::Array:
    case Form::Record:
    case Form::Range:
    case Form::Multirange:
    case Form::Domain: break;
  }
  return SP_KIND_OPAQUE;
}

bool is_direct(Form form, bool binary) {
  switch (form) {
    case Form::Bytea: return binary;
    case Form::Float: return false;
    case Form::Int2:
    case Form::Int4:
    case Form::Int8:
    case Form::Oid:
    case Form::Numeric:
    case Form::Uuid:
    case Form::Address:
    case Form::Hardware: return !binary;
    default: return true;
  }
}

bool decode(Form form, bool binary, Bytes wire, std::string& out) {
  if (form == Form::Float) return decode_float(binary, wire, out);
  if (!binary) return form == Form::Bytea && decode_bytea(as_text(wire), out);
  switch (form) {
    case Form::Int2:
    case Form::Int4:
    case Form::Int8:
    case Form::Oid:
      if (wire.size() != width_of(form)) return false;
      out += std::to_string(integer_at(form, wire));
      return true;
    case Form::Numeric: return decode_numeric(wire, out);
    case Form::Uuid: return decode_uuid(wire, out);
    case Form::Address: return decode_address(wire, out);
    case Form::Hardware: return decode_hardware(wire, out);
    default: return false;
  }
}

bool encode(Form form, bool binary, std::string_view masked, std::string& out) {
  switch (form) {
    case Form::Text: out += masked; return true;
    case Form::Letter:
      if (masked.size() != 1) return false;
      out += masked;
      return true;
    case Form::Xml:
      if (!valid_xml(masked)) return false;
      out += masked;
      return true;
    case Form::Bytea:
      if (!binary) out += "\\x";
      if (binary) {
        out += masked;
      } else {
        append_hex(out, as_bytes(masked));
      }
      return true;
    case Form::Int2:
    case Form::Int4:
    case Form::Int8:
    case Form::Oid: return encode_integer(form, binary, masked, out);
    case Form::Numeric:
      if (binary) return encode_numeric(masked, out);
      if (!valid_number(masked)) return false;
      out += masked;
      return true;
    case Form::Float:
      if (binary || !valid_number(masked)) return false;
      out += masked;
      return true;
    case Form::Json:
    case Form::Jsonb: return encode_json(masked, out);
    case Form::Uuid: return encode_uuid(binary, masked, out);
    case Form::Search:
      // Words and positions: what a label would do to them only the server knows.
    default: return false;
  }
}

bool may_bound(Form form, bool binary, std::string_view low, std::string_view high) {
  if (low == high) return true;
  switch (form) {
    case Form::Int2:
    case Form::Int4:
    case Form::Int8:
    case Form::Oid:
    case Form::Numeric: break;
    default: return false;
  }
  std::string decoded_low, decoded_high;
  if (binary) {
    if (!decode(form, true, as_bytes(low), decoded_low) ||
        !decode(form, true, as_bytes(high), decoded_high)) {
      return false;
    }
    low = decoded_low;
    high = decoded_high;
  }
  return not_above(low, high);
}

}  // namespace sallyport::pg
