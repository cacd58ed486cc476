// A FunctionCall: one function by its OID, arguments as bytes, and what rules, record and approver see of it.
// Sources: PostgreSQL manual, "Message Formats: FunctionCall", "Function Call". Pure functions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "plugins/postgresql/ledger.h"
#include "plugins/postgresql/messages.h"

namespace sallyport::pg {

struct Call {
  std::shared_ptr<Prepared> function;  // its text, facts, and the types of its arguments where they are known
  Portal arguments;                    // as a Bind's
};

// Nothing: malformed. The verb is FUNCTION_CALL, the object pg_catalog.NAME for functions on large objects,
// oid:NUMBER for others; the effects are those of code that nobody has read.
[[nodiscard]] std::optional<Call> parse_call(Bytes body);

}  // namespace sallyport::pg
