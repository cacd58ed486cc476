#include "tests/sim/tunnel_setup.h"

#include <stdlib.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "config/check.h"
#include "core/path/opaque.h"

namespace sallyport::sim {

namespace {

std::string config_text() {
  std::string text = "[server]\nstate_dir = \"state\"\nconnect_timeout = \"2s\"\ndrain_timeout = \"5s\"\n";
  for (size_t i = 0; i < std::size(tunnel_listeners); ++i) {
    const std::string name = tunnel_names[i];
    text += "[[listener]]\nprotocol = \"tcp\"\naddress = \"" + std::string(tunnel_listeners[i]) +
            "\"\ntarget = \"" + name + "\"\ngroups = [\"yard\"]\nsources = [\"" +
            (name == "closed" ? "198.51.100.0/24" : "192.0.2.0/24") + "\"]\n[[target]]\nname = \"" + name +
            "\"\nprotocol = \"tcp\"\naddress = \"" + tunnel_targets[i] +
            "\"\ntls = \"off\"\nallow = [\"yard\"]\n";
    if (name == "durable") text += "record = { durability = \"sync\" }\n";
  }
  return text;
}

SnapshotPointer make_snapshot() {
  namespace fs = std::filesystem;
  std::string folder = (fs::temp_directory_path() / "sallyport-sim-XXXXXX").string();
  CHECK(mkdtemp(folder.data()) != nullptr);
  std::ofstream(fs::path(folder) / "sallyport.toml") << config_text();
  auto config = config::load(fs::path(folder) / "sallyport.toml");
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  if (!config) {
    for (const config::Problem& problem : config.error()) fprintf(stderr, "%s\n", problem.text.c_str());
  }
  CHECK(config.has_value());
  const std::array manifests = {&opaque_manifest()};
  auto policy = guard::Policy::compile(std::move(*config), manifests);
  CHECK(policy.has_value());
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->policy = *policy;
  for (const config::Target& target : snapshot->policy->config().targets) {
    TargetState state;
    state.target = &target;
    state.addresses = {Address::parse(target.addresses.front().text()).value()};
    snapshot->targets.push_back(std::move(state));
  }
  for (const config::Listener& listener : snapshot->policy->config().listeners) {
    snapshot->listeners.push_back({.listener = &listener, .plugin = nullptr, .tls = {}});
  }
  return snapshot;
}

}  // namespace

SnapshotPointer shared_tunnel_snapshot() {
  static const SnapshotPointer snapshot = make_snapshot();
  return snapshot;
}

}  // namespace sallyport::sim
