// A connection of the gateway's own to a PostgreSQL server, with a deadline on everything it does. Blocks: on
// a worker, never on the control thread. One thread at a time. Source: PostgreSQL manual, "libpq", 34.1
// (PQconnectPoll) and 34.4 (asynchronous commands).
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/error.h"
#include "core/control/snapshot.h"

struct pg_conn;

namespace sallyport::credential {

// Why something failed. `public_text` is for callers and names no detail of the target; `text` is for the
// operator.
struct PgFault {
  enum class Kind : uint8_t { unreachable, refused, timed_out, rejected };
  Kind kind = Kind::unreachable;
  std::string text;
  std::string sqlstate;  // of `rejected`
};
template <typename T>
using PgResult = std::expected<T, PgFault>;

class PgConnection {
 public:
  using Rows = std::vector<std::string>;  // the first column; NULL is left out

  // `deadline_ns` of steady_ns(). Gives up when `stopping` becomes true.
  [[nodiscard]] static PgResult<PgConnection> open(const TargetState& target, const LoginState& login,
                                                   const std::string& database, int64_t deadline_ns,
                                                   const std::atomic<bool>& stopping);
  PgConnection(PgConnection&&) noexcept = default;
  PgConnection& operator=(PgConnection&&) noexcept = default;

  // One message, one transaction. After anything but `rejected` the connection is good for nothing more.
  [[nodiscard]] PgResult<Rows> run(const std::string& sql, int64_t deadline_ns,
                                   const std::atomic<bool>& stopping);

 private:
  struct Close {
    void operator()(pg_conn* connection) const;
  };
  explicit PgConnection(pg_conn* connection) : connection_(connection) {}
  static PgResult<PgConnection> open_at(const TargetState& target, const LoginState& login,
                                        const Address& address, const std::string& database,
                                        int64_t deadline_ns, const std::atomic<bool>& stopping);
  [[nodiscard]] PgFault broken() const;

  std::unique_ptr<pg_conn, Close> connection_;
};

}  // namespace sallyport::credential
