// The target's direction of a serving session: attributes each message to the request that it answers, tells
// the ledger what became of it, has rows and reports masked, and delivers. One pass over the feed decides
// what becomes of each message, then one call masks, then all is delivered in order.
//
// Every message must be one that the oldest unanswered request may be answered with; anything else ends the
// session before it passes. Source: PostgreSQL manual, "Message Flow". Session's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/postgresql/messages.h"
#include "plugins/postgresql/wire.h"

namespace sallyport::pg {

class Backend {
 public:
  explicit Backend(Wire& wire) : wire_(wire) {}

  // All that the target's leg holds. False: the target broke the protocol; nothing from there on may pass.
  [[nodiscard]] bool feed(Bytes data);

 private:
  // What becomes of a stretch of the data, in order; `end` is its end, it begins where the last one ended.
  struct Action {
    enum class Kind : uint8_t {
      Deliver,     // as it is, or as masked
      Drop,        // the client does not see it; `text` goes in its place
      PassCredit,  // a message of `count` bytes that is not all there
      DropCredit,
      ReplyEnd,  // `count` rows, closing words in `text`
      Withheld,  // for the record: a row of `count` bytes was too large to be masked
      Settle,    // the server is ready
      End,       // the session ends; `text` is the FATAL's
    };
    Kind kind;
    size_t end = 0;
    uint64_t count = 0;
    std::string text = {};
    std::string_view reason = {};  // of End, for the record
  };
  enum class Step : uint8_t { Next, Stop, Broken };

  Step look(const Message& message, size_t offset);
  Step look_partial(uint8_t type, uint64_t size, Bytes there, size_t offset);
  Step on_answer(const Message& message, size_t offset);
  Step on_partial_row(uint64_t size, Bytes there, size_t offset);
  Step on_row(const Message& message, size_t offset);
  [[nodiscard]] bool names_may_change() const;
  Step on_row_description(const Message& message, size_t offset);
  Step on_no_data();
  Step end_of_description(const Entry& entry);
  Step on_parameter_description(const Message& message);
  Step on_complete(uint8_t type);
  Step on_own_complete(uint8_t type);
  Step on_command_complete(const Message& message);
  Step on_end_of_rows(bool suspended);
  Step on_error(const Message& message, size_t offset);
  Step on_ready(const Message& message);
  Step on_report(const Message& message, size_t offset, const About& what);
  // backend_call.cc
  Step on_function_result(uint64_t size, Bytes there, size_t offset);
  Step on_copy_both(const Message& message);
  // The client's data, and the client's turn to send them.
  [[nodiscard]] static bool valid_formats(Bytes body);
  Step on_copy_begin(const Message& message);
  Step on_copy_data(uint64_t size, Bytes there, size_t offset);
  Step on_masked_copy_data(Entry& entry, uint64_t size, Bytes there, size_t offset);
  Step on_own_error(const Message& message, size_t offset);
  void change_catalogue();
  void settle_state(const Entry& last);
  Step on_state_read();
  Step on_state_error();
  Step on_copy_done(const Message& message);
  void end_copy_in();
  void send_early_syncs();
  Step on_notification(const Message& message, size_t offset);
  Step on_parameter_status(const Message& message, size_t offset);

  // The server has failed the oldest message, and skips what depends on it.
  Step fail_entry(Entry& entry);
  void finish_entry(Entry& entry);
  void apply(const Facts& facts, size_t index, std::string_view text, std::string_view tag, int depth);
  void apply_unparsed(std::string_view tag);
  void end_transaction_by(std::string_view tag, const sql::Statement& statement);
  // Where in the data a message of `size` ends as far as it is there.
  [[nodiscard]] static size_t end_of(uint64_t size, Bytes there, size_t offset);
  [[nodiscard]] static bool rows_may_come(const Entry& entry);
  // What an error or notice that comes now may quote.
  [[nodiscard]] Quotes quotes() const;
  [[nodiscard]] About about() const;
  enum class Shaped : uint8_t { Known, Clear, Waiting, None };
  // What the rows that come now are like, in entry.shape. Clear: they may pass unseen. None: no row may come.
  [[nodiscard]] Shaped shape_rows(Entry& entry);
  // For messages too large to be held: a row without values, a report without texts.
  [[nodiscard]] bool withhold_row(Entry& entry, uint64_t size, Bytes there, size_t offset);
  Step shorten_report(uint8_t type, uint64_t size, Bytes there, size_t offset);

  void deliver(size_t end);
  void drop(size_t end, std::string instead = {});
  [[nodiscard]] bool carry_out();

  Wire& wire_;
  Bytes data_;                   // of this feed
  size_t end_ = 0;               // of the message looked at
  bool segment_failed_ = false;  // an error since the last ReadyForQuery
  bool block_ended_ = false;     // a COMMIT or ROLLBACK since then
  bool popped_ = false;          // what a held client message may wait for has come in this feed
  std::vector<Action> actions_;
};

}  // namespace sallyport::pg
