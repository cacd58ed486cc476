#include "core/control/admin.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

namespace sallyport {

namespace {

using nlohmann::json;

constexpr size_t request_size_max = 64 * 1024;
constexpr size_t connection_count_max = 64;

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail("the socket's path is too long: " + path);
  memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

Result<int> connect_to(const std::string& path) {
  Result<sockaddr_un> address = address_of(path);
  if (!address) return std::unexpected(address.error());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail_errno("socket", errno);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0) return fd;
  const int error = errno;
  close(fd);
  return fail_errno("connect to " + path, error);
}

AdminPeer peer_of(int fd) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  AdminPeer peer;
  peer.uid = UINT32_MAX;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return peer;
  peer.uid = credentials.uid;
  peer.is_operator = credentials.uid == 0 || credentials.uid == geteuid();
  char buffer[4096];
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(credentials.uid, &entry, buffer, sizeof buffer, &found) == 0 && found)
    peer.os_user = found->pw_name;
  return peer;
}

}  // namespace

Result<std::unique_ptr<AdminSocket>> AdminSocket::open(const std::string& path, Handler handler) {
  Result<sockaddr_un> address = address_of(path);
  if (!address) return std::unexpected(address.error());
  if (Result<int> other = connect_to(path)) {
    close(*other);
    return fail("another gateway answers at " + path + ": stop it first, or give this one its own state_dir");
  }
  unlink(path.c_str());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail_errno("socket", errno);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0 || listen(fd, 16) != 0) {
    const int error = errno;
    close(fd);
    return fail_errno("listen at " + path, error);
  }
  // Anybody of this machine may speak; what they may do depends on who they are.
  chmod(path.c_str(), 0666);
  return std::unique_ptr<AdminSocket>(new AdminSocket(path, fd, std::move(handler)));
}

AdminSocket::~AdminSocket() {
  for (const Connection& connection : connections_) close(connection.fd);
  close(fd_);
  unlink(path_.c_str());
}

std::vector<int> AdminSocket::descriptors() const {
  std::vector<int> all = {fd_};
  for (const Connection& connection : connections_) all.push_back(connection.fd);
  return all;
}

void AdminSocket::ready(int fd) {
  if (fd == fd_) return accept_one();
  const auto found = std::ranges::find(connections_, fd, &Connection::fd);
  if (found != connections_.end()) serve(*found);
}

void AdminSocket::accept_one() {
  const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return;
  if (connections_.size() >= connection_count_max) close_connection(least_worthy());
  connections_.push_back({.fd = fd, .serial = ++serial_, .peer = peer_of(fd), .input = {}, .asked = false});
}

// Of a full house: whoever has the most here loses the oldest one that asks nothing, so that nobody keeps the
// operator from `kill` and `lockdown` by holding connections.
uint64_t AdminSocket::least_worthy() const {
  std::map<uint32_t, size_t> by_uid;
  for (const Connection& one : connections_) ++by_uid[one.peer.uid];
  const auto worth = [&by_uid](const Connection& one) {
    return std::tuple(one.asked, connection_count_max - by_uid.at(one.peer.uid), one.serial);
  };
  return std::ranges::min_element(connections_, {}, worth)->serial;
}

// One request and one answer a connection.
void AdminSocket::serve(Connection& connection) {
  char buffer[4096];
  const ssize_t size = read(connection.fd, buffer, sizeof buffer);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0 || connection.asked) return close_connection(connection.serial);
  connection.input.append(buffer, static_cast<size_t>(size));
  const size_t end = connection.input.find('\n');
  if (end == std::string::npos) {
    if (connection.input.size() > request_size_max) close_connection(connection.serial);
    return;
  }
  connection.asked = true;
  const json request = json::parse(connection.input.substr(0, end), nullptr, false);
  const uint64_t serial = connection.serial;
  if (!request.is_object() || !request.contains("act") || !request["act"].is_string()) {
    return reply(serial, {{"ok", false}, {"error", "one JSON object a line, with \"act\""}});
  }
  handler_(connection.peer, request, [this, serial](const json& answer) { reply(serial, answer); });
}

void AdminSocket::reply(uint64_t serial, const json& answer) {
  const auto found = std::ranges::find(connections_, serial, &Connection::serial);
  if (found == connections_.end()) return;
  const std::string text = answer.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  // A client that does not read its answer is given a second in all, then it is left.
  size_t sent = 0;
  for (int waits = 0; sent < text.size() && waits < 10;) {
    const ssize_t done = send(found->fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (done > 0) {
      sent += static_cast<size_t>(done);
    } else if (errno == EAGAIN) {
      pollfd room = {.fd = found->fd, .events = POLLOUT, .revents = 0};
      poll(&room, 1, 100);
      ++waits;
    } else {
      break;
    }
  }
  close_connection(serial);
}

void AdminSocket::close_connection(uint64_t serial) {
  const auto found = std::ranges::find(connections_, serial, &Connection::serial);
  if (found == connections_.end()) return;
  close(found->fd);
  connections_.erase(found);
}

Result<json> ask_admin(const std::string& path, const json& request) {
  Result<int> fd = connect_to(path);
  if (!fd) return fail(fd.error().text + " - is the gateway running with this config?", fd.error().code);
  const std::string line = request.dump() + "\n";
  std::string reply;
  bool good = send(*fd, line.data(), line.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(line.size());
  char buffer[65536];
  while (good) {
    const ssize_t size = read(*fd, buffer, sizeof buffer);
    if (size <= 0) break;
    reply.append(buffer, static_cast<size_t>(size));
  }
  close(*fd);
  const json parsed = json::parse(reply, nullptr, false);
  if (!parsed.is_object()) return fail("the gateway gave no answer; see its own output", EPROTO);
  if (!parsed.value("ok", false)) {
    std::string text = parsed.value("error", "refused");
    for (const json& problem : parsed.value("problems", json::array()))
      text += "\n  " + problem.get<std::string>();
    return fail(std::move(text));
  }
  return parsed;
}

}  // namespace sallyport
