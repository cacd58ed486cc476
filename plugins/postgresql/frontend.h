// The client's direction of a serving session: finds its messages, has them judged, and passes them, holds
// them, or puts the gateway's own in their place. See ledger.h for how names are followed.
//
//   free --ask WAIT--> held (the message stays unconsumed) --ANSWER, ask again--> free
//   free --needs replies--> blocked (unconsumed) --replies came--> free
//
// Source: PostgreSQL manual, "Message Flow". Session's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "plugins/postgresql/messages.h"
#include "plugins/postgresql/refusal.h"
#include "plugins/postgresql/values.h"
#include "plugins/postgresql/wire.h"

namespace sallyport::pg {

class Frontend {
 public:
  explicit Frontend(Wire& wire) : wire_(wire) {}

  // All that the client's leg holds. `answered`: what waited may ask again. False: the client broke the
  // protocol and was told so.
  [[nodiscard]] bool feed(Bytes data, bool answered);

  // The caller cancelled (a CancelRequest with this session's key). True: it was a wait, and its refusal
  // comes with the next feed. False: nothing waits, the target is to be asked to cancel.
  bool cancel();
  // The caller or the target has gone: nothing that waits may run.
  void abandon();
  [[nodiscard]] bool holding() const { return ticket_ != 0; }
  // Of the last feed: what is left of its data waits for something else than more of it.
  [[nodiscard]] bool waits() const { return waits_; }

 private:
  enum class Step : uint8_t {
    Done,
    Held,   // until something else than more of the client's bytes has come
    Short,  // until more of them have
    Broken
  };
  enum class Ruling : uint8_t { Allowed, Refused, Held };

  Step handle(const Message& message);
  Step skip(const Message& message);
  Step on_query(const Message& message);
  Step on_parse(const Message& message);
  Step on_bind(const Message& message);
  Step on_describe(const Message& message);
  Step on_execute(const Message& message);
  Step on_close(const Message& message);
  Step on_sync(const Message& message);
  Step on_terminate(const Message& message);
  // frontend_call.cc
  Step on_function_call(const Message& message);
  // What of it this login may not do, whatever the rules say.
  [[nodiscard]] std::optional<Refusal> unsupported_part(const Facts& facts) const;
  // `command`: it is a replication command.
  [[nodiscard]] std::shared_ptr<const Facts> facts_of_query(std::string_view text, bool& command);
  [[nodiscard]] bool replication_refuses(uint8_t type) const;
  Step on_oversize(uint8_t type, uint64_t size);

  [[nodiscard]] bool blocks(const Portal& portal, const Bound& bound, Refusal& refusal);

  // frontend_copy.cc: while the server asks for copy data.
  [[nodiscard]] bool copy_may_begin() const;
  Step on_copy_data(uint64_t size, Bytes there);
  void begin_copy_record();
  // `data`: a message, or as much of it as is recorded.
  void note_copy_data(Bytes data, bool whole);
  // The COPY ends here if its data may not be sent into the target.
  [[nodiscard]] bool block_copy(uint64_t size, Bytes there);
  Step on_copy_end(const Message& message);
  Step during_copy(const Message& message);
  [[nodiscard]] bool copy_unreadable(const Facts& facts, std::string_view text);
  // Asks what a COPY TO STDOUT shows, where masks apply. Null: they do not, or it is none.
  [[nodiscard]] std::shared_ptr<CopyShape> look_up_copy(const Facts& facts, std::string_view text,
                                                        bool alone);

  Step run_portal(const Message& message, const std::shared_ptr<Portal>& portal, uint32_t row_count_max);
  Ruling rule_portal(const Portal& portal, uint32_t row_count_max, Refusal& refusal, bool moved = false);
  void describe_first(const std::string& name, const std::shared_ptr<Portal>& portal);
  Ruling rule(const Run& run, sp_stage stage, Refusal& refusal);
  Ruling ask_host(const Run& run, sp_stage stage, Refusal& refusal);
  void tell_why_unread(const Run& run, bool by_default, Refusal& refusal) const;
  Ruling read_state();
  Ruling wait_for_answer();  // of the gateway's own question
  [[nodiscard]] uint64_t transaction_of_next() const;
  [[nodiscard]] std::string context_of_next() const;

  // Records and passes a message that needs no verdict.
  void pass_noted(std::string_view kind, const Message& message);
  void forward(const Message& message, Entry entry);
  // The message's place is taken by the gateway's words, here or at the target. `size`: of the message.
  Step refuse(uint8_t type, uint64_t size, Refusal refusal);
  void forget_ticket();
  // Whether the server will read `text` as it was read here: settings that change it may be under way.
  enum class Reading : uint8_t { Certain, Waits, Doubtful };
  [[nodiscard]] Reading reading(std::string_view text, const Facts& facts) const;
  void mark_doubt(bool vague);
  // `entry`, a Query or Sync, ends a segment.
  void end_segment(Entry& entry);
  // Leaves the message until replies have come.
  Step wait_for_replies();
  // Room for one more unanswered message. False: wait.
  bool room();
  bool retain(size_t size, bool& beyond);
  Step broken(std::string_view what);

  Wire& wire_;
  uint64_t ticket_ = 0;  // of the held message
  uint64_t ticket_last_ = 0;
  uint64_t ticket_transaction_ = 0;
  sp_state answer_state_ = SP_STATE_DECIDED;
  bool answered_ = false;
  bool waited_ = false;     // it was answered WAIT before
  bool withdrawn_ = false;  // the caller cancelled while its state was read
  bool warned_ = false;     // the client was told that it waits
  bool flushed_ = false;    // our Flush went out for the blocked message
  bool waits_ = false;
  bool wants_room_ = false;
  size_t copy_recorded_size_ = 0;  // bytes of the COPY's data that are on the record, or in copy_line_
  std::string copy_line_;          // the beginning of a line whose end has not come yet
  std::string copy_tail_;          // its last data, where they are screened
};

}  // namespace sallyport::pg
