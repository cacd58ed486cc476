#include "core/control/store.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include "core/control/grant_text.h"
#include "core/control/ticket_text.h"

namespace sallyport {

namespace {

constexpr int version = 2;
// From each version to the next.
constexpr const char* schema[version] = {
    R"(
CREATE TABLE ticket(id TEXT PRIMARY KEY, scram TEXT NOT NULL, digest BLOB NOT NULL, bearer TEXT NOT NULL,
                    targets TEXT NOT NULL, created_ns INTEGER NOT NULL, expires_ns INTEGER NOT NULL,
                    origin TEXT NOT NULL) STRICT;
CREATE TABLE closed(identity TEXT PRIMARY KEY, reason TEXT NOT NULL) STRICT;
PRAGMA user_version = 1;
)",
    R"(
CREATE TABLE access_grant(id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
PRAGMA user_version = 2;
)"};

}  // namespace

// A prepared statement of one call.
class Store::Statement {
 public:
  Statement(Store& store, const char* sql) : store_(store) {
    good_ = sqlite3_prepare_v2(store.database_, sql, -1, &statement_, nullptr) == SQLITE_OK;
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& text(int at, std::string_view value) {
    if (good_)
      sqlite3_bind_text(statement_, at, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
    return *this;
  }
  Statement& blob(int at, std::span<const uint8_t> value) {
    if (good_)
      sqlite3_bind_blob(statement_, at, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
    return *this;
  }
  Statement& number(int at, int64_t value) {
    if (good_) sqlite3_bind_int64(statement_, at, value);
    return *this;
  }

  Result<void> done(const char* doing) {
    if (!good_ || sqlite3_step(statement_) != SQLITE_DONE) return store_.failed(doing);
    return {};
  }
  // True: there is a row.
  Result<bool> next(const char* doing) {
    const int step = good_ ? sqlite3_step(statement_) : SQLITE_ERROR;
    if (step == SQLITE_ROW) return true;
    if (step == SQLITE_DONE) return false;
    return store_.failed(doing);
  }
  [[nodiscard]] std::string text_at(int column) const {
    const void* bytes = sqlite3_column_blob(statement_, column);
    const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column));
    return bytes ? std::string(static_cast<const char*>(bytes), size) : std::string();
  }
  [[nodiscard]] int64_t number_at(int column) const { return sqlite3_column_int64(statement_, column); }

 private:
  Store& store_;
  sqlite3_stmt* statement_ = nullptr;
  bool good_ = false;
};

std::unexpected<Error> Store::failed(const std::string& doing) const {
  return fail(doing + ": " + sqlite3_errmsg(database_));
}

Result<void> Store::run(const char* sql) {
  if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return failed("write the store");
  return {};
}

// All of it or nothing.
Result<void> Store::change(const std::function<Result<void>()>& what) {
  if (Result<void> begun = run("BEGIN IMMEDIATE"); !begun) return begun;
  Result<void> done = what();
  if (done) done = run("COMMIT");
  if (!done) (void)run("ROLLBACK");
  return done;
}

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& state_dir) {
  const std::string path = (state_dir / "store.sqlite").string();
  const mode_t before = umask(0077);
  sqlite3* database = nullptr;
  const int opened = sqlite3_open_v2(
      path.c_str(), &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW, nullptr);
  std::unique_ptr<Store> store(new Store(database));
  const auto make = [&]() -> Result<void> {
    if (opened != SQLITE_OK) return store->failed("open it");
    sqlite3_busy_timeout(database, 1000);
    if (auto set =
            store->run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF");
        !set)
      return set;
    int64_t found = 0;
    {
      Statement statement(*store, "PRAGMA user_version");
      Result<bool> row = statement.next("read the store's version");
      if (!row) return std::unexpected(std::move(row.error()));
      found = statement.number_at(0);
    }
    if (found < 0 || found > version)
      return fail("it was written by a newer Sallyport: run that one, or move the file away");
    for (; found < version; ++found) {
      if (auto changed = store->change([&] { return store->run(schema[found]); }); !changed) return changed;
    }
    return {};
  };
  Result<void> made = make();
  umask(before);
  if (!made) return std::unexpected(std::move(made.error()).in("open " + path));
  return store;
}

Store::~Store() { sqlite3_close_v2(database_); }

Result<void> Store::add_ticket(const identity::Ticket& ticket) {
  return Statement(*this, "INSERT INTO ticket VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
      .text(1, ticket.id)
      .text(2, ticket.scram.text())
      .blob(3, ticket.digest)
      .text(4, identity_text(*ticket.identity))
      .text(5, targets_text(ticket.targets))
      .number(6, ticket.created_ns)
      .number(7, ticket.expires_ns)
      .text(8, ticket.from)
      .done("keep a ticket");
}

Result<void> Store::remove_tickets(const std::vector<std::string>& ids) {
  return change([&]() -> Result<void> {
    for (const std::string& id : ids) {
      if (auto done = Statement(*this, "DELETE FROM ticket WHERE id = ?").text(1, id).done("remove a ticket");
          !done)
        return done;
    }
    return {};
  });
}

Result<std::vector<identity::TicketPointer>> Store::tickets() {
  std::vector<identity::TicketPointer> all;
  Statement rows(*this,
                 "SELECT id, scram, digest, bearer, targets, created_ns, expires_ns, origin FROM ticket");
  for (;;) {
    Result<bool> row = rows.next("read the tickets");
    if (!row) return std::unexpected(std::move(row.error()));
    if (!*row) return all;
    auto ticket = std::make_shared<identity::Ticket>();
    ticket->id = rows.text_at(0);
    const Result<config::ScramSecret> scram = config::parse_scram_secret(rows.text_at(1));
    const std::string digest = rows.text_at(2);
    ticket->identity = parse_identity(rows.text_at(3));
    if (!scram || digest.size() != ticket->digest.size() || !ticket->identity) continue;
    ticket->scram = *scram;
    std::copy(digest.begin(), digest.end(), ticket->digest.begin());
    ticket->targets = parse_targets(rows.text_at(4));
    ticket->created_ns = rows.number_at(5);
    ticket->expires_ns = rows.number_at(6);
    ticket->from = rows.text_at(7);
    all.push_back(std::move(ticket));
  }
}

Result<void> Store::add_grant(const identity::Grant& grant) {
  return Statement(*this, "INSERT INTO access_grant VALUES (?, ?)")
      .text(1, grant.id)
      .text(2, grant_text(grant))
      .done("keep a grant");
}

Result<void> Store::remove_grants(const std::vector<std::string>& ids) {
  return change([&]() -> Result<void> {
    for (const std::string& id : ids) {
      if (auto done =
              Statement(*this, "DELETE FROM access_grant WHERE id = ?").text(1, id).done("remove a grant");
          !done)
        return done;
    }
    return {};
  });
}

Result<std::vector<identity::GrantPointer>> Store::grants() {
  std::vector<identity::GrantPointer> all;
  Statement rows(*this, "SELECT body FROM access_grant");
  for (;;) {
    Result<bool> row = rows.next("read the grants");
    if (!row) return std::unexpected(std::move(row.error()));
    if (!*row) return all;
    if (identity::GrantPointer grant = parse_grant(rows.text_at(0))) all.push_back(std::move(grant));
  }
}

// The empty name stands for everybody.
Result<void> Store::write_closed(const Closed& closed) {
  return change([&]() -> Result<void> {
    if (auto cleared = run("DELETE FROM closed"); !cleared) return cleared;
    std::map<std::string, std::string> rows(closed.identities.begin(), closed.identities.end());
    if (!closed.all.empty()) rows[""] = closed.all;
    for (const auto& [identity, reason] : rows) {
      auto done = Statement(*this, "INSERT INTO closed VALUES (?, ?)")
                      .text(1, identity)
                      .text(2, reason)
                      .done("note who is kept out");
      if (!done) return done;
    }
    return {};
  });
}

Result<Closed> Store::closed() {
  Closed closed;
  Statement rows(*this, "SELECT identity, reason FROM closed");
  for (;;) {
    Result<bool> row = rows.next("read who is kept out");
    if (!row) return std::unexpected(std::move(row.error()));
    if (!*row) return closed;
    const std::string identity = rows.text_at(0);
    (identity.empty() ? closed.all : closed.identities[identity]) = rows.text_at(1);
  }
}

}  // namespace sallyport
