// The tickets that `sallyport login` got, so that other commands need not be told: one JSON file and a
// password file for libpq under $XDG_STATE_HOME/sallyport, for their owner's eyes alone. Each change is whole
// or not at all, and one process at a time makes it.
#pragma once

#include <optional>
#include <string>

#include "cli/ticket.h"

namespace sallyport::cli {

// $XDG_STATE_HOME/sallyport, made with mode 0700.
[[nodiscard]] Result<std::string> login_state_folder();
[[nodiscard]] Result<std::string> home_folder();

// While it lives, no other process of this user changes files that belong to logins.
class LoginLock {
 public:
  static Result<LoginLock> take();
  LoginLock(LoginLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  LoginLock& operator=(LoginLock&&) = delete;
  ~LoginLock();

 private:
  explicit LoginLock(int fd) : fd_(fd) {}
  int fd_;
};

struct KeptTicket {
  Gateway gateway;
  std::string text, id, identity;
  int64_t expires_ns = 0;
};

// Of the gateway at `url`; empty: of the last login.
[[nodiscard]] Result<std::optional<KeptTicket>> kept_ticket(const std::string& url);
// Becomes the last login. Under the lock.
[[nodiscard]] Result<void> keep_ticket(const KeptTicket& ticket);
[[nodiscard]] Result<void> forget_ticket(const std::string& id);

}  // namespace sallyport::cli
