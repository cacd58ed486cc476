#include "core/control/world.h"

#include <fcntl.h>
#include <netdb.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "config/check.h"
#include "core/path/opaque.h"

namespace sallyport {

namespace {

namespace fs = std::filesystem;

constexpr uint32_t certificates_since_minor = 2;  // of the plugins' ABI

// None for the opaque protocol. Policy::compile has refused every other one without its plugin.
const Plugin* plugin_of(const std::string& protocol, const Plugins& plugins) {
  if (protocol == config::opaque_protocol) return nullptr;
  const auto plugin = plugins.find(protocol);
  CHECK(plugin != plugins.end());
  return &plugin->second;
}

std::vector<std::string> alpn_of(const Plugin* plugin) {
  std::vector<std::string> names;
  if (!plugin) return names;
  const sp_manifest& manifest = *plugin->abi->manifest;
  for (size_t i = 0; i < manifest.alpn_count; ++i)
    names.emplace_back(manifest.alpn[i].data, manifest.alpn[i].size);
  return names;
}

// The key behind the salts of unknown names lives with the state, so that they stay the same over restarts.
SecretBytes false_salt_key(const fs::path& state_dir) {
  const fs::path path = state_dir / "false-salt.key";
  std::array<std::byte, 32> key{};
  const int old = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  const bool read_whole = old >= 0 && read(old, key.data(), key.size()) == static_cast<ssize_t>(key.size());
  if (old >= 0) close(old);
  if (read_whole) return SecretBytes(std::span<const std::byte>(key));
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), static_cast<int>(key.size())) == 1);
  const int made = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (made >= 0) {
    // Not being able to keep it costs only the stability over restarts.
    [[maybe_unused]] const ssize_t ignored = write(made, key.data(), key.size());
    close(made);
  }
  return SecretBytes(std::span<const std::byte>(key));
}

// Without a plugin_dir: where a build leaves them beside the executable, then where an installation does.
fs::path plugin_path(const config::Config& config, const std::string& name) {
  if (!config.server.plugin_dir.empty()) return config.server.plugin_dir / (name + ".so");
  std::error_code error;
  const fs::path home = fs::read_symlink("/proc/self/exe", error).parent_path().parent_path();
  const fs::path built = home / "plugins" / name / (name + ".so");
  if (fs::exists(built, error)) return built;
  return home / SALLYPORT_PLUGIN_DIR / (name + ".so");
}

TargetState target_state(const config::Target& target, const Plugin* plugin, bool strict,
                         Problems& problems) {
  TargetState state;
  state.target = &target;
  state.plugin = plugin;
  const auto soft = [&](std::string text, const config::Place& place) {
    if (strict) problems.push_back({place, text});
    return text;
  };
  for (const config::Address& address : target.addresses) {
    Result<std::vector<Address>> found = resolve(address);
    if (found) {
      state.addresses.insert(state.addresses.end(), found->begin(), found->end());
    } else {
      state.error = soft(found.error().text, target.place);
    }
  }
  if (!target.addresses.empty()) state.host = target.addresses.front().text();
  if (plugin) state.options = options_of(target, *plugin->abi->manifest);
  for (const config::Login& login : target.logins) {
    LoginState made;
    made.user = login.user;
    if (login.password.source != config::Secret::Source::none) {
      made.file = config::look_at(login.password);
      Result<std::string> password = config::read_secret(login.password);
      if (password) {
        made.password = SecretBytes(*password);
        explicit_bzero(password->data(), password->size());
      } else {
        made.error = soft(password.error().text, login.password.place);
      }
    }
    state.logins.push_back(std::move(made));
  }
  if (target.tls != config::TargetTls::off) {
    std::string name = target.tls_name;
    if (name.empty() && !target.addresses.empty()) name = target.addresses.front().host;
    Result<TlsContext> tls = TlsContext::client(target.tls, target.tls_ca, name, {});
    if (tls) {
      state.tls = std::move(*tls);
    } else {
      problems.push_back({target.place, tls.error().text});
    }
  }
  return state;
}

// Without its key a mask cannot hide what it is for: never served without.
void add_token_keys(const guard::Policy& policy, Snapshot& snapshot, Problems& problems) {
  for (const config::TokenKey& key : policy.token_keys()) {
    Result<std::string> secret = config::read_token_secret(key);
    if (!secret) {
      problems.push_back({key.place, secret.error().text});
      continue;
    }
    guard::TokenKeyBlock block = guard::token_key_block(*secret);
    explicit_bzero(secret->data(), secret->size());
    snapshot.token_blocks.emplace_back(std::span<const std::byte>(block));
    explicit_bzero(block.data(), block.size());
    snapshot.token_keys.push_back({key.id, snapshot.token_blocks.back().bytes()});
  }
}

// A policy may be there beside problems: later steps look at it for more of them.
struct PolicyLoading {
  config::Loading loading;
  std::shared_ptr<const guard::Policy> policy;
};

}  // namespace

Result<void> make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return fail_errno("make the folder " + path.string(), errno);
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
    return fail(path.string() + " is not a folder");
  if (info.st_uid != geteuid()) {
    return fail(path.string() +
                " belongs to another user: run as that user, or set another folder in the config");
  }
  return {};
}

Problems load_plugins(const config::Config& config, Plugins& plugins) {
  Problems problems;
  for (const std::string& name : config.server.plugins) {
    if (plugins.contains(name)) continue;
    const fs::path path = plugin_path(config, name);
    const auto pin = config.server.plugin_digests.find(name);
    LoadOptions options;
    if (pin != config.server.plugin_digests.end()) options.digest = pin->second;
    Result<Plugin> plugin = load_plugin(path, options);
    if (plugin) {
      plugins.emplace(name, std::move(*plugin));
    } else {
      problems.push_back({{config.file.string(), 1}, "plugin " + name + ": " + plugin.error().text});
    }
  }
  return problems;
}

static PolicyLoading load_policy_anyway(const fs::path& file, Plugins& plugins) {
  PolicyLoading out{.loading = config::load_all(file), .policy = nullptr};
  if (!out.loading.readable) return out;
  out.loading.add(load_plugins(out.loading.config, plugins));
  std::vector<const sp_manifest*> manifests;
  for (const auto& [name, plugin] : plugins) manifests.push_back(plugin.abi->manifest);
  manifests.push_back(&opaque_manifest());
  auto policy = guard::Policy::compile(out.loading.config, manifests);
  if (policy) {
    out.policy = std::move(*policy);
  } else {
    out.loading.add(std::move(policy.error()));
  }
  return out;
}

std::expected<std::shared_ptr<const guard::Policy>, Problems> load_policy(const fs::path& file,
                                                                          Plugins& plugins) {
  PolicyLoading made = load_policy_anyway(file, plugins);
  if (!made.loading.problems.empty()) return std::unexpected(std::move(made.loading).sorted());
  return std::move(made.policy);
}

std::expected<SnapshotPointer, Problems> load_snapshot(const fs::path& file, Plugins& plugins,
                                                       Purpose purpose, const std::string& canary_verifier) {
  PolicyLoading made = load_policy_anyway(file, plugins);
  SnapshotPointer snapshot;
  if (made.policy) {
    auto built = build_snapshot(made.policy, plugins, purpose, canary_verifier);
    if (built) {
      snapshot = std::move(*built);
    } else {
      made.loading.add(std::move(built.error()));
    }
  } else if (made.loading.readable && purpose != Purpose::start) {
    made.loading.add(config::check_files(made.loading.config));
  }
  if (!made.loading.problems.empty()) return std::unexpected(std::move(made.loading).sorted());
  return snapshot;
}

std::expected<SnapshotPointer, Problems> build_snapshot(std::shared_ptr<const guard::Policy> policy,
                                                        const Plugins& plugins, Purpose purpose,
                                                        const std::string& canary_verifier) {
  const bool strict = purpose == Purpose::check || purpose == Purpose::reload;
  Problems problems;
  auto snapshot = std::make_shared<Snapshot>();
  const config::Config& config = policy->config();
  if (strict) config::check_issuers(config, problems);
  if (strict) config::check_webhooks(config, problems);
  for (const config::Target& target : config.targets) {
    snapshot->targets.push_back(target_state(target, plugin_of(target.protocol, plugins), strict, problems));
  }
  for (const config::Listener& listener : config.listeners) {
    ListenerState state;
    state.listener = &listener;
    state.plugin = plugin_of(listener.protocol, plugins);
    if (listener.tls) {
      Result<TlsContext> tls = TlsContext::listener(listener, alpn_of(state.plugin));
      if (tls) {
        state.tls = std::move(*tls);
      } else {
        problems.push_back({listener.place, tls.error().text});
      }
    }
    const bool is_asked = listener.tls && !listener.tls->client_ca.empty();
    if (is_asked && state.plugin && state.plugin->abi->abi_minor < certificates_since_minor)
      problems.push_back({listener.place, "the plugin for " + listener.protocol +
                                              " is too old for client certificates: leave client_ca out"});
    snapshot->listeners.push_back(std::move(state));
  }
  if (config.admin.tls) {
    Result<TlsContext> tls = TlsContext::server(config.admin.tls->certificate, config.admin.tls->key, {});
    if (tls) {
      snapshot->admin_tls = std::move(*tls);
    } else {
      problems.push_back({config.admin.place, "[admin] tls: " + tls.error().text});
    }
  }
  add_token_keys(*policy, *snapshot, problems);
  if (purpose == Purpose::start) {
    Result<void> made = make_folder(config.server.state_dir);
    if (!made) problems.push_back({{config.file.string(), 1}, made.error().text});
  }
  if (!problems.empty()) return std::unexpected(std::move(problems));
  if (purpose != Purpose::check) snapshot->false_salt_key = false_salt_key(config.server.state_dir);
  snapshot->canary = {.name = config::canary_name,
                      .groups = config.canary.groups,
                      .secret = canary_verifier,
                      .os_user = {},
                      .certificate = {},
                      .place = {}};
  snapshot->policy = std::move(policy);
  return snapshot;
}

Result<std::vector<Address>> resolve(const config::Address& address) {
  const addrinfo hints = {.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG,
                          .ai_family = AF_UNSPEC,
                          .ai_socktype = SOCK_STREAM,
                          .ai_protocol = 0,
                          .ai_addrlen = 0,
                          .ai_addr = nullptr,
                          .ai_canonname = nullptr,
                          .ai_next = nullptr};
  if (auto literal = Address::parse(address.text())) return std::vector<Address>{*literal};
  addrinfo* found = nullptr;
  const int result = getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (result != 0) return fail("cannot resolve " + address.host + ": " + gai_strerror(result));
  std::vector<Address> all;
  for (const addrinfo* at = found; at; at = at->ai_next) {
    Address one;
    memcpy(&one.storage, at->ai_addr, at->ai_addrlen);
    one.size = at->ai_addrlen;
    all.push_back(one);
  }
  freeaddrinfo(found);
  return all;
}

}  // namespace sallyport
