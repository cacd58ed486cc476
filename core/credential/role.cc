#include "core/credential/role.h"

#include <algorithm>

#include "config/check.h"

namespace sallyport::credential {

namespace {

constexpr char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";
constexpr size_t random_mark_size = 8;

// VALID UNTIL takes no expression, and the gateway's clock is not the server's.
std::string valid_until(const std::string& role, uint64_t life_ms) {
  return "DO $sp$ BEGIN EXECUTE pg_catalog.format('ALTER ROLE " + quoted_name(role) +
         " VALID UNTIL %L', pg_catalog.clock_timestamp() + interval '" + std::to_string(life_ms) +
         " milliseconds'); END $sp$;\n";
}

std::string doubled(std::string_view text, char mark) {
  std::string out;
  for (const char c : text) {
    if (c == mark) out += mark;
    out += c;
  }
  return out;
}

}  // namespace

std::string mark_of(std::span<const uint8_t> random, size_t size) {
  CHECK(random.size() >= size);
  std::string out;
  for (size_t i = 0; i < size; ++i) out += alphabet[random[i] % 32];
  return out;
}

bool is_mark(std::string_view text, size_t size) {
  return text.size() == size && text.find_first_not_of(alphabet) == text.npos;
}

std::string role_name(const RolePrefix& prefix, std::string_view identity, std::span<const uint8_t> random) {
  std::string out = prefix.of_start();
  const size_t room = role_size_max - out.size() - 1 - random_mark_size;
  std::string who;
  for (const char c : identity) {
    if (c >= 'A' && c <= 'Z') {
      who += static_cast<char>(c - 'A' + 'a');
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      who += c;
    } else if (!who.ends_with('_')) {
      who += '_';
    }
  }
  out += who.substr(0, room) + "_" + mark_of(random, random_mark_size);
  CHECK(out.size() <= role_size_max);
  return out;
}

std::string quoted_name(std::string_view name) { return "\"" + doubled(name, '"') + "\""; }

// E'' reads backslashes in every setting.
std::string quoted_literal(std::string_view text) {
  const bool escapes = text.find('\\') != text.npos;
  return (escapes ? "E'" : "'") + doubled(doubled(text, '\''), '\\') + "'";
}

std::string create_role_sql(const config::Credential& credential, const std::string& role,
                            const std::string& verifier, uint64_t life_ms, const std::string& comment) {
  const std::string name = quoted_name(role);
  std::string sql = "CREATE ROLE " + name +
                    " LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD " +
                    quoted_literal(verifier) + ";\n" + valid_until(role, life_ms);
  for (const std::string& group : credential.member_of)
    sql += "GRANT " + quoted_name(group) + " TO " + name + ";\n";
  if (!credential.owner.empty()) {
    if (std::ranges::find(credential.member_of, credential.owner) == credential.member_of.end())
      sql += "GRANT " + quoted_name(credential.owner) + " TO " + name + ";\n";
    sql += "ALTER ROLE " + name + " SET role TO " + quoted_literal(credential.owner) + ";\n";
  }
  for (std::string grant : credential.grants) {
    constexpr std::string_view mark = "{role}";
    for (size_t at = grant.find(mark); at != grant.npos; at = grant.find(mark, at + name.size()))
      grant.replace(at, mark.size(), name);
    sql += grant + ";\n";
  }
  return sql + "COMMENT ON ROLE " + name + " IS " + quoted_literal(comment) + ";";
}

std::string renew_role_sql(const std::string& role, uint64_t life_ms) { return valid_until(role, life_ms); }

// Who made the role may not touch its sessions and objects but as its member.
std::string lock_role_sql(const std::string& role) {
  return "ALTER ROLE " + quoted_name(role) + " NOLOGIN PASSWORD NULL;\nGRANT " + quoted_name(role) +
         " TO CURRENT_USER;";
}

std::string end_sessions_sql(const std::string& role, uint32_t wait_ms) {
  return "SELECT pg_catalog.pg_terminate_backend(pid, " + std::to_string(wait_ms) +
         ") FROM pg_catalog.pg_stat_activity WHERE usename = " + quoted_literal(role);
}

std::string databases_sql(const std::string& role) {
  return "SELECT DISTINCT datname FROM pg_catalog.pg_shdepend JOIN pg_catalog.pg_roles r ON refobjid = r.oid "
         "JOIN "
         "pg_catalog.pg_database d ON dbid = d.oid WHERE refclassid = "
         "'pg_catalog.pg_authid'::pg_catalog.regclass AND "
         "r.rolname = " +
         quoted_literal(role) + " AND datallowconn";
}

// The random part stays whole: no two roles leave their things to one.
std::string kept_name(const std::string& role) {
  constexpr std::string_view prefix = "sp_", kept = "kept_";
  std::string name = std::string(kept) + role.substr(role.starts_with(prefix) ? prefix.size() : 0);
  if (name.size() > role_size_max)
    name.erase(role_size_max - 1 - random_mark_size, name.size() - role_size_max);
  return name;
}

// Who gets a function has to be able to make one there (ALTER FUNCTION, "Notes"): the role's own rights lend
// it that, for this one transaction.
std::string own_sql(const std::string& role, const std::string& owner) {
  const std::string name = quoted_name(role), to = quoted_name(owner.empty() ? kept_name(role) : owner);
  const std::string give = "GRANT " + name + " TO " + to + ";\nREASSIGN OWNED BY " + name + " TO " + to +
                           ";\nREVOKE " + name + " FROM " + to + ";\n";
  const std::string drop = "DROP OWNED BY " + name + ";";
  if (!owner.empty()) return "REVOKE " + to + " FROM " + name + ";\n" + give + drop;
  return "DO $sp$ BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_shdepend WHERE deptype = 'o' AND refclassid = "
         "'pg_catalog.pg_authid'::pg_catalog.regclass AND refobjid = (SELECT oid FROM pg_catalog.pg_roles "
         "WHERE rolname = " +
         quoted_literal(role) +
         ") AND dbid IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = "
         "pg_catalog.current_database()))) THEN\nIF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE "
         "rolname "
         "= " +
         quoted_literal(kept_name(role)) + ") THEN CREATE ROLE " + to + " NOLOGIN;\nCOMMENT ON ROLE " + to +
         " IS " + quoted_literal("keeps what " + role + " has left behind; made by a Sallyport gateway") +
         ";\nEND IF;\nGRANT " + to + " TO CURRENT_USER;\n" + give + "END IF; END $sp$;\n" + drop;
}

std::string drop_role_sql(const std::string& role) {
  return "DROP ROLE IF EXISTS " + quoted_name(role) + ";";
}

std::string orphans_sql(const RolePrefix& prefix) {
  const auto begins = [](const std::string& text) {
    return "pg_catalog.starts_with(rolname, " + quoted_literal(text) + ")";
  };
  const std::string letters = std::string("[") + alphabet + "]";
  const std::string any = "^sp_" + letters + "{" + std::to_string(gateway_mark_size) + "}_" + letters + "{" +
                          std::to_string(start_mark_size) + "}_[a-z0-9_]*_" + letters + "{" +
                          std::to_string(random_mark_size) + "}$";
  return "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname ~ " + quoted_literal(any) + " AND NOT " +
         begins(prefix.of_start()) + " AND (" + begins(prefix.of_gateway()) +
         " OR rolvaliduntil < pg_catalog.now() - interval '1 hour') LIMIT 10000";
}

}  // namespace sallyport::credential
