// sallyport log key: what auditors hold, what they held before, and a new one.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "cli/log_export.h"
#include "cli/record_text.h"
#include "cli/remote.h"
#include "cli/table.h"
#include "config/clock.h"
#include "ringlog/root_chain.h"
#include "ringlog/session_name.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;

struct Options {
  std::string public_key;  // file
  bool rotate = false;
};

std::string hex(const ringlog::PublicKey& key) { return ringlog::to_hex(std::as_bytes(std::span(key))); }

// SHA-256 of the key, as it is read out on a telephone.
std::string fingerprint(const ringlog::PublicKey& key) {
  ringlog::Sha256 sha;
  sha.add(std::as_bytes(std::span(key)));
  const std::string digits = ringlog::to_hex(sha.finish());
  std::string text = digits.substr(0, 2);
  for (size_t i = 2; i < digits.size(); i += 2) text += ":" + digits.substr(i, 2);
  return text;
}

json past_json(const std::vector<ringlog::Rotation>& rotations) {
  json all = json::array();
  for (const ringlog::Rotation& one : rotations) {
    all.push_back({{"key", hex(one.old_root)},
                   {"fingerprint", fingerprint(one.old_root)},
                   {"until_ns", one.time_ns},
                   {"last_instance", one.instance}});
  }
  return all;
}

void print_key(const Context& context, const ringlog::PublicKey& key, const std::string& file,
               const std::vector<ringlog::Rotation>& rotations) {
  if (context.json) {
    puts(json_text({{"algorithm", "Ed25519"},
                    {"key", hex(key)},
                    {"fingerprint", fingerprint(key)},
                    {"file", file},
                    {"past", past_json(rotations)}})
             .c_str());
    return;
  }
  printf("%s\n%s\n", hex(key).c_str(), dim("SHA-256 " + fingerprint(key)).c_str());
  for (const ringlog::Rotation& one : rotations) {
    printf("%s  until %s\n", hex(one.old_root).c_str(), time_text(static_cast<int64_t>(one.time_ns)).c_str());
  }
}

// As the gateway locks it: neither runs beside the other.
bool lock_state(const Context& context, const std::string& state_dir) {
  const std::string path = state_dir + "/lock";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
  print_error(context, errno == EWOULDBLOCK
                           ? "a gateway runs on this state_dir; stop it, rotate, start it again"
                           : path + ": " + strerror(errno));
  if (fd >= 0) close(fd);
  return false;  // else locked until this process ends
}

int rotate(const Context& context, const config::Config& config) {
  const std::string state_dir = config.server.state_dir.string();
  if (!become_owner(context, state_dir) || !lock_state(context, state_dir)) return exit_no;
  ringlog::Files& files = ringlog::system_files();
  const auto done = ringlog::rotate_root(files, state_dir, config.log.directory.string(),
                                         ringlog::system_random(), static_cast<uint64_t>(wall_ns()));
  if (done) return exit_done;
  print_error(context, done.error().text);
  return exit_no;
}

int key(const Context& context, const Options& options) {
  ringlog::Files& files = ringlog::system_files();
  std::string file = options.public_key;
  std::vector<ringlog::Rotation> rotations;
  if (file.empty()) {
    const auto config = read_config(context);
    if (!config) return exit_unreachable;
    if (const int exit = options.rotate ? rotate(context, *config) : int{exit_done}; exit != exit_done)
      return exit;
    file = (config->server.state_dir / "log.pub").string();
    auto read = ringlog::read_rotations(files, config->log.directory.string());
    if (!read) {
      print_error(context, read.error().text);
      return exit_no;
    }
    rotations = std::move(*read);
  }
  const auto held = ringlog::read_public_key(files, file);
  if (!held) {
    print_error(context, held.error().text);
    return exit_unreachable;
  }
  print_key(context, *held, file, rotations);
  return exit_done;
}

}  // namespace

bool become_owner(const Context& context, const std::string& folder) {
  struct stat info {};
  if (stat(folder.c_str(), &info) != 0 || info.st_uid == geteuid()) return true;
  if (geteuid() == 0 && setegid(info.st_gid) == 0 && seteuid(info.st_uid) == 0) return true;
  print_error(context, folder + " belongs to another user: run this as that user, or as root");
  return false;
}

void add_log_key(CLI::App& group, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      group.add_subcommand("key", "the log's public key, its fingerprint, and those before it");
  auto* file =
      command->add_option("--key,--public-key", options->public_key, "the file; else STATE_DIR/log.pub");
  command
      ->add_flag("--rotate", options->rotate, "make a new one, signed by the old; the gateway must not run")
      ->excludes(file);
  command->footer("Example: sallyport log key");
  command->callback(
      [&context, options] { context.run = [&context, options] { return key(context, *options); }; });
}

}  // namespace sallyport::cli
