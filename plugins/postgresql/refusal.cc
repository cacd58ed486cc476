#include "plugins/postgresql/refusal.h"

#include "plugins/postgresql/login/link.h"

namespace sallyport::pg {

namespace {

// No statement of any PostgreSQL begins with this word, so its grammar refuses it whatever the settings are.
constexpr std::string_view refused_text = "SALLYPORT_REFUSED /* replaced by the gateway */";

std::string hex(Bytes bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const uint8_t byte : bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

}  // namespace

void Refusal::write(Writer& out) const {
  write_error(out, {.severity = "ERROR",
                    .sqlstate = sqlstate,
                    .message = message,
                    .detail = detail,
                    .hint = hint,
                    .position = position});
}

Refusal unsupported(std::string_view what, std::string_view instead) {
  return {.sqlstate = "0A000",
          .message = std::string(what) + " is not supported through the gateway",
          .detail = "Nothing was sent to the target.",
          .hint = std::string(instead)};
}

Refusal copy_masked(std::string_view why, std::string_view instead) {
  return {.sqlstate = "0A000",
          .message = "COPY TO STDOUT in this form is not supported where values are masked",
          .detail = std::string(why) + " Nothing was sent to the target.",
          .hint = std::string(instead)};
}

Refusal beyond_limit(std::string_view what) {
  return {.sqlstate = "54000",
          .message = std::string(what) + " exceeds a limit of the gateway",
          .detail = "Nothing was sent to the target.",
          .hint = {}};
}

Refusal doubtful_text() {
  return {
      .sqlstate = "0A000",
      .message =
          "a text with a backslash in a plain literal, or not in ASCII, may not follow before a Sync what "
          "may change how texts are read",
      .detail = "Nothing was sent to the target.",
      .hint = "Wait for ReadyForQuery before it is sent, or write it with E'' or parameters."};
}

Refusal cancelled() {
  return {.sqlstate = "57014",
          .message = "canceling statement due to user request",
          .detail = "Nothing was sent to the target.",
          .hint = {}};
}

Refusal state_unreadable() {
  return {.sqlstate = "42501",
          .message =
              "not run: it needs an approval, and the search path and role that it would be bound to "
              "cannot be read now",
          .detail = "Nothing was sent to the target.",
          .hint = "End the failed transaction and send it again."};
}

Refusal bound_before() {
  return {.sqlstate = "55000",
          .message =
              "not run: what its names stand for was settled when it was bound, and may have changed since",
          .detail = "Nothing was sent to the target.",
          .hint = "Bind it again."};
}

Refusal denied(const sp_answer& answer) {
  Refusal out;
  out.message = view_of(answer.message);
  out.detail = view_of(answer.detail);
  // A cancelled wait that still has an approval open says so with 42501: the caller may come back for it.
  out.sqlstate = answer.state == SP_STATE_CANCELLED && out.detail.empty() ? "57014" : "42501";
  if (out.message.empty()) out.message = "denied by the gateway";
  switch (answer.state) {
    case SP_STATE_PENDING: out.hint = "Run exactly the same again after it was approved."; break;
    case SP_STATE_CANCELLED:
      if (!out.detail.empty()) out.hint = "Run exactly the same again after it was approved.";
      break;
    case SP_STATE_DECIDED:
    case SP_STATE_UNBOUND:
    case SP_STATE_APPROVED:
    case SP_STATE_REFUSED:
    case SP_STATE_EXPIRED: break;
  }
  return out;
}

void tell_unread(Refusal& refusal, const sql::Classification& text, bool by_default) {
  refusal.message += ": " + text.reason;
  refusal.position = text.error_position;
  refusal.hint =
      text.syntax_error
          ? "The gateway reads by the grammar of PostgreSQL 15. Nothing was sent to the target."
          : "It is beyond what the gateway reads: make it simpler, or smaller. Nothing was sent to "
            "the target.";
  if (text.syntax_error && by_default) refusal.sqlstate = "42601";
}

void write_paused(Writer& out, const sp_answer& answer) {
  std::string message = "paused";
  if (answer.rule.size > 0) message += " by rule \"" + std::string(view_of(answer.rule)) + "\"";
  message += ": waiting for approval";
  write_notice(
      out,
      {.severity = "WARNING", .sqlstate = "01000", .message = message, .detail = view_of(answer.detail)});
}

void write_replacement(Writer& out, Shape shape, Bytes nonce) {
  switch (shape) {
    case Shape::Query: out.begin(front::query).text(refused_text).end(); return;
    case Shape::Parse: out.begin(front::parse).text("").text(refused_text).u16(0).end(); return;
    case Shape::Execute:
      out.begin(front::execute).text("sallyport_refused_" + hex(nonce)).i32(0).end();
      return;
  }
}

}  // namespace sallyport::pg
