#include "plugins/postgresql/call.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "plugins/postgresql/values.h"

namespace sallyport::pg {

namespace {

// pg_proc.dat. OIDs below 10000 are the same in every PostgreSQL that has the function. Drivers call these
// and hardly any other; `types`: b bytea, i int4, l int8, o oid, t text.
struct Known {
  uint32_t oid;
  std::string_view name;
  std::string_view types;
};

constexpr std::array known_functions = {
    Known{715, "lo_create", "o"},       Known{764, "lo_import", "t"},       Known{765, "lo_export", "ot"},
    Known{767, "lo_import", "to"},      Known{952, "lo_open", "oi"},        Known{953, "lo_close", "i"},
    Known{954, "loread", "ii"},         Known{955, "lowrite", "ib"},        Known{956, "lo_lseek", "iii"},
    Known{957, "lo_creat", "i"},        Known{958, "lo_tell", "i"},         Known{964, "lo_unlink", "o"},
    Known{1004, "lo_truncate", "ii"},   Known{3170, "lo_lseek64", "ili"},   Known{3171, "lo_tell64", "i"},
    Known{3172, "lo_truncate64", "il"}, Known{3457, "lo_from_bytea", "ob"}, Known{3458, "lo_get", "o"},
    Known{3459, "lo_get", "oli"},       Known{3460, "lo_put", "olb"},
};
static_assert(std::ranges::is_sorted(known_functions, {}, &Known::oid));

uint32_t type_of(char code) {
  switch (code) {
    case 'b': return 17;
    case 'i': return 23;
    case 'l': return 20;
    case 'o': return 26;
    case 't': return 25;
    default: return 0;
  }
}

std::shared_ptr<const Facts> facts_of_call(const sql::Object& function) {
  constexpr uint32_t effects = sql::effect_bit(sql::Effect::unknown) | sql::effect_bit(sql::Effect::escape);
  sql::Statement statement;
  statement.verb = "FUNCTION_CALL";
  statement.effect = sql::Effect::escape;
  statement.effects = effects;
  statement.objects.push_back(function);
  statement.functions_called.push_back(function);
  statement.unknown_functions.push_back(function.text());
  statement.escapes.emplace_back("function-call");
  auto classification = std::make_shared<sql::Classification>();
  classification->parsed = true;
  classification->statements.push_back(std::move(statement));
  return Facts::of(std::move(classification));
}

}  // namespace

std::optional<Call> parse_call(Bytes body) {
  Cursor cursor(body);
  const uint32_t oid = cursor.u32();
  const Bytes rest = cursor.rest();
  if (!cursor.ok() || rest.size() < 2) return std::nullopt;
  const uint16_t result_format = Cursor(rest.last(2)).u16();
  if (result_format > 1) return std::nullopt;
  // A Bind has a list of result formats where a FunctionCall has one.
  Writer bind;
  bind.bytes(rest.first(rest.size() - 2)).u16(1).u16(result_format);
  if (!parse_bound(bind.view())) return std::nullopt;

  const auto* known = std::ranges::find(known_functions, oid, &Known::oid);
  const bool is_known = known != known_functions.end();
  const sql::Object function = {.kind = sql::ObjectKind::function,
                                .catalog = {},
                                .schema = is_known ? "pg_catalog" : "",
                                .name = is_known ? std::string(known->name) : "oid:" + std::to_string(oid)};
  Call out;
  out.function = std::make_shared<Prepared>();
  out.function->text = "FUNCTION_CALL " + function.text();
  out.function->facts = facts_of_call(function);
  if (is_known) {
    for (const char code : known->types) out.function->types.push_back(type_of(code));
  }
  out.arguments.statement = out.function;
  out.arguments.bind = as_text(bind.view());
  return out;
}

}  // namespace sallyport::pg
