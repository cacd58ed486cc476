// A Bind message's parameters: read strictly, and printable for the record and the approver.
// Source: PostgreSQL manual, "Message Formats: Bind".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/postgresql/messages.h"

namespace sallyport::pg {

struct BoundValue {
  int16_t format = 0;  // 0 text, 1 binary
  bool null = false;
  Bytes bytes;
};

struct Bound {
  std::vector<BoundValue> values;
  std::vector<int16_t> result_formats;
};

// `tail`: a Bind's body from its parameter format codes to the end. Nothing: malformed.
[[nodiscard]] std::optional<Bound> parse_bound(Bytes tail);

// "int4", "text"; the number where the type is not one of the common built-in ones; "unknown" for 0.
[[nodiscard]] std::string type_name(uint32_t oid);

// Text as it is; binary of the common types as PostgreSQL would print it, else "\x" and hexadecimal digits.
[[nodiscard]] std::string printable(const BoundValue& value, uint32_t type_oid);

}  // namespace sallyport::pg
