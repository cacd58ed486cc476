// A PostgreSQL client that gives up in time, over libpq: for commands that prove what comes through the
// gateway. Any thread, one at a time.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/error.h"

namespace sallyport::cli {

struct PgWhere {
  std::string host, user, secret, database;
  uint16_t port = 0;
  bool tls = false;
  std::string ca;  // PEM file that must have signed the certificate; empty: not looked at
};

// How a statement goes and how its values come back.
enum class PgForm : uint8_t { simple, extended_text, extended_binary };

struct PgAnswer {
  std::vector<std::vector<std::optional<std::string>>>
      rows;                           // of the last result; a COPY's lines, one value each
  std::string sqlstate;               // not empty: it failed
  std::vector<std::string> messages;  // every field of the error and of notices
  std::string error;                  // its primary message

  [[nodiscard]] std::string text() const { return sqlstate + " " + error; }
};

class PgClient {
 public:
  static Result<PgClient> open(const PgWhere& where, int timeout_s);

  // An error here: the connection is lost, or the time is over and the connection with it.
  [[nodiscard]] Result<PgAnswer> run(const std::string& sql, PgForm form, int timeout_ms);

 private:
  using Connection = std::unique_ptr<PGconn, void (*)(PGconn*)>;
  using Notices = std::vector<std::string>;
  explicit PgClient(Connection connection);

  [[nodiscard]] Result<void> wait(int64_t deadline_ns, bool to_write) const;
  [[nodiscard]] Result<void> flush(int64_t deadline_ns) const;
  [[nodiscard]] Result<void> take_copy(PgAnswer& answer, int64_t deadline_ns) const;
  [[nodiscard]] std::string last_error() const;

  Connection connection_;
  std::unique_ptr<Notices> notices_;  // libpq's receiver has its address
};

}  // namespace sallyport::cli
