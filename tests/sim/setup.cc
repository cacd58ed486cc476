#include "tests/sim/setup.h"

#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <tuple>

#include "config/check.h"
#include "config/loader.h"
#include "config/scram_secret.h"
#include "plugins/plugin.h"

namespace sallyport::sim {

namespace {

std::string caller_secret(const std::string& name) {
  std::array<uint8_t, 16> salt{};
  salt.fill(static_cast<uint8_t>(name[0]));
  return config::make_scram_secret(caller_password, salt, scram_rounds)->text();
}

std::string user_text(const std::string& name, const std::string& group) {
  return "[[user]]\nname = \"" + name + "\"\ngroups = [\"" + group + "\"]\nsecret = \"" +
         caller_secret(name) + "\"\n";
}

std::string target_text(const TargetSetup& target) {
  std::string text = "[[target]]\nname = \"" + std::string(target.name) +
                     "\"\nprotocol = \"postgresql\"\naddress = \"" + std::string(target.address) + "\"\n";
  text += "tls = \"off\"\ndatabase = \"shop\"\nallow = [\"staff\", \"pii-readers\"]\n";
  text += "logins = { app = { credential = { user = \"app\", password = \"file:never-read\" } } }\n";
  text += std::string("record = { responses = \"64 KiB\", durability = \"") +
          (target.durable ? "sync" : "group") + "\" }\n";
  return text;
}

std::string config_text() {
  std::string text = R"([server]
plugins = ["postgresql"]
state_dir = "state"
connect_timeout = "2s"
login_timeout = "10s"
drain_timeout = "5s"
[[listener]]
protocol = "postgresql"
address = "127.0.0.1:6432"
)";
  text += user_text("ann", "staff") + user_text("pia", "pii-readers") + user_text("dora", "dba");
  for (const TargetSetup& target : target_setups) text += target_text(target);
  text += R"([[mask]]
name = "personal-data"
targets = ["masked"]
detect = ["@pii", "@secrets"]
fields = ["people.email"]
action = "partial"
except = ["pii-readers"]
[[rule]]
name = "no-delete"
targets = ["clear", "sync", "masked", "gone"]
match = { verb = ["DELETE"] }
action = "deny"
[[rule]]
name = "ask-first"
targets = ["clear", "sync", "masked", "gone"]
match = { verb = ["UPDATE"] }
action = "approve"
approvers = ["dba"]
hold = "2s"
timeout = "5s"
[[rule]]
name = "ask-before-ledger"
targets = ["clear", "sync", "masked", "gone"]
match = { verb = ["COPY"], object = ["ledger"] }
action = "approve"
approvers = ["dba"]
hold = "2s"
timeout = "5s"
[[rule]]
name = "no-vault"
targets = ["clear", "sync", "masked", "gone"]
match = { verb = ["COPY"], object = ["vault"] }
action = "deny"
[[rule]]
name = "daily-work"
targets = ["clear", "sync", "masked", "gone"]
match = { verb = ["SELECT", "INSERT", "BEGIN", "COMMIT", "ROLLBACK", "COPY"] }
action = "allow"
)";
  return text;
}

std::shared_ptr<const guard::Policy> make_policy() {
  namespace fs = std::filesystem;
  std::string name = (fs::temp_directory_path() / "sallyport-sim-XXXXXX").string();
  CHECK(mkdtemp(name.data()) != nullptr);
  std::ofstream(fs::path(name) / "sallyport.toml") << config_text();
  auto config = config::load(fs::path(name) / "sallyport.toml");
  std::error_code ignored;
  fs::remove_all(name, ignored);
  if (!config) {
    for (const config::Problem& problem : config.error()) fprintf(stderr, "%s\n", problem.text.c_str());
  }
  CHECK(config.has_value());
  const std::array manifests = {sallyport_plugin.manifest};
  auto policy = guard::Policy::compile(std::move(*config), manifests);
  if (!policy) {
    for (const config::Problem& problem : policy.error()) fprintf(stderr, "%s\n", problem.text.c_str());
  }
  CHECK(policy.has_value());
  return *policy;
}

SnapshotPointer make_snapshot() {
  static const Plugin plugin = {.abi = &sallyport_plugin, .path = "postgresql.so", .digest = ""};
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->policy = make_policy();
  for (const config::Target& target : snapshot->policy->config().targets) {
    TargetState state;
    state.target = &target;
    state.plugin = &plugin;
    for (const config::Address& address : target.addresses) {
      state.addresses.push_back(Address::parse(address.text()).value());
    }
    LoginState login;
    login.user = "app";
    login.password = SecretBytes(target_password);
    state.logins.push_back(std::move(login));
    snapshot->targets.push_back(std::move(state));
  }
  for (const config::Listener& listener : snapshot->policy->config().listeners) {
    ListenerState state;
    state.listener = &listener;
    state.plugin = &plugin;
    snapshot->listeners.push_back(std::move(state));
  }
  snapshot->false_salt_key = SecretBytes(std::string_view("0123456789abcdef0123456789abcdef"));
  return snapshot;
}

}  // namespace

std::string source_of(uint32_t client) {
  return "192.0.2." + std::to_string(client + 1) + ":" + std::to_string(40'000 + client);
}

SnapshotPointer shared_snapshot() {
  static const SnapshotPointer snapshot = make_snapshot();
  return snapshot;
}

std::string derived_key(std::string_view password, std::string_view salt, uint32_t rounds) {
  static std::map<std::tuple<std::string, std::string, uint32_t>, std::string> known;
  std::string& key = known[{std::string(password), std::string(salt), rounds}];
  if (!key.empty()) return key;
  key.resize(32);
  CHECK(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                          reinterpret_cast<const unsigned char*>(salt.data()), static_cast<int>(salt.size()),
                          static_cast<int>(rounds), EVP_sha256(), static_cast<int>(key.size()),
                          reinterpret_cast<unsigned char*>(key.data())) == 1);
  return key;
}

}  // namespace sallyport::sim
