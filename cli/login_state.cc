#include "cli/login_state.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "cli/private_file.h"
#include "config/clock.h"
#include "core/identity/strict_json.h"
#include "core/identity/ticket.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;

Result<std::string> state_file() {
  Result<std::string> folder = login_state_folder();
  return folder ? Result<std::string>(*folder + "/logins.json") : folder;
}

// {"last": URL, "logins": {URL: {…}}}; one that cannot be read counts as empty.
Result<json> read_state() {
  const Result<std::string> path = state_file();
  if (!path) return std::unexpected(path.error());
  const Result<std::string> text = read_private(*path);
  if (!text) return std::unexpected(text.error());
  std::optional<json> state = identity::parse_strict_object(*text);
  const bool is_good = state && state->contains("logins") && (*state)["logins"].is_object();
  return is_good ? std::move(*state) : json{{"last", ""}, {"logins", json::object()}};
}

Result<void> write_state(const json& state) {
  const Result<std::string> path = state_file();
  if (!path) return std::unexpected(path.error());
  return write_private(*path, state.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

}  // namespace

Result<std::string> home_folder() {
  if (const char* home = getenv("HOME"); home && home[0] == '/') return home;
  const passwd* user = getpwuid(getuid());
  if (user && user->pw_dir && user->pw_dir[0] == '/') return user->pw_dir;
  return fail("nobody knows your home folder: set HOME");
}

Result<std::string> login_state_folder() {
  std::string base;
  // XDG Base Directory Specification: what is no absolute path is to be ignored.
  if (const char* given = getenv("XDG_STATE_HOME"); given && given[0] == '/') {
    base = given;
  } else {
    const Result<std::string> home = home_folder();
    if (!home) return home;
    base = *home + "/.local/state";
  }
  std::error_code error;
  std::filesystem::create_directories(base, error);
  const std::string folder = base + "/sallyport";
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return fail_errno("make the folder " + folder, errno);
  struct stat status {};
  if (lstat(folder.c_str(), &status) != 0) return fail_errno("look at " + folder, errno);
  if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return fail(folder + " must be a folder of yours that nobody else can write to: chmod 0700 it");
  return folder;
}

Result<LoginLock> LoginLock::take() {
  const Result<std::string> folder = login_state_folder();
  if (!folder) return std::unexpected(folder.error());
  const std::string path = *folder + "/lock";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return fail_errno("open " + path, errno);
  LoginLock lock(fd);
  while (flock(fd, LOCK_EX) != 0) {
    if (errno != EINTR) return fail_errno("lock " + path, errno);
  }
  return lock;
}

LoginLock::~LoginLock() {
  if (fd_ >= 0) close(fd_);
}

Result<std::optional<KeptTicket>> kept_ticket(const std::string& url) {
  const Result<json> state = read_state();
  if (!state) return std::unexpected(state.error());
  const std::string wanted = url.empty() ? text_in(*state, "last") : url;
  const auto found = (*state)["logins"].find(wanted);
  if (found == (*state)["logins"].end()) return std::nullopt;
  return KeptTicket{.gateway = {wanted, text_in(*found, "ca")},
                    .text = text_in(*found, "ticket"),
                    .id = text_in(*found, "id"),
                    .identity = text_in(*found, "identity"),
                    .expires_ns = number_in(*found, "expires_ns", 0)};
}

Result<void> keep_ticket(const KeptTicket& ticket) {
  Result<json> state = read_state();
  if (!state) return std::unexpected(state.error());
  json& logins = (*state)["logins"];
  for (auto one = logins.begin(); one != logins.end();)
    one = number_in(*one, "expires_ns", 0) <= wall_ns() ? logins.erase(one) : std::next(one);
  (*state)["last"] = ticket.gateway.url;
  logins[ticket.gateway.url] = {{"ca", ticket.gateway.ca},
                                {"ticket", ticket.text},
                                {"id", ticket.id},
                                {"identity", ticket.identity},
                                {"expires_ns", ticket.expires_ns}};
  return write_state(*state);
}

Result<void> forget_ticket(const std::string& id) {
  Result<json> state = read_state();
  if (!state) return std::unexpected(state.error());
  json& logins = (*state)["logins"];
  bool is_there = false;
  for (auto one = logins.begin(); one != logins.end();) {
    const bool is_it = text_in(*one, "id") == id;
    is_there = is_there || is_it;
    one = is_it ? logins.erase(one) : std::next(one);
  }
  return is_there ? write_state(*state) : Result<void>();
}

}  // namespace sallyport::cli
