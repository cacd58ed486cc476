// What was sent to the target and is not answered yet, in order, and what names stand for at the target.
//
// Names change when the server says so: a Parse defines its name at ParseComplete, not before. A message that
// is judged while earlier ones are unanswered is judged by what its names will stand for when the server
// comes to it: within one segment (up to a Sync) that is certain, because a failure would skip the message
// too; beyond, a name may stand for several things, and `find_*` says so. The caller then waits.
//
// Source: PostgreSQL manual, "Extended Query" and "Pipelining". Session's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/postgresql/facts.h"
#include "plugins/postgresql/refusal.h"
#include "plugins/postgresql/rows/rows.h"

namespace sallyport::pg {

inline constexpr size_t outstanding_count_max = 2048;       // unanswered messages; beyond, the client waits
inline constexpr size_t name_count_max = 4096;              // prepared statements, and as many portals
inline constexpr size_t retained_size_max = 4 * (1 << 20);  // bytes of texts and bound values, of a session

// What a prepared statement's name stands for.
struct Prepared {
  std::string text;
  std::shared_ptr<const Facts> facts;
  std::vector<uint32_t> types;  // OIDs of its parameters; 0 or missing: left to the server

  size_t declared_count = 0;  // of types, in its Parse

  [[nodiscard]] size_t size() const { return text.size() + 4 * declared_count + sizeof(Prepared); }
};

// What a portal or cursor stands for.
struct Portal {
  std::shared_ptr<Prepared> statement;  // null: not known
  std::string bind;                     // of its Bind message: from the parameter formats on
  bool cursor = false;                  // made by SQL's DECLARE
  bool named = false;       // it or its statement has a name, which code at the target can give away
  bool suspended = false;   // ran, and has more rows
  bool approved = false;    // a person let it run: its further rows belong to that
  bool fresh = false;       // was asked about at its Bind, and has not run yet
  uint64_t meaning = 0;     // Wire::meaning at its Bind: its names meant then what they mean to it
  bool describing = false;  // a Describe of it is under way
  bool described = false;
  std::shared_ptr<const RowShape> shape;

  [[nodiscard]] size_t size() const { return bind.size() + sizeof(Portal); }
};

// What the server will answer to a message.
enum class Await : uint8_t {
  Query,              // results one behind another, then ReadyForQuery
  Parse,              // ParseComplete
  Bind,               // BindComplete
  DescribeStatement,  // ParameterDescription, then RowDescription or NoData
  DescribePortal,     // RowDescription or NoData
  Execute,            // rows, then CommandComplete, EmptyQueryResponse or PortalSuspended
  Close,              // CloseComplete
  Sync,               // ReadyForQuery
  Call,               // FunctionCallResponse, then ReadyForQuery
};

// Whether ReadyForQuery ends the answer, an error or none before it.
[[nodiscard]] inline bool ends_with_ready(Await await) {
  return await == Await::Query || await == Await::Sync || await == Await::Call;
}

// How far a COPY to or from the client has come, as the server sees it.
enum class Copying : uint8_t {
  None,
  In,       // CopyInResponse came: the client's data flows
  InOver,   // CopyDone or CopyFail was passed
  Out,      // CopyOutResponse came
  OutOver,  // CopyDone came
  Both,     // CopyBothResponse came
  BothOut,  // of it the server's direction is left: the client's CopyDone was passed
  BothIn,   // the client's is left
};

// Data may come from the server.
[[nodiscard]] inline bool copies_out(Copying copying) {
  return copying == Copying::Out || copying == Copying::Both || copying == Copying::BothOut;
}
// The client's data are asked for.
[[nodiscard]] inline bool copies_in(Copying copying) {
  return copying == Copying::In || copying == Copying::Both || copying == Copying::BothIn;
}

struct Entry {
  Await await = Await::Sync;
  bool own = false;                    // the gateway's own: the client does not see its answer
  uint32_t state_look_up = 0;          // with own: its number, of a look-up of the server's state
  bool vague = false;                  // Query, Bind, Execute: Judge::doubtful()
  bool judged = false;                 // an answered `ask`: it has a reply_end to come
  bool closes_portal = false;          // of Close
  bool replication = false;            // Query: a replication command (replication.h)
  bool doubtful = false;               // of Query, Sync, Call: see Wire::segment_doubtful
  std::string name;                    // of the statement or portal
  std::shared_ptr<Prepared> prepared;  // Parse, DescribeStatement; Query: if it changes the session
  std::shared_ptr<Portal> portal;      // Bind, DescribePortal, Execute
  std::shared_ptr<const Facts> facts;  // Query, Call
  std::unique_ptr<Refusal> refusal;    // ours stands in its place; the client is told this

  // How far its answer has come.
  uint64_t row_count = 0;
  size_t statement_index = 0;  // of Query: how many of its statements are complete
  bool parameters_seen = false;
  bool failed = false;
  bool rows_open = false;           // of Query: a RowDescription came, and its CommandComplete did not yet
  Copying copying = Copying::None;  // of the statement that runs now
  size_t copies_in = 0;             // COPY FROM STDIN for whose data the server has not asked yet
  std::string closing;              // the last CommandComplete's tag, or the error's code
  std::shared_ptr<const RowShape> shape;  // of the rows that come now; null: none may come
  std::shared_ptr<CopyShape>
      copy;  // of COPY TO STDOUT where masks apply, and of the gateway's look-up for it
  bool copy_data_seen = false;
  bool told = false;  // the client was told the error that the look-up met: its own error is that one again
  std::string foretold;  // the texts of the error that the look-up met: it read no rows, so they quote none
};

template <typename T>
struct Found {
  std::shared_ptr<T> value;  // null: the name is not known
  bool certain = true;       // false: it depends on answers that are still to come
};

class Ledger {
 public:
  // Of the names as the next message will find them.
  [[nodiscard]] Found<Prepared> find_statement(std::string_view name) const;
  [[nodiscard]] Found<Portal> find_portal(std::string_view name) const;

  void push(Entry entry);
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] size_t size() const { return entries_.size(); }
  [[nodiscard]] Entry& front() { return entries_.front(); }
  [[nodiscard]] const std::deque<Entry>& entries() const { return entries_; }
  // Whether what is under way may change what names mean.
  [[nodiscard]] bool changes_catalogue() const;
  // The Query behind the gateway's own messages has been answered by an error already.
  void tell_after_own();
  // It will be answered by an error with these texts.
  void foretell_after_own(std::string texts);
  // Takes the oldest out; its effect on names has been told before.
  Entry pop();

  void define_statement(std::string name, std::shared_ptr<Prepared> value);
  void define_portal(std::string name, std::shared_ptr<Portal> value);
  void drop_statement(std::string_view name);
  void drop_portal(std::string_view name);
  void drop_all_statements();
  void drop_unnamed();  // as a simple Query does
  // Without `cursors_too` as at a transaction's end: portals die, cursors may have been made to last.
  void drop_portals(bool cursors_too);
  // What a completed SQL statement did to names: PREPARE, DEALLOCATE, DISCARD, DECLARE, CLOSE. `tag`: of its
  // CommandComplete.
  void apply(const Facts& facts, const sql::Statement& statement, std::string_view text,
             std::string_view tag);

  [[nodiscard]] bool names_full() const {
    return statements_.size() >= name_count_max || portals_.size() >= name_count_max;
  }
  [[nodiscard]] size_t retained_size() const { return retained_size_; }  // bytes, names and under way

 private:
  [[nodiscard]] static size_t retained_by(const Entry& entry);

  std::deque<Entry> entries_;
  std::map<std::string, std::shared_ptr<Prepared>, std::less<>> statements_;
  std::map<std::string, std::shared_ptr<Portal>, std::less<>> portals_;
  size_t retained_size_ = 0;
};

// The facts of what an unanswered message runs; null for messages that run nothing.
[[nodiscard]] const Facts* running(const Entry& entry);
// The statement whose answer comes now; null when that is not known.
[[nodiscard]] const sql::Statement* running_statement(const Entry& entry);

// What SQL's PREPARE or DECLARE makes of its name; null when `statement` is no such statement.
[[nodiscard]] std::shared_ptr<Prepared> prepared_by(const Facts& facts, const sql::Statement& statement,
                                                    std::string_view text);

}  // namespace sallyport::pg
