#include "cli/pg_client.h"

#include <errno.h>
#include <poll.h>

#include <algorithm>

#include "config/clock.h"

namespace sallyport::cli {

namespace {

using PgResult = std::unique_ptr<PGresult, void (*)(PGresult*)>;

constexpr int64_t ms = 1'000'000;

// Fields of ErrorResponse and NoticeResponse (protocol 55.8).
void take_messages(const PGresult* result, std::vector<std::string>& messages) {
  for (const char field : std::string_view("SVCMDHPpqWstcdnFLR")) {
    if (const char* text = PQresultErrorField(result, field)) messages.emplace_back(text);
  }
}

void on_notice(void* to, const PGresult* result) {
  take_messages(result, *static_cast<std::vector<std::string>*>(to));
}

void take_rows(const PGresult* result, PgAnswer& answer) {
  answer.rows.clear();
  for (int row = 0; row < PQntuples(result); ++row) {
    auto& values = answer.rows.emplace_back();
    for (int column = 0; column < PQnfields(result); ++column) {
      const auto size = static_cast<size_t>(PQgetlength(result, row, column));
      values.push_back(PQgetisnull(result, row, column)
                           ? std::nullopt
                           : std::optional(std::string(PQgetvalue(result, row, column), size)));
    }
  }
}

}  // namespace

PgClient::PgClient(Connection connection)
    : connection_(std::move(connection)), notices_(std::make_unique<Notices>()) {
  PQsetNoticeReceiver(connection_.get(), on_notice, notices_.get());
}

Result<PgClient> PgClient::open(const PgWhere& where, int timeout_s) {
  const std::string port = std::to_string(where.port), timeout = std::to_string(timeout_s);
  // Without a CA of ours libpq would take one of the user's home, if there is one, and verify by that.
  const std::string ca = where.ca.empty() ? "/nonexistent/root.crt" : where.ca;
  const char* mode = !where.tls ? "disable" : where.ca.empty() ? "require" : "verify-full";
  const char* names[] = {"host",
                         "port",
                         "user",
                         "password",
                         "dbname",
                         "sslmode",
                         "sslrootcert",
                         "gssencmode",
                         "fallback_application_name",
                         "client_encoding",
                         "connect_timeout",
                         nullptr};
  const char* values[] = {where.host.c_str(),
                          port.c_str(),
                          where.user.c_str(),
                          where.secret.c_str(),
                          where.database.c_str(),
                          mode,
                          ca.c_str(),
                          "disable",
                          "sallyport",
                          "UTF8",
                          timeout.c_str(),
                          nullptr};
  PgClient client(Connection(PQconnectdbParams(names, values, 0), PQfinish));
  if (PQstatus(client.connection_.get()) != CONNECTION_OK) return fail(client.last_error());
  if (PQsetnonblocking(client.connection_.get(), 1) != 0) return fail(client.last_error());
  return client;
}

Result<PgAnswer> PgClient::run(const std::string& sql, PgForm form, int timeout_ms) {
  PGconn* connection = connection_.get();
  const int64_t deadline_ns = steady_ns() + int64_t{timeout_ms} * ms;
  const int sent = form == PgForm::simple
                       ? PQsendQuery(connection, sql.c_str())
                       : PQsendQueryParams(connection, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr,
                                           form == PgForm::extended_binary ? 1 : 0);
  if (sent != 1) return fail(last_error());
  notices_->clear();
  PgAnswer answer;
  for (;;) {
    if (Result<void> out = flush(deadline_ns); !out) return std::unexpected(out.error());
    while (PQisBusy(connection) != 0) {
      if (Result<void> in = wait(deadline_ns, false); !in) return std::unexpected(in.error());
      if (PQconsumeInput(connection) != 1) return fail(last_error());
    }
    const PgResult result(PQgetResult(connection), PQclear);
    if (!result) break;
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_TUPLES_OK) take_rows(result.get(), answer);
    if (status == PGRES_COPY_OUT) {
      if (Result<void> copied = take_copy(answer, deadline_ns); !copied)
        return std::unexpected(copied.error());
    } else if (status == PGRES_FATAL_ERROR) {
      const char* sqlstate = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
      if (sqlstate == nullptr) return fail(last_error());  // libpq's own: the connection is lost
      answer.sqlstate = sqlstate;
      const char* primary = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
      answer.error = primary == nullptr ? "" : primary;
      take_messages(result.get(), answer.messages);
    }
  }
  std::ranges::move(*notices_, std::back_inserter(answer.messages));
  return answer;
}

Result<void> PgClient::wait(int64_t deadline_ns, bool to_write) const {
  const int64_t left_ms = (deadline_ns - steady_ns()) / ms;
  if (left_ms <= 0) return fail("no whole answer in time");
  pollfd ready = {.fd = PQsocket(connection_.get()),
                  .events = static_cast<short>(POLLIN | (to_write ? POLLOUT : 0)),
                  .revents = 0};
  if (poll(&ready, 1, static_cast<int>(std::min<int64_t>(left_ms, 1000))) < 0 && errno != EINTR)
    return fail_errno("poll", errno);
  return {};
}

Result<void> PgClient::flush(int64_t deadline_ns) const {
  for (int left = PQflush(connection_.get()); left != 0; left = PQflush(connection_.get())) {
    if (left < 0) return fail(last_error());
    if (Result<void> ready = wait(deadline_ns, true); !ready) return ready;
    if (PQconsumeInput(connection_.get()) != 1) return fail(last_error());
  }
  return {};
}

Result<void> PgClient::take_copy(PgAnswer& answer, int64_t deadline_ns) const {
  answer.rows.clear();
  for (;;) {
    char* line = nullptr;
    const int size = PQgetCopyData(connection_.get(), &line, 1);
    if (size > 0) answer.rows.push_back({std::string(line, static_cast<size_t>(size))});
    PQfreemem(line);
    if (size == -1) return {};
    if (size == -2) return fail(last_error());
    if (size != 0) continue;
    if (Result<void> in = wait(deadline_ns, false); !in) return in;
    if (PQconsumeInput(connection_.get()) != 1) return fail(last_error());
  }
}

std::string PgClient::last_error() const {
  std::string text = PQerrorMessage(connection_.get());
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace sallyport::cli
