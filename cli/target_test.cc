#include "cli/target_test.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "cli/pg_client.h"
#include "cli/policy_source.h"
#include "cli/remote.h"
#include "cli/secret.h"
#include "config/quantity.h"
#include "core/guard/explain.h"
#include "core/guard/fakes.h"

namespace sallyport::cli {

namespace {

constexpr int dial_timeout_s = 10;

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

Result<Socket> dial(const config::Target& target, std::string& where) {
  std::string tried;
  for (const config::Address& address : target.addresses) {
    const auto found = resolve(address);
    if (!found) {
      tried += (tried.empty() ? "" : "; ") + found.error().text;
      continue;
    }
    for (const Address& one : *found) {
      Socket made(socket(one.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
      // The time to send is also the time that connect() may take (socket(7)).
      const timeval limit = {.tv_sec = dial_timeout_s, .tv_usec = 0};
      setsockopt(made.fd(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
      setsockopt(made.fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
      where = one.text();
      if (connect(made.fd(), reinterpret_cast<const sockaddr*>(&one.storage), one.size) == 0) return made;
      tried += (tried.empty() ? "" : "; ") + where + ": " + fail_errno("connect", errno).error().text;
    }
  }
  return fail(tried);
}

// PostgreSQL's SSLRequest (protocol 55.2.11), then a handshake that is verified as the gateway's would be.
Result<std::string> verify_tls(const config::Target& target, int fd) {
  const unsigned char request[] = {0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f};
  char answer = 0;
  if (send(fd, request, sizeof request, MSG_NOSIGNAL) != sizeof request || recv(fd, &answer, 1, 0) != 1) {
    return fail("the target closed on the request for TLS");
  }
  if (answer != 'S') return fail("the target offers no TLS");
  const std::string name = target.tls_name.empty() ? target.addresses.front().host : target.tls_name;
  const Result<TlsContext> context = TlsContext::client(target.tls, target.tls_ca, name, {});
  if (!context) return std::unexpected(context.error());
  const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context->get()), SSL_free);
  if (!ssl || SSL_set_fd(ssl.get(), fd) != 1) return fail("OpenSSL has no memory");
  if (target.tls == config::TargetTls::verify_full) {
    X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl.get());
    const bool set = config::is_numeric_host(name) ? X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) == 1
                                                   : SSL_set1_host(ssl.get(), name.c_str()) == 1;
    if (!set) return fail("cannot check the name " + name);
  }
  if (!config::is_numeric_host(name)) SSL_set_tlsext_host_name(ssl.get(), name.c_str());
  if (SSL_connect(ssl.get()) != 1) {
    const long result = SSL_get_verify_result(ssl.get());
    if (result != X509_V_OK)
      return fail(std::string("its certificate is refused: ") + X509_verify_cert_error_string(result));
    char text[256];
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    return fail(std::string("the handshake failed: ") + text);
  }
  return std::string(SSL_get_version(ssl.get())) + (target.tls == config::TargetTls::require
                                                        ? ", certificate not verified (tls = \"require\")"
                                                        : ", certificate verified for " + name);
}

// The listener that this machine reaches the target by.
const config::Listener* listener_of(const config::Config& config, const config::Target& target) {
  const auto found = std::ranges::find_if(config.listeners, [&target](const config::Listener& listener) {
    return listener.protocol == target.protocol &&
           (listener.target.empty() || listener.target == target.name);
  });
  return found == config.listeners.end() ? nullptr : &*found;
}

Result<PgClient> log_in(const config::Config& config, const config::Target& target, const std::string& as) {
  const config::Listener* listener = listener_of(config, target);
  if (!listener) return fail("no listener leads to it");
  const std::filesystem::path ca = config.file.parent_path() / "tls/ca.crt";
  const bool verifies = listener->tls && std::filesystem::exists(ca);
  PgWhere where;
  where.host = listener->address.host == "0.0.0.0" ? "127.0.0.1"
               : listener->address.host == "::"    ? "::1"
                                                   : listener->address.host;
  where.port = listener->address.port;
  where.user = as + "," + target.name;
  const Result<std::string> secret = secret_of(as);
  if (!secret) return std::unexpected(secret.error());
  where.secret = *secret;
  where.database = target.database.empty() ? where.user : target.database;
  where.tls = listener->tls.has_value();
  if (verifies) where.ca = ca.string();
  return PgClient::open(where, dial_timeout_s);
}

Result<std::string> ask(PgClient& client, const std::string& query) {
  const Result<PgAnswer> answer = client.run(query, PgForm::simple, dial_timeout_s * 1000);
  if (!answer) return std::unexpected(answer.error());
  if (!answer->sqlstate.empty()) return fail(answer->text());
  if (answer->rows.size() != 1 || answer->rows[0].empty()) return fail("no row came");
  return answer->rows[0][0].value_or("");
}

TargetFinding prove_mask(const PolicySource& source, const config::Target& target, const std::string& as,
                         PgClient& client) {
  const config::User* user = source.policy->user(as);
  const std::vector<std::string> groups = user ? user->groups : std::vector<std::string>();
  const std::string fake_email = guard::fake_of(guard::DetectorId::Email).text;
  const guard::FieldNote note = guard::explain_field(*source.policy, target, groups, "email", "");
  const Result<std::string> seen = ask(client, "SELECT '" + fake_email + "' AS email");
  if (!seen) return {"mask", false, seen.error().text};
  if (*seen != fake_email) return {"mask", true, fake_email + " came back as " + *seen};
  const bool applies = std::ranges::any_of(
      note.masks, [](const guard::MaskNote& mask) { return mask.applies && !mask.mask->detect.empty(); });
  if (applies) return {"mask", false, fake_email + " came back unmasked, though a mask by content applies"};
  return {"mask", true,
          note.masks.empty() ? "no mask covers this target"
                             : "no mask by content applies to " + as + "; masks by name are not tried here"};
}

struct Role {
  std::string name;  // as pg_hba.conf names it
  bool replicates = false;
};

// Whom a target sees: the user of a login; of roles that are made, the control connection's user and the
// members of the role that all of them are in. Several logins may have the same one.
std::vector<Role> roles_of(const config::Target& target) {
  std::vector<Role> roles;
  const auto add = [&roles](const std::string& name, bool replicates) {
    if (name.empty()) return;
    const auto known = std::ranges::find(roles, name, &Role::name);
    if (known == roles.end()) {
      roles.push_back({name, replicates});
    } else {
      known->replicates = known->replicates || replicates;
    }
  };
  for (const config::Login& login : target.logins) {
    const config::Credential& credential = login.credential;
    const bool replicates = std::ranges::find(login.permit, "replication") != login.permit.end();
    add(login.user, replicates);
    const std::string group = !credential.owner.empty()      ? credential.owner
                              : credential.member_of.empty() ? ""
                                                             : credential.member_of.front();
    if (!group.empty()) add("+" + group, replicates);
  }
  return roles;
}

std::string databases_of(const config::Target& target) {
  if (target.databases.empty()) return target.database.empty() ? "all" : target.database;
  std::string all;
  for (const std::string& one : target.databases) all += (all.empty() ? "" : ",") + one;
  return all;
}

// What lets the gateway in and nobody else, for the roles that it uses. There "all" does not mean connections
// for replication.
std::vector<std::string> pg_hba_lines(const config::Target& target, const std::string& gateway) {
  std::vector<std::string> lines;
  const std::string size = gateway.find(':') == gateway.npos ? "/32" : "/128";
  const char* type = target.tls == config::TargetTls::off ? "host   " : "hostssl";
  const std::vector<Role> roles = roles_of(target);
  for (const Role& role : roles) {
    const std::string databases = databases_of(target) + (role.replicates ? ",replication" : "");
    lines.push_back(std::string(type) + "  " + databases + "  " + role.name + "  " + gateway + size +
                    "  scram-sha-256");
  }
  for (const Role& role : roles) lines.push_back("local    all,replication  " + role.name + "  reject");
  for (const Role& role : roles) lines.push_back("host     all,replication  " + role.name + "  all  reject");
  return lines;
}

void log_in_and_prove(const PolicySource& source, const config::Target& target, const std::string& as,
                      TargetReport& report) {
  Result<PgClient> client = log_in(source.policy->config(), target, as);
  if (!client) return report.findings.push_back({"login", false, client.error().text});
  const Result<std::string> address = ask(*client, "SELECT host(inet_client_addr())");
  report.findings.push_back({"login", true,
                             "through the gateway as " + as + "; the target sees " +
                                 address.value_or("an address that policy hides")});
  report.findings.push_back(prove_mask(source, target, as, *client));
  report.pg_hba = pg_hba_lines(target, address && !address->empty() ? *address : "ADDRESS-OF-THE-GATEWAY");
}

}  // namespace

TargetReport test_target(const Context& context, const std::string& name, const std::string& as) {
  TargetReport report;
  const auto source = read_policy(context);
  if (!source) return report;
  const config::Target* target = source->policy->target(name);
  if (!target) {
    report.findings.push_back(
        {"config", false, "no target \"" + name + "\"; `sallyport targets` lists them"});
    return report;
  }
  std::string where;
  const Result<Socket> socket = dial(*target, where);
  report.findings.push_back(
      {"dial", socket.has_value(), socket ? "connected to " + where : socket.error().text});
  if (!socket) return report;
  const bool is_postgresql = target->protocol == "postgresql";
  if (target->tls == config::TargetTls::off) {
    report.findings.push_back({"tls", true, "off: the way to the target is in plaintext"});
  } else if (is_postgresql) {
    const Result<std::string> verified = verify_tls(*target, socket->fd());
    report.findings.push_back({"tls", verified.has_value(), verified ? *verified : verified.error().text});
    if (!verified) return report;
  }
  if (!is_postgresql || as.empty()) {
    report.findings.push_back({"login", is_postgresql ? false : true,
                               is_postgresql ? "not tried: --as NAME says whom to log in as"
                                             : "not tried: only known for postgresql"});
    return report;
  }
  log_in_and_prove(*source, *target, as, report);
  return report;
}

}  // namespace sallyport::cli
