// What a client is told in place of an answer, and the message that takes a refused one's place on the way
// to the target: one that every PostgreSQL must refuse, so that order, skip-until-Sync and transaction status
// stay the server's own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/plugin.h"
#include "plugins/postgresql/messages.h"
#include "plugins/postgresql/sql/statement.h"

namespace sallyport::pg {

namespace sql = sallyport::postgresql::sql;

struct Refusal {
  std::string sqlstate;
  std::string message;
  std::string detail;
  std::string hint;
  uint32_t position = 0;  // as in Report

  void write(Writer& out) const;  // as an ErrorResponse
};

// 0A000: the gateway does not look into `what` yet, so it does not let it through.
[[nodiscard]] Refusal unsupported(std::string_view what, std::string_view instead = {});
// 0A000: COPY TO STDOUT where masks apply, in a form whose values cannot be told apart. `why`: a sentence;
// `instead`: what to do.
[[nodiscard]] Refusal copy_masked(std::string_view why, std::string_view instead);
// 54000: `what` is beyond a bound of the gateway.
[[nodiscard]] Refusal beyond_limit(std::string_view what);
// 0A000: what runs before it, in the same segment, may change how the server reads it.
[[nodiscard]] Refusal doubtful_text();
// 57014: the caller himself withdrew it.
[[nodiscard]] Refusal cancelled();
// 42501: what it would be bound to cannot be asked.
Refusal state_unreadable();
// A portal that was bound under other names or settings than there are now.
Refusal bound_before();
// 42501 with the rule's name, or 57014 where the caller himself cancelled a wait that nobody has to decide.
[[nodiscard]] Refusal denied(const sp_answer& answer);
// Of a text that could not be read, `refusal` says why and where. 42601, as the server would say it, only
// where the grammar's no is the whole reason: nobody has decided about it. A rule's no stays 42501.
void tell_unread(Refusal& refusal, const sql::Classification& text, bool by_default);

// The warning that a client sees at once when its request waits.
void write_paused(Writer& out, const sp_answer& answer);

// What a message is replaced by depends on how the server answers it, so on the kind alone.
enum class Shape : uint8_t {
  Query,    // Error, then ReadyForQuery
  Parse,    // Error, then skip until Sync
  Execute,  // Error, then skip until Sync; also stands for Bind, Describe and Close
};
// `nonce`: 8 random bytes, so that no client can have made a portal of that name.
void write_replacement(Writer& out, Shape shape, Bytes nonce);

}  // namespace sallyport::pg
