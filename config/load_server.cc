// [server], [log].
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "config/limits.h"
#include "config/loader.h"

namespace sallyport::config {
namespace {

constexpr const char* default_state_dir = "/var/lib/sallyport";

// One ring folder for each (user, state_dir), so that gateways beside each other do not meet. FNV-1a.
std::string ring_dir_of(const std::filesystem::path& state_dir) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : state_dir.string()) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  char text[17];
  snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return "/dev/shm/sallyport-" + std::to_string(getuid()) + "-" + text;
}

void load_plugins(Loader& loader, Reader& reader) {
  Server& server = loader.config.server;
  if (!reader.has("plugins")) loader.plugins_missing_at = reader.place();
  reader.names("plugins", server.plugins);
  if (std::erase(server.plugins, opaque_protocol) > 0)
    reader.problem("plugins", "plugins: \"tcp\" needs none: leave it out");
  const Value* digests = reader.table("plugin_digests", "{ NAME = \"sha256 in hex\" }");
  if (digests == nullptr) return;
  for (const Value& digest : digests->items) {
    const bool is_hex = digest.kind == Value::Kind::string && digest.text.size() == 64 &&
                        digest.text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
    if (!is_hex) {
      reader.problem_at(digest.place,
                        "plugin_digests." + digest.key + ": write the file's SHA-256 as 64 hex digits");
    } else if (std::ranges::find(server.plugins, digest.key) == server.plugins.end()) {
      reader.problem_at(digest.place,
                        "plugin_digests." + digest.key + " pins a plugin that `plugins` does not name");
    } else {
      std::string text = digest.text;
      for (char& c : text) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
      server.plugin_digests[digest.key] = text;
    }
  }
}

void load_workers(Reader& reader, uint32_t& out) {
  const Value* workers = reader.find("workers");
  if (workers == nullptr) return;
  if (workers->kind == Value::Kind::string && workers->text == "auto") return;
  if (workers->kind != Value::Kind::integer || workers->integer < 1 ||
      workers->integer > static_cast<int64_t>(limits::core_count_max)) {
    reader.problem_at(workers->place, "workers: write \"auto\" or a number from 1 to " +
                                          std::to_string(limits::core_count_max));
    return;
  }
  out = static_cast<uint32_t>(workers->integer);
}

}  // namespace

void load_server(Loader& loader, const Value* table) {
  Server& server = loader.config.server;
  server.state_dir = default_state_dir;
  server.connect_timeout_ms = limits::connect_timeout_ms;
  server.handshake_timeout_ms = limits::handshake_timeout_ms;
  server.login_timeout_ms = limits::login_timeout_ms;
  server.idle_timeout_ms = limits::idle_timeout_ms;
  server.drain_timeout_ms = limits::drain_timeout_ms;
  server.session_count_max = limits::session_count_max;
  server.failed_login_count_max = limits::failed_login_count_max;
  if (table == nullptr) {
    loader.problems.add({loader.files.front(), 1},
                        "[server] is missing: write [server] and plugins = [\"postgresql\"]");
    return;
  }
  Reader reader(*table, "[server]", loader.problems);
  load_workers(reader, server.worker_count);
  reader.path("state_dir", loader.folder, server.state_dir);
  reader.path("plugin_dir", loader.folder, server.plugin_dir);
  load_plugins(loader, reader);
  reader.duration("connect_timeout", server.connect_timeout_ms, limits::timeout_max_ms);
  reader.duration("handshake_timeout", server.handshake_timeout_ms, limits::timeout_max_ms);
  reader.duration("login_timeout", server.login_timeout_ms, limits::timeout_max_ms);
  if (reader.duration("idle_timeout", server.idle_timeout_ms, limits::timeout_max_ms, true) &&
      server.idle_timeout_ms == UINT32_MAX) {
    server.idle_timeout_ms = 0;
  }
  reader.duration("drain_timeout", server.drain_timeout_ms, limits::timeout_max_ms);
  reader.count("failed_logins", server.failed_login_count_max, 0, limits::failed_login_count_cap);
  reader.count("sessions", server.session_count_max, 1, limits::session_count_cap);
  for (const auto& [key, timeout_ms] : {std::pair("connect_timeout", server.connect_timeout_ms),
                                        std::pair("handshake_timeout", server.handshake_timeout_ms),
                                        std::pair("login_timeout", server.login_timeout_ms)}) {
    if (timeout_ms == 0) reader.problem(key, std::string(key) + " is 0: nothing could ever connect");
  }
  reader.finish();
}

void load_log(Loader& loader, const Value* table) {
  Log& log = loader.config.log;
  log.directory = loader.config.server.state_dir / "log";
  log.ring_dir = ring_dir_of(loader.config.server.state_dir);
  log.ring_size = limits::log_ring_size;
  log.segment_size = limits::log_segment_size;
  if (table == nullptr) return;
  Reader reader(*table, "[log]", loader.problems);
  reader.path("directory", loader.folder, log.directory);
  reader.path("ring_dir", loader.folder, log.ring_dir);
  reader.size("ring_size", log.ring_size, 4 * limits::record_size_max, limits::log_ring_size_max);
  reader.size("segment_size", log.segment_size, limits::log_segment_size_setting_min,
              limits::log_segment_size_setting_max);
  if (reader.size("quota", log.quota, limits::log_segment_size_setting_min, UINT64_MAX) &&
      log.quota < 2 * log.segment_size) {
    reader.problem("quota", "quota must have room for two segments: write at least twice segment_size");
  }
  load_log_keeping(loader, reader);
  reader.finish();
}

}  // namespace sallyport::config
