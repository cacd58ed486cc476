// What the story needs in a new installation: two providers, whom a job may speak for, roles made for
// callers, a webhook.
#include <fstream>

#include "cli/demo_oidc.h"
#include "cli/private_file.h"
#include "config/file.h"

namespace sallyport::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* jobs_issuer = "https://ci.demo.example";
constexpr const char* people_issuer = "https://people.demo.example";

constexpr const char* more = R"(
# A provider of jobs and one of people. These stand-ins publish their keys in files; a real one is found by its address.
[[oidc]]
name        = "ci"
preset      = "github-actions"
issuer      = "https://ci.demo.example"
audience    = "sallyport"
keys        = "file:issuers/ci.jwks"
group_names = { "repository:acme/shop" = "agents" }

[[oidc]]
name     = "people"
issuer   = "https://people.demo.example"
audience = "sallyport"
keys     = "file:issuers/people.jwks"

# The job may say for whom it works. That gives it no right; it stands on the record.
[[delegation]]
identities = ["ci:repo:acme/shop:*"]
for        = ["people:*@example.com"]

[admin]
address = "127.0.0.1:@ADMIN@"
roles   = { approver = ["approvers"] }

[[webhook]]
name   = "demo"
url    = "http://127.0.0.1:@HOOK@/approvals"
secret = "file:secrets/hook"
)";

constexpr const char* login = R"(
# A role is born for each caller, and dropped when its lease is over. The minter may make roles and is no superuser.
[target.logins.main.credential]
kind     = "postgresql-role"
user     = "minter"
password = "file:secrets/minter"
owner    = "app"
lease    = "3s"
)";

void put(std::string& in, const std::string& name, const std::string& value) {
  if (const size_t at = in.find(name); at != in.npos) in.replace(at, name.size(), value);
}

// The target's static login becomes a table behind the target.
bool replace_login(std::string& config) {
  const size_t begin = config.find("logins   = {"), end = config.find('\n', begin);
  if (begin == config.npos || end == config.npos) return false;
  config.erase(begin, end + 1 - begin);
  const size_t next = config.find("\n# Personal data", begin);
  if (next == config.npos) return false;
  config.insert(next, login);
  return true;
}

}  // namespace

Result<void> DemoOidc::install(const Setup& setup, const DemoCluster& cluster) {
  const Result<uint16_t> admin = free_port(), hook = free_port();
  if (!admin || !hook) return fail("no free port on 127.0.0.1");
  Result<std::string> config = config::read_file(setup.config_file, 1 << 20);
  if (!config) return std::unexpected(config.error());
  if (!replace_login(*config))
    return fail(setup.config_file.string() + " is not as `sallyport init` writes it");
  std::string text = more;
  put(text, "@ADMIN@", std::to_string(*admin));
  put(text, "@HOOK@", std::to_string(*hook));
  std::ofstream out(setup.config_file, std::ios::binary | std::ios::trunc);
  if (!(out << *config << text).flush()) return fail("cannot write " + setup.config_file.string());
  const std::string minter = random_secret();
  for (const auto& [name, secret] : {std::pair("minter", minter), std::pair("hook", random_secret())}) {
    const fs::path file = setup.directory / "secrets" / name;
    if (Result<void> kept = write_private(file.string(), secret + "\n"); !kept) return kept;
  }
  const fs::path folder = setup.directory / "issuers";
  for (const auto& [name, issuer] : {std::pair("ci", jobs_issuer), std::pair("people", people_issuer)}) {
    const Result<DemoIssuer> made = DemoIssuer::open(folder, name, issuer);
    if (!made) return std::unexpected(made.error());
  }
  const Result<std::string> made =
      cluster.as_superuser({"CREATE ROLE minter LOGIN CREATEROLE PASSWORD '" + minter + "'",
                            "GRANT app TO minter", "CREATE DATABASE scratch OWNER app"});
  return made ? Result<void>() : std::unexpected(made.error());
}

Result<std::unique_ptr<DemoOidc>> DemoOidc::open(const Setup& setup, const DemoCluster& cluster) {
  const auto config = config::load(setup.config_file);
  if (!config) return fail(config.error().front().place.text() + ": " + config.error().front().text);
  if (config->webhooks.empty() || config->admin.address.port == 0)
    return fail(setup.config_file.string() + " is not that of `sallyport demo --oidc`");
  const std::string& url = config->webhooks.front().url;
  const size_t port = url.rfind(':');
  Result<DemoIssuer> jobs = DemoIssuer::open(setup.directory / "issuers", "ci", jobs_issuer);
  Result<DemoIssuer> people = DemoIssuer::open(setup.directory / "issuers", "people", people_issuer);
  const Result<std::string> secret = config::read_private_file(setup.directory / "secrets/hook", 200);
  if (!jobs) return std::unexpected(jobs.error());
  if (!people) return std::unexpected(people.error());
  if (!secret) return std::unexpected(secret.error());
  std::unique_ptr<DemoOidc> story(new DemoOidc(setup, cluster, std::move(*jobs), std::move(*people),
                                               static_cast<uint16_t>(atoi(url.substr(port + 1).c_str()))));
  story->url_ = "http://" + config->admin.address.text();
  story->secret_ = secret->substr(0, secret->find('\n'));
  if (Result<void> open = story->receiver_.start(); !open) return std::unexpected(open.error());
  return story;
}

}  // namespace sallyport::cli
