// What a target says between AuthenticationOk and ReadyForQuery, and how it refuses.
#include <algorithm>

#include "plugins/postgresql/login/startup.h"
#include "plugins/postgresql/login/target_state.h"
#include "plugins/postgresql/settings.h"

namespace sallyport::pg {

namespace {

constexpr size_t parameter_count_max = 128;
constexpr size_t parameter_total_size_max = 32 << 10;
constexpr size_t key_secret_size_max = 256;
constexpr size_t report_size_max = 500;  // of the target's message, as shown to the client

bool valid_sqlstate(std::string_view code) {
  return code.size() == 5 &&
         std::ranges::all_of(code, [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, report_size_max)) {
    out.push_back(static_cast<uint8_t>(c) < 0x20 || c == 0x7f ? ' ' : c);
  }
  // A cut must not leave half a character.
  while (!out.empty() && !valid_utf8(out)) out.pop_back();
  return out;
}

}  // namespace

void TargetLogin::State::parameter_status(Bytes body) {
  Cursor cursor(body);
  const std::string_view name = cursor.text();
  const std::string_view value = cursor.text();
  if (!cursor.at_end() || name.empty()) return fail_protocol();
  parameter_size += body.size();
  if (parameters.size() >= parameter_count_max || parameter_size > parameter_total_size_max)
    return fail_protocol();
  const auto known = std::ranges::find(parameters, name, &Parameter::name);
  if (known != parameters.end()) {
    known->value = value;
  } else {
    parameters.push_back({std::string(name), std::string(value)});
  }
}

void TargetLogin::State::key_data(Bytes body) {
  Cursor cursor(body);
  const uint32_t process_id = cursor.u32();
  const Bytes secret = cursor.rest();
  if (!cursor.ok() || secret.size() < 4 || secret.size() > key_secret_size_max || !key.secret.empty()) {
    return fail_protocol();
  }
  key = {process_id, std::string(as_text(secret))};
}

void TargetLogin::State::ready(Bytes body) {
  if (body.size() != 1 || body[0] != 'I') return fail_protocol();
  const auto encoding = std::ranges::find(parameters, "client_encoding", &Parameter::name);
  if (encoding == parameters.end() || encoding->value != "UTF8") {
    return fail(sqlstate_rejected,
                "target " + quoted_name(request.target) + " does not speak UTF8 with the gateway");
  }
  // A role or a database may have a setting of its own under which the server reads other statements than the
  // gateway judges.
  const auto strings = std::ranges::find(parameters, "standard_conforming_strings", &Parameter::name);
  if (strings != parameters.end() && forbidden_setting(strings->name, strings->value)) {
    return fail(sqlstate_rejected,
                "target " + quoted_name(request.target) +
                    " has standard_conforming_strings off for this login or database: its "
                    "operator turns it on (ALTER ROLE ... RESET standard_conforming_strings)");
  }
  at = At::Ready;
}

// FATAL of the target's. Before AuthenticationOk its words could be about the credential, and then (class 28)
// they are withheld; what is about the target's state (starting up, too many clients, no such database)
// helps.
void TargetLogin::State::report(const Message& message) {
  const std::string_view code = report_field(message.body, 'C');
  if (!valid_sqlstate(code)) return fail_protocol();
  if (code.starts_with("28")) return fail_login();
  const std::string sqlstate(code);
  const std::string text = printable(masked(report_field(message.body, 'M')));
  fail(sqlstate, "target " + quoted_name(request.target) + ": " + text);
}

std::string TargetLogin::State::masked(std::string_view text) {
  sp_field field{};
  field.size = sizeof field;
  field.kind = SP_KIND_TEXT;
  field.label = text_of("error");
  const sp_field_id id = link.host->field(link.session, &field);
  if (id == SP_FIELD_CLEAR || text.empty()) return std::string(text);
  sp_span span{};
  span.offset = static_cast<size_t>(reinterpret_cast<const uint8_t*>(text.data()) - data);
  span.size = text.size();
  span.field = id;
  sp_masked out{};
  if (link.host->mask(link.session, &span, 1, &out) < 0) return "[withheld]";
  switch (out.outcome) {
    case SP_MASK_UNCHANGED:
    case SP_MASK_EDITED: return std::string(text);
    case SP_MASK_REPLACED: return std::string(as_text({out.replacement.data, out.replacement.size}));
    case SP_MASK_WITHHELD: break;
  }
  return "[withheld]";
}

}  // namespace sallyport::pg
