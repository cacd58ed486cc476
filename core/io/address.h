// A socket address as a value: IPv4, IPv6 or a Unix path. No name resolution here: that may block, so it
// belongs to the control thread; the data path sees only literal addresses. Any thread.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "config/error.h"

namespace sallyport {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;  // 0: no address

  // "127.0.0.1:5432", "[::1]:5432" or "unix:/path". Error: says what is wrong with the text.
  static Result<Address> parse(std::string_view text);

  [[nodiscard]] int family() const { return size == 0 ? AF_UNSPEC : storage.ss_family; }
  [[nodiscard]] uint16_t port() const;     // 0 for a Unix path
  void set_port(uint16_t port);            // no effect on a Unix path
  [[nodiscard]] std::string text() const;  // the form that parse() reads; "" when there is no address
  [[nodiscard]] const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }

  friend bool operator==(const Address& a, const Address& b);
};

}  // namespace sallyport
