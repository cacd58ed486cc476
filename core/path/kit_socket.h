// Plain TCP for a recording on a developer's machine: one listener, one peer a leg, no blocking once
// connected. The gateway's own sockets are core/io's. Linux; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/error.h"

namespace sallyport {

struct KitAddress {
  std::string host;
  std::string port;

  // "HOST:PORT" or "[HOST]:PORT". Errors: no port, or none of 0 to 65535.
  [[nodiscard]] static Result<KitAddress> parse(const std::string& text);
  [[nodiscard]] std::string text() const;
};

// Owns a descriptor, or none (-1).
class KitSocket {
 public:
  KitSocket() = default;
  explicit KitSocket(int fd) : fd_(fd) {}
  KitSocket(KitSocket&& other) noexcept;
  KitSocket& operator=(KitSocket&& other) noexcept;
  ~KitSocket();

  // Listens at a loopback address. Errors: another address, a port in use, none to have.
  [[nodiscard]] static Result<KitSocket> listen(const KitAddress& address);
  // Connects within `timeout_ms`. Errors: unknown name, refused, too late.
  [[nodiscard]] static Result<KitSocket> connect(const KitAddress& address, int timeout_ms);
  // The one caller of a listener that poll(2) has found readable. Errors: the caller has gone.
  [[nodiscard]] Result<KitSocket> accept() const;

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool open() const { return fd_ >= 0; }
  [[nodiscard]] uint16_t port() const;  // of a listener
  void close();

  // Appends what is there to `out`, at most `size_max` bytes. False: the peer has closed, or reset.
  [[nodiscard]] bool read(std::string& out, size_t size_max) const;
  // Writes what goes now and takes it off `out`; a peer that is gone takes everything.
  void write(std::string& out) const;

 private:
  int fd_ = -1;
};

}  // namespace sallyport
