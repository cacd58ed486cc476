// Builds the question to the host about a request: its commands as the rules see them, its text, bound values
// and the bytes that make another request the same one. Session's thread; its memory is used again.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/plugin.h"
#include "plugins/postgresql/ledger.h"

namespace sallyport::pg {

// What is about to run.
struct Run {
  std::shared_ptr<const Facts> facts;  // null: what the name stands for is not known
  std::string_view text;
  const Portal* portal = nullptr;  // with its bound values
  uint32_t row_count_max = 0;      // of Execute; 0: all
  bool replication = false;        // a replication command
  bool moved = false;              // what its names stand for may not be what it was planned with at its Bind
};

class Judge {
 public:
  void begin(std::string_view database, std::string_view user);

  // False: it names a statement or cursor whose meaning depends on answers that are still to come, of the
  // catalogue if waits_for_catalogue(); ask again after them. `context`: Context::bytes().
  // `rows`: null outside a session. `schema_doubtful`: the open transaction may have changed what names mean.
  [[nodiscard]] bool build(const Run& run, const Ledger& ledger, std::string context, Rows* rows = nullptr,
                           bool schema_doubtful = false);
  [[nodiscard]] bool waits_for_catalogue() const { return waits_; }
  // After build(); valid until the next.
  // What was built may change settings that nobody can read from its text.
  [[nodiscard]] bool doubtful() const;
  // It may change what names stand for: of prepared statements and cursors, by settings, or in the catalogue.
  [[nodiscard]] bool changes_meaning() const;
  // It is a replication command.
  [[nodiscard]] bool is_replication() const { return replication_; }
  // It runs what a name stands for that nobody told the gateway.
  [[nodiscard]] bool runs_unknown() const { return unread_ || items_.empty(); }
  // An EXECUTE in it stands for a COPY to or from the client.
  [[nodiscard]] bool hides_copy() const { return hides_copy_; }
  [[nodiscard]] sp_ask ask(sp_stage stage, uint64_t ticket, uint64_t transaction) const;

 private:
  struct Item {
    const StatementFacts* facts;
    uint32_t effects;
    bool copies_masked = false;
  };

  // Returns the effects of all of `facts`; commands are appended to items_.
  uint32_t add(const std::shared_ptr<const Facts>& facts, const Ledger& ledger, int depth);
  uint32_t add_deferred(const Facts& facts, size_t index, const Ledger& ledger, int depth);
  void find_copies(const Ledger& ledger, Rows& rows, bool schema_doubtful);
  void write_commands();
  void write_statement(const Item& item);
  void add_common_fields(uint32_t effects);
  // With the objects and fields from these on.
  void add_command(std::string_view verb, size_t first_object, size_t first_field);
  void write_values(const Portal& portal, std::string& binding);

  std::string database_;
  std::string user_;

  bool certain_ = true;
  bool waits_ = false;
  bool hides_copy_ = false;
  bool unread_ = false;  // something in it stands for what nobody has read
  bool replication_ = false;
  std::vector<Item> items_;
  std::vector<std::shared_ptr<const Facts>> kept_;  // what items_ points into
  std::vector<std::shared_ptr<Portal>> bound_;      // that FETCHes in it read, with their values
  std::string text_;
  std::string binding_;
  size_t context_size_ = 0;  // of binding_: its first bytes
  std::string stands_for_;
  std::deque<std::string> strings_;
  std::vector<sp_pair> values_;
  std::vector<sp_text> objects_;
  std::vector<sp_pair> fields_;
  std::vector<sp_command> commands_;
};

}  // namespace sallyport::pg
