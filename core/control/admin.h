// The local admin socket: one JSON object a line in, one a line out (core/control/admin.md). Who asks is told
// by the kernel (SO_PEERCRED), or proves to be a local user by name and secret. Control thread.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/error.h"

namespace sallyport {

// Who speaks on an admin connection.
struct AdminPeer {
  uint32_t uid = 0;
  std::string os_user;
  bool is_operator = false;  // root, or the gateway's own user
};

class AdminSocket {
 public:
  // The answer may come later, from a worker's result; a connection that has gone by then drops it.
  using Reply = std::function<void(const nlohmann::json&)>;
  using Handler = std::function<void(const AdminPeer&, const nlohmann::json& request, Reply)>;

  // Replaces a socket that a dead gateway left at `path`.
  static Result<std::unique_ptr<AdminSocket>> open(const std::string& path, Handler handler);
  ~AdminSocket();
  AdminSocket(const AdminSocket&) = delete;
  AdminSocket& operator=(const AdminSocket&) = delete;

  // For the control thread's poll: descriptors to watch, and what to do when one is ready.
  [[nodiscard]] std::vector<int> descriptors() const;
  void ready(int fd);

 private:
  struct Connection {
    int fd = -1;
    uint64_t serial = 0;  // tells it from a later one with the same descriptor
    AdminPeer peer;
    std::string input;
    bool asked = false;
  };
  AdminSocket(std::string path, int fd, Handler handler)
      : path_(std::move(path)), fd_(fd), handler_(std::move(handler)) {}
  void accept_one();
  [[nodiscard]] uint64_t least_worthy() const;
  void serve(Connection& connection);
  void reply(uint64_t serial, const nlohmann::json& answer);
  void close_connection(uint64_t serial);

  std::string path_;
  int fd_;
  Handler handler_;
  uint64_t serial_ = 0;
  std::vector<Connection> connections_;
};

// The client's side, for the command line: sends `request`, returns the answer's object, or its error.
[[nodiscard]] Result<nlohmann::json> ask_admin(const std::string& path, const nlohmann::json& request);

}  // namespace sallyport
