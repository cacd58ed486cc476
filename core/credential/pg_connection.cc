#include "core/credential/pg_connection.h"

#include <libpq-fe.h>
#include <openssl/x509.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <array>

#include "config/clock.h"

namespace sallyport::credential {

namespace {

constexpr int64_t ms = 1'000'000;
constexpr int look_interval_ms = 100;  // at `stopping`

enum class Wait : uint8_t { ready, late, stopped };

Wait wait_for(int fd, short events, int64_t deadline_ns, const std::atomic<bool>& stopping) {
  for (;;) {
    if (stopping.load()) return Wait::stopped;
    const int64_t left_ms = (deadline_ns - steady_ns()) / ms;
    if (left_ms <= 0) return Wait::late;
    pollfd watched = {.fd = fd, .events = events, .revents = 0};
    if (poll(&watched, 1, static_cast<int>(std::min<int64_t>(left_ms, look_interval_ms))) > 0)
      return Wait::ready;
  }
}

PgFault gave_up(Wait wait) {
  return {wait == Wait::late ? PgFault::Kind::timed_out : PgFault::Kind::unreachable,
          wait == Wait::late ? "no answer in time" : "the gateway is shutting down", ""};
}

std::string trimmed(const char* text) {
  std::string out = text != nullptr ? text : "";
  while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
  return out;
}

// libpq 15 finds no system's CAs by itself.
std::string system_ca() {
  for (const char* path :
       {static_cast<const char*>(getenv(X509_get_default_cert_file_env())), X509_get_default_cert_file(),
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"}) {
    if (path != nullptr && access(path, R_OK) == 0) return path;
  }
  return "no-system-ca";  // a file that is not there: verifying fails and says so
}

const char* ssl_mode(config::TargetTls tls) {
  switch (tls) {
    case config::TargetTls::off: return "disable";
    case config::TargetTls::require: return "require";
    case config::TargetTls::verify_ca: return "verify-ca";
    case config::TargetTls::verify_full: return "verify-full";
  }
  return "verify-full";
}

// What a server sends is never believed to be an operator's words: control characters are taken out.
std::string plain(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  if (text.size() > 300) text.resize(300);
  return text;
}

struct Host {
  std::string address, port;
};

Host host_of(const Address& address) {
  const std::string text = address.text();
  const size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  return {host, text.substr(colon + 1)};
}

}  // namespace

void PgConnection::Close::operator()(pg_conn* connection) const { PQfinish(connection); }

PgFault PgConnection::broken() const {
  return {PgFault::Kind::unreachable, plain(trimmed(PQerrorMessage(connection_.get()))), ""};
}

PgResult<PgConnection> PgConnection::open(const TargetState& target, const LoginState& login,
                                          const std::string& database, int64_t deadline_ns,
                                          const std::atomic<bool>& stopping) {
  PgFault last = {PgFault::Kind::unreachable, target.error.empty() ? "it has no address" : target.error, ""};
  if (login.password.empty())
    return std::unexpected(
        PgFault{PgFault::Kind::refused, "the control connection's secret: " + login.error, ""});
  for (const Address& address : target.addresses) {
    auto made = open_at(target, login, address, database, deadline_ns, stopping);
    if (made) return made;
    last = std::move(made.error());
    if (last.kind != PgFault::Kind::unreachable) break;
  }
  return std::unexpected(std::move(last));
}

PgResult<PgConnection> PgConnection::open_at(const TargetState& target, const LoginState& login,
                                             const Address& address, const std::string& database,
                                             int64_t deadline_ns, const std::atomic<bool>& stopping) {
  const config::Target& config = *target.target;
  const Host host = host_of(address);
  const std::string name = config.tls_name.empty() ? config.addresses.front().host : config.tls_name;
  const std::string ca = config.tls_ca.empty() ? system_ca() : config.tls_ca.string();
  const bool verifies =
      config.tls == config::TargetTls::verify_ca || config.tls == config::TargetTls::verify_full;
  std::string password(login.password.text());
  // All that the environment could say otherwise is said here.
  const std::array<const char*, 14> keys = {"host",
                                            "hostaddr",
                                            "port",
                                            "user",
                                            "password",
                                            "dbname",
                                            "sslmode",
                                            "sslrootcert",
                                            "gssencmode",
                                            "options",
                                            "application_name",
                                            "target_session_attrs",
                                            "client_encoding",
                                            nullptr};
  const std::array<const char*, 14> values = {name.c_str(),
                                              host.address.c_str(),
                                              host.port.c_str(),
                                              login.user.c_str(),
                                              password.c_str(),
                                              database.c_str(),
                                              ssl_mode(config.tls),
                                              verifies ? ca.c_str() : "none",
                                              "disable",
                                              "-c search_path=pg_catalog -c lock_timeout=5000 -c "
                                              "statement_timeout=10000 -c client_min_messages=error",
                                              "sallyport",
                                              "any",
                                              "UTF8",
                                              nullptr};
  PgConnection made(PQconnectStartParams(keys.data(), values.data(), 0));
  explicit_bzero(password.data(), password.size());
  PGconn* raw = made.connection_.get();
  if (raw == nullptr || PQstatus(raw) == CONNECTION_BAD) return std::unexpected(made.broken());
  PostgresPollingStatusType next = PGRES_POLLING_WRITING;
  while (next != PGRES_POLLING_OK) {
    const Wait wait =
        wait_for(PQsocket(raw), next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline_ns, stopping);
    if (wait != Wait::ready) return std::unexpected(gave_up(wait));
    const bool was_reached = PQstatus(raw) != CONNECTION_STARTED;
    next = PQconnectPoll(raw);
    if (next != PGRES_POLLING_FAILED) continue;
    PgFault fault = made.broken();
    if (was_reached) fault.kind = PgFault::Kind::refused;
    return std::unexpected(std::move(fault));
  }
  return made;
}

PgResult<PgConnection::Rows> PgConnection::run(const std::string& sql, int64_t deadline_ns,
                                               const std::atomic<bool>& stopping) {
  PGconn* raw = connection_.get();
  if (PQsendQuery(raw, sql.c_str()) != 1) return std::unexpected(broken());
  Rows rows;
  std::optional<PgFault> rejected;
  for (;;) {
    while (PQisBusy(raw) != 0) {
      const Wait wait = wait_for(PQsocket(raw), POLLIN, deadline_ns, stopping);
      if (wait != Wait::ready) return std::unexpected(gave_up(wait));
      if (PQconsumeInput(raw) != 1) return std::unexpected(broken());
    }
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQgetResult(raw), &PQclear);
    if (!result) break;
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_TUPLES_OK) {
      rows.clear();
      for (int i = 0; i < PQntuples(result.get()); ++i) {
        if (PQgetisnull(result.get(), i, 0) == 0) rows.emplace_back(PQgetvalue(result.get(), i, 0));
      }
    } else if (status != PGRES_COMMAND_OK && !rejected) {
      const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
      rejected = PgFault{PgFault::Kind::rejected,
                         plain(trimmed(PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY))),
                         state != nullptr ? state : ""};
    }
    if (PQstatus(raw) == CONNECTION_BAD) return std::unexpected(broken());
  }
  if (rejected) return std::unexpected(std::move(*rejected));
  return rows;
}

}  // namespace sallyport::credential
