#include "core/credential/role_keeper.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#include <array>

#include "config/check.h"
#include "config/clock.h"
#include "config/limits.h"
#include "config/quantity.h"
#include "config/scram_secret.h"

namespace sallyport::credential {

namespace {

constexpr int64_t ms = 1'000'000;
constexpr size_t kept_count_max = limits::lease_minting_count_max;
constexpr uint64_t clock_grace_ms = 5000;  // between what the server counts from and what we do
constexpr uint32_t session_end_wait_ms = 1000;
constexpr char undefined_object[] = "42704";

int64_t deadline() { return steady_ns() + int64_t{limits::lease_work_timeout_ms} * ms; }
uint64_t life_ms(int64_t life_ns) { return static_cast<uint64_t>(life_ns / ms) + clock_grace_ms; }

Fault fault_of(const Task& task, const PgFault& fault, const char* what) {
  const std::string target = "target " + config::in_quotes(task.target().target->name) + ": ";
  Fault out{.public_text = {}, .text = task.name() + ": " + what + ": " + fault.text, .may_exist = true};
  switch (fault.kind) {
    case PgFault::Kind::unreachable:
    case PgFault::Kind::timed_out:
      out.public_text = target +
                        "the gateway's control connection is down, so no role can be made for you: try again "
                        "later, or tell its operator";
      break;
    case PgFault::Kind::refused:
      out.public_text =
          target +
          "it refuses the gateway's control connection, so no role can be made for you: tell its "
          "operator";
      break;
    case PgFault::Kind::rejected:
      out.may_exist = false;
      out.public_text =
          target + "it refused to make a role for you (SQLSTATE " + fault.sqlstate + "): tell its operator";
      out.text += " (SQLSTATE " + fault.sqlstate + ")";
      break;
  }
  return out;
}

// A password that nobody has to remember, and what the server keeps of it.
struct Secret {
  std::shared_ptr<Key> key;
  std::string verifier;
};

Secret make_secret(const std::string& role) {
  std::array<uint8_t, 40> random{};
  CHECK(RAND_bytes(random.data(), random.size()) == 1);
  std::string password = mark_of(random, random.size());  // 200 bits
  explicit_bzero(random.data(), random.size());
  const auto verifier = config::make_scram_secret(password);
  CHECK(verifier);
  std::array<std::byte, 32> salted{};
  CHECK(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), verifier->salt.data(),
                          static_cast<int>(verifier->salt.size()), static_cast<int>(verifier->iterations),
                          EVP_sha256(), salted.size(), reinterpret_cast<unsigned char*>(salted.data())) == 1);
  auto key = std::make_shared<Key>();
  key->kind = "postgresql-role";
  key->lease = role;
  key->user = role;
  key->password = SecretBytes(password);
  key->salt.assign(verifier->salt.begin(), verifier->salt.end());
  key->iterations = verifier->iterations;
  key->salted_password = SecretBytes(std::span<const std::byte>(salted));
  explicit_bzero(password.data(), password.size());
  explicit_bzero(salted.data(), salted.size());
  return {std::move(key), verifier->text()};
}

}  // namespace

Outcome<Made> RoleKeeper::mint(const Task& task, const std::string& role, int64_t life_ns) {
  Secret secret = make_secret(role);
  const std::string comment = "made by Sallyport gateway " + prefix_.gateway + " for " + task.identity +
                              ", target " + task.name() + "; dropped by it when its lease ends";
  const std::string sql =
      create_role_sql(task.credential(), role, secret.verifier, life_ms(life_ns), comment);
  const int64_t deadline_ns = deadline();
  const auto done = with_connection(task, deadline_ns, [&](PgConnection& connection, bool again) {
    return connection.run((again ? drop_role_sql(role) + "\n" : "") + sql, deadline_ns, stopping_);
  });
  if (!done) return std::unexpected(fault_of(task, done.error(), "make a role"));
  return Made{.key = std::move(secret.key), .life_ns = life_ns, .handle = role};
}

Outcome<void> RoleKeeper::renew(const Task& task, const std::string& role, int64_t life_ns) {
  const int64_t deadline_ns = deadline();
  const auto done = with_connection(task, deadline_ns, [&](PgConnection& connection, bool) {
    return connection.run(renew_role_sql(role, life_ms(life_ns)), deadline_ns, stopping_);
  });
  if (!done) return std::unexpected(fault_of(task, done.error(), "renew a role"));
  return {};
}

Outcome<void> RoleKeeper::drop(const Task& task, const std::string& role) {
  const int64_t deadline_ns = deadline();
  const auto done = with_connection(task, deadline_ns, [&](PgConnection& connection, bool) {
    return drop_on(connection, task, role, deadline_ns);
  });
  if (!done) return std::unexpected(fault_of(task, done.error(), "drop a role"));
  return {};
}

Outcome<size_t> RoleKeeper::sweep(const Task& task) {
  const int64_t list_deadline_ns = deadline();
  const auto orphans = with_connection(task, list_deadline_ns, [&](PgConnection& connection, bool) {
    return connection.run(orphans_sql(prefix_), list_deadline_ns, stopping_);
  });
  if (!orphans) return std::unexpected(fault_of(task, orphans.error(), "look for orphaned roles"));
  size_t count = 0;
  std::optional<Fault> first;
  for (const std::string& role : *orphans) {
    const auto dropped = drop(task, role);
    if (dropped) {
      ++count;
      continue;
    }
    if (!first) first = Fault{dropped.error().public_text, role + ": " + dropped.error().text, true};
    if (dropped.error().may_exist) break;  // the connection is down
  }
  if (first) return std::unexpected(std::move(*first));
  return count;
}

PgResult<RoleKeeper::Rows> RoleKeeper::drop_on(PgConnection& connection, const Task& task,
                                               const std::string& role, int64_t deadline_ns) {
  const auto run = [&](const std::string& sql) { return connection.run(sql, deadline_ns, stopping_); };
  auto done = run(lock_role_sql(role));
  if (!done && done.error().sqlstate == undefined_object) return Rows{};
  if (!done) return done;
  done = run(end_sessions_sql(role, session_end_wait_ms));
  if (!done) return done;
  const auto databases = run(databases_sql(role));
  if (!databases) return databases;
  if (done = disown(connection, task, role, deadline_ns); !done) return done;
  for (const std::string& database : *databases) {
    if (database == task.credential().database) continue;
    auto other = PgConnection::open(task.target(), task.login_state(), database, deadline_ns, stopping_);
    if (!other) return std::unexpected(std::move(other.error()));
    if (done = disown(*other, task, role, deadline_ns); !done) return done;
  }
  return run(drop_role_sql(role));
}

// Where the owner is gone, or may not have it, somebody keeps it who may nothing: nothing is lost.
PgResult<RoleKeeper::Rows> RoleKeeper::disown(PgConnection& connection, const Task& task,
                                              const std::string& role, int64_t deadline_ns) {
  auto done = connection.run(own_sql(role, task.credential().owner), deadline_ns, stopping_);
  if (done || done.error().kind != PgFault::Kind::rejected || task.credential().owner.empty()) return done;
  return connection.run(own_sql(role, ""), deadline_ns, stopping_);
}

// ---- Connections -----------------------------------------------------------------------------------------

PgResult<RoleKeeper::Rows> RoleKeeper::with_connection(const Task& task, int64_t deadline_ns,
                                                       const Use& use) {
  const std::string of = task.target().target->name + "\n" + task.credential().meaning;
  bool again = false;
  for (PgConnection& connection : take(of)) {
    auto done = use(connection, false);
    if (done || done.error().kind == PgFault::Kind::rejected) {
      keep(of, std::move(connection));
      return done;
    }
    if (done.error().kind != PgFault::Kind::unreachable) return done;
    again = true;
  }
  auto fresh = PgConnection::open(task.target(), task.login_state(), task.credential().database, deadline_ns,
                                  stopping_);
  if (!fresh) return std::unexpected(std::move(fresh.error()));
  auto done = use(*fresh, again);
  if (done || done.error().kind == PgFault::Kind::rejected) keep(of, std::move(*fresh));
  return done;
}

std::vector<PgConnection> RoleKeeper::take(const std::string& of) {
  const std::lock_guard lock(mutex_);
  std::vector<PgConnection> out;
  const auto found = kept_.find(of);
  if (found == kept_.end()) return out;
  out.push_back(std::move(found->second.back()));
  found->second.pop_back();
  if (found->second.empty()) kept_.erase(found);
  return out;
}

void RoleKeeper::keep(const std::string& of, PgConnection connection) {
  const std::lock_guard lock(mutex_);
  auto& here = kept_[of];
  if (here.size() < kept_count_max) here.push_back(std::move(connection));
}

}  // namespace sallyport::credential
