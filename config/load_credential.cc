// A login's `credential`.
#include <algorithm>
#include <charconv>

#include "config/limits.h"
#include "config/loader.h"
#include "config/quantity.h"

namespace sallyport::config {
namespace {

constexpr size_t role_name_size_max = 63;  // NAMEDATALEN - 1
constexpr std::string_view role_mark = "{role}";

// "90d"; milliseconds in 32 bits end at 49 days.
void load_age_max(Reader& reader, Credential& credential) {
  credential.age_max_days = limits::secret_age_max_days;
  std::string text;
  if (!reader.text("max_age", text)) return;
  if (text == "forever") {
    credential.age_max_days = 0;
    return;
  }
  uint32_t days = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), days);
  if (error != std::errc() || std::string_view(end) != "d" || days == 0 || days > 36'500)
    return reader.problem("max_age",
                          "max_age is " + in_quotes(text) + ": write days, as in \"90d\", or \"forever\"");
  credential.age_max_days = days;
}

void load_lease(Reader& reader, Credential& credential, uint32_t lease_ms, uint32_t lease_max_ms) {
  credential.lease_ms = lease_ms;
  credential.lease_max_ms = lease_max_ms;
  reader.duration("lease", credential.lease_ms, limits::lease_cap_ms);
  if (credential.lease_ms < limits::lease_min_ms)
    reader.problem("lease", "lease is too short to log in with: write at least \"1s\"");
  const bool says_max = reader.duration("lease_max", credential.lease_max_ms, limits::lease_cap_ms);
  if (!says_max) credential.lease_max_ms = std::max(credential.lease_max_ms, credential.lease_ms);
  if (credential.lease_max_ms < credential.lease_ms)
    reader.problem("lease_max", "lease_max is shorter than lease, which it bounds");
}

void load_user_and_password(Loader& loader, Reader& reader, Login& login) {
  reader.require("user", "user = \"…\"");
  reader.require("password", "password = \"file:…\"");
  reader.text("user", login.user);
  reader.secret("password", loader.folder, login.password);
  load_age_max(reader, login.credential);
}

// What a template may hold, so that nothing in it can end the statement or hide what stands in it.
std::string grant_fault(const std::string& grant) {
  if (grant.size() > limits::grant_size_max) return "is longer than 1024 bytes";
  if (!lower_case(grant.substr(0, 6)).starts_with("grant "))
    return "is no GRANT: write \"GRANT … TO {role}\"";
  if (grant.find_first_of(";'\\$`") != grant.npos || grant.find("--") != grant.npos ||
      grant.find("/*") != grant.npos)
    return "holds ; ' \\ $ ` or a comment: write one plain GRANT, names in double quotes if need be";
  std::string rest = grant;
  size_t count = 0;
  for (size_t at = rest.find(role_mark); at != rest.npos; at = rest.find(role_mark)) {
    rest.erase(at, role_mark.size());
    ++count;
  }
  if (count == 0) return "does not say {role} where the role's name goes";
  if (rest.find_first_of("{}") != rest.npos) return "holds { or } beside {role}";
  if (std::ranges::count(rest, '"') % 2 != 0) return "has a double quote without its other one";
  return "";
}

void check_role_name(Reader& reader, const char* key, const std::string& name, const Login& login) {
  if (name.size() > role_name_size_max)
    reader.problem(key, std::string(key) + " names " + in_quotes(name) + ", which is longer than 63 bytes");
  if (name == login.user)
    reader.problem(key, std::string(key) + " is the user of the control connection: name another role");
}

void load_role(Loader& loader, Reader& reader, const Target& target, Login& login) {
  Credential& credential = login.credential;
  load_user_and_password(loader, reader, login);
  if (target.protocol != "postgresql")
    reader.problem("kind", "kind = \"postgresql-role\" is for targets with protocol = \"postgresql\"");
  credential.database = target.database.empty() ? "postgres" : target.database;
  reader.text("database", credential.database);
  if (reader.text("owner", credential.owner)) check_role_name(reader, "owner", credential.owner, login);
  reader.texts("member_of", credential.member_of);
  for (const std::string& role : credential.member_of) check_role_name(reader, "member_of", role, login);
  reader.texts("grants", credential.grants);
  if (credential.grants.size() > limits::grant_count_max)
    reader.problem("grants", "grants holds more than 64");
  for (const std::string& grant : credential.grants) {
    if (const std::string fault = grant_fault(grant); !fault.empty())
      reader.problem("grants", "grants: " + in_quotes(grant) + " " + fault);
  }
  if (credential.owner.empty() && credential.member_of.empty() && credential.grants.empty())
    reader.problem("kind",
                   "gives the role nothing: write owner = \"…\", member_of = [\"…\"] or grants = [\"GRANT … "
                   "TO {role}\"]");
  load_lease(reader, credential, limits::lease_default_ms, limits::lease_max_default_ms);
}

void load_vault_path(Reader& reader, Login& login) {
  Credential& credential = login.credential;
  reader.require("vault", "vault = \"…\", the name of a [[vault]]");
  reader.name("vault", credential.vault);
  reader.require("path", "path = \"secret/data/NAME\" (KV v2) or \"database/creds/ROLE\"");
  if (!reader.text("path", credential.path)) return;
  const std::string& path = credential.path;
  const bool is_plain =
      path.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/") ==
          path.npos &&
      path.front() != '/' && path.back() != '/' && path.find("//") == path.npos &&
      path.find("..") == path.npos;
  const bool is_database = path.find("/creds/") != path.npos;
  if (!is_plain || (!is_database && path.find("/data/") == path.npos))
    return reader.problem(
        "path", "path is " + in_quotes(path) + ": write \"MOUNT/data/NAME\" (KV v2) or \"MOUNT/creds/ROLE\"");
  credential.engine = is_database ? VaultEngine::database : VaultEngine::key_value;
}

void load_from_vault(Reader& reader, Login& login) {
  Credential& credential = login.credential;
  load_vault_path(reader, login);
  const bool is_database = credential.engine == VaultEngine::database;
  credential.field = "password";
  credential.user_field = "username";
  if (is_database) {
    reader.refuse("field", "a database's answer has its fields: leave it out");
    reader.refuse("user_field", "a database's answer has its fields: leave it out");
    reader.refuse("user", "the vault names the user: leave it out");
    return load_lease(reader, credential, limits::lease_default_ms, limits::lease_max_default_ms);
  }
  reader.text("field", credential.field);
  if (reader.text("user", login.user) && reader.has("user_field"))
    reader.problem("user_field", "user_field is never looked at beside user: leave one of them out");
  reader.text("user_field", credential.user_field);
  load_lease(reader, credential, limits::lease_fetched_default_ms, limits::lease_fetched_default_ms);
}

// Each part with its length before it, so that no two lists of parts read the same.
std::string meaning_of(const Login& login, const Target& target) {
  const Credential& credential = login.credential;
  std::string out = std::to_string(static_cast<int>(credential.kind)) + " " +
                    std::to_string(credential.lease_ms) + " " + std::to_string(credential.lease_max_ms) + " ";
  const auto add = [&out](const std::string& part) { out += std::to_string(part.size()) + ":" + part; };
  for (const std::string* part : {&login.user, &credential.database, &credential.owner, &credential.vault,
                                  &credential.path, &credential.field, &credential.user_field})
    add(*part);
  for (const auto* parts : {&credential.member_of, &credential.grants}) {
    out += std::to_string(parts->size()) + "[";
    for (const std::string& part : *parts) add(part);
  }
  for (const Address& address : target.addresses) add(address.text());
  return out;
}

}  // namespace

void load_credential(Loader& loader, const Value& table, const std::string& where, const Target& target,
                     Login& login) {
  Reader reader(table, where, loader.problems);
  reader.choice("kind", login.credential.kind,
                {{"static", CredentialKind::fixed},
                 {"postgresql-role", CredentialKind::postgresql_role},
                 {"vault", CredentialKind::vault}});
  switch (login.credential.kind) {
    case CredentialKind::fixed: load_user_and_password(loader, reader, login); break;
    case CredentialKind::postgresql_role: load_role(loader, reader, target, login); break;
    case CredentialKind::vault: load_from_vault(reader, login); break;
  }
  reader.finish();
  login.credential.meaning = meaning_of(login, target);
}

}  // namespace sallyport::config
