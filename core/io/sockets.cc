#include "core/io/sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

namespace sallyport::sockets {

namespace {

Result<int> open_plain(int family) {
  int fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail_errno("make a socket", errno);
  return fd;
}

std::unexpected<Error> fail_listen(int fd, const Address& address, int code) {
  ::close(fd);
  return fail_errno("listen on " + address.text(), code);
}

}  // namespace

Result<int> open_stream(int family) {
  Result<int> fd = open_plain(family);
  if (fd && family != AF_UNIX) set_no_delay(*fd);
  return fd;
}

Result<int> open_listener(const Address& address, bool reuse_port, int backlog) {
  Result<int> fd = open_plain(address.family());
  if (!fd) return fd;
  int yes = 1;
  if (address.family() != AF_UNIX) {
    if (setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0)
      return fail_listen(*fd, address, errno);
    if (reuse_port && setsockopt(*fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) != 0) {
      return fail_listen(*fd, address, errno);
    }
  }
  // "[::]:5432" means IPv6 only; a config that wants both families says so with two listeners.
  if (address.family() == AF_INET6) setsockopt(*fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  if (::bind(*fd, address.raw(), address.size) != 0) return fail_listen(*fd, address, errno);
  if (::listen(*fd, backlog) != 0) return fail_listen(*fd, address, errno);
  return fd;
}

Result<Address> local_address(int fd) {
  Address address;
  address.size = sizeof address.storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0) {
    return fail_errno("read a socket's own address", errno);
  }
  return address;
}

Result<Address> peer_address(int fd) {
  Address address;
  address.size = sizeof address.storage;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0) {
    return fail_errno("read a peer's address", errno);
  }
  return address;
}

void set_reset_on_close(int fd) {
  const linger now = {.l_onoff = 1, .l_linger = 0};  // socket(7), SO_LINGER
  (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void set_no_delay(int fd) {
  int yes = 1;
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

}  // namespace sallyport::sockets
