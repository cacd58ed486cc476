// Table OID and attribute number to schema.table.column, and how values of users' types are written; asked of
// the target over a leg of the gateway's own (SP_LEG_TARGET + 1), which is opened when first needed and kept.
// One a session, so that it cannot outlive the view of the login that filled it; bounded; emptied by
// `invalidate` when the session changes the catalogue. What other sessions rename meanwhile is seen by new
// sessions only. A table that the leg cannot see (made in the open transaction) has no origin, and is asked
// for again. A partition goes by the name of its root, since that is what masks name.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plugins/postgresql/login/link.h"
#include "plugins/postgresql/login/target_login.h"
#include "plugins/postgresql/messages.h"
#include "plugins/postgresql/rows/sources.h"
#include "plugins/postgresql/rows/type.h"

namespace sallyport::pg {

inline constexpr uint32_t catalogue_leg = SP_LEG_TARGET + 1;
// For a login and an answer, each: a target that says nothing must not hold the client's reply for ever.
inline constexpr uint32_t catalogue_answer_ms = 10'000;
inline constexpr size_t catalogue_column_count_max = 65'536;  // of one answer; of what is kept, twice that
inline constexpr size_t catalogue_path_size_max = 3 * 63 + 2;

class Catalogue {
 public:
  explicit Catalogue(Link link) : link_(link) {}
  Catalogue(const Catalogue&) = delete;
  Catalogue& operator=(const Catalogue&) = delete;

  // How the leg logs in: Login::side_request(), as soon as the login is Ready.
  void prepare(TargetRequest request) { request_ = std::move(request); }

  enum class Answer : uint8_t { Known, Waiting };
  // Known: path() and types() answer for these OIDs now (perhaps: no origin, not known). Waiting: it asks;
  // call again when feed() says that it settled.
  Answer resolve(std::span<const uint32_t> table_oids, std::span<const uint32_t> type_oids = {});
  // Those of now: a change of the catalogue leaves them to who holds them and begins anew.
  [[nodiscard]] std::shared_ptr<const Types> types() const { return types_; }

  // COPY of a table leaves such columns out.
  [[nodiscard]] bool generated(uint32_t table_oid, int16_t attribute_number) const;

  // A view, a materialized view or a table that inherits: the path names it, but what it shows may belong to
  // a table whose fields are masked.
  [[nodiscard]] bool derived(uint32_t table_oid) const;

  // What was not seen is asked for again from now on: the reply that it was asked for goes on.
  void forget_missing();

  // Asks what a statement may read. Known: sources() answers until the next find_sources().
  Answer find_sources(const SourcesQuestion& question);
  // Null: it may read anything.
  [[nodiscard]] const Sources* sources(const SourcesQuestion& question) const;
  // Of all columns; none: the relation is not known.
  [[nodiscard]] std::vector<std::string_view> paths(uint32_t table_oid) const;
  // Of one of them; of a partition's there are several.
  [[nodiscard]] std::vector<std::string_view> paths(uint32_t table_oid, int16_t attribute_number) const;

  // For every event of catalogue_leg, and SP_EVENT_ANSWER of any leg. True: what was waited for is settled,
  // the machine must look at the held reply again (leg SP_LEG_TARGET). Failures settle too: no origin.
  bool feed(const sp_input& input);
  [[nodiscard]] bool waiting() const { return at_ == At::LoggingIn || at_ == At::Asking; }

  // The session ran a statement that may change names.
  void invalidate();

 private:
  enum class At : uint8_t { Idle, LoggingIn, Open, Asking, Dead };
  struct Column {
    int16_t number;
    std::string path;
    bool generated;
  };
  struct Table {
    std::vector<Column> columns;
    bool derived = false;
  };
  using Tables = std::unordered_map<uint32_t, Table>;
  // An answer to a SourcesQuestion.
  struct Found {
    bool proven = true;
    std::vector<bool> named;  // which of its relations were found
    Sources sources;
  };

  [[nodiscard]] const Column* find(uint32_t table_oid, int16_t attribute_number) const;
  void want(std::span<const uint32_t> table_oids, std::span<const uint32_t> type_oids);
  Answer begin();
  void ask();
  void die(bool leg_open);
  bool read(std::span<const uint8_t> bytes);
  bool read_message(const Message& message);
  bool read_column(Bytes row);
  bool read_type(Bytes row);
  bool read_source(Bytes row);
  bool read_users_own(Bytes row);
  void settle();
  void keep_answer();
  void keep_sources();
  void answer_within(uint32_t delay_ms);

  Link link_;
  TargetRequest request_;
  std::unique_ptr<TargetLogin> login_;
  At at_ = At::Idle;
  std::vector<uint32_t> asked_;
  std::vector<uint32_t> asked_types_;
  std::vector<uint32_t> missing_;  // asked, and not seen: known to have no origin until forget_missing()
  std::vector<uint32_t> missing_types_;
  SourcesQuestion asked_sources_;  // with a text: this is asked, and nothing of the above
  Found found_;
  std::unordered_map<std::string, Found> sources_;  // by the question's text
  size_t answers_ = 0;                              // of the questions in the message: how many are over
  std::shared_ptr<Types> types_ = std::make_shared<Types>();
  Tables tables_;
  Tables answer_;
  size_t column_count_ = 0;
  size_t answer_column_count_ = 0;
  bool answer_failed_ = false;
  bool stale_ = false;  // invalidated while a question was under way: it is asked again
};

}  // namespace sallyport::pg
