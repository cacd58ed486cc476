#include "core/path/kit_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <memory>
#include <utility>

namespace sallyport {
namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Result<Addresses> resolve(const KitAddress& address) {
  const addrinfo hints = {.ai_flags = AI_NUMERICSERV,
                          .ai_family = AF_UNSPEC,
                          .ai_socktype = SOCK_STREAM,
                          .ai_protocol = 0,
                          .ai_addrlen = 0,
                          .ai_addr = nullptr,
                          .ai_canonname = nullptr,
                          .ai_next = nullptr};
  addrinfo* found = nullptr;
  if (const int code = getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found); code != 0)
    return fail(address.text() + ": " + gai_strerror(code));
  return Addresses(found, freeaddrinfo);
}

bool is_loopback(const addrinfo& at) {
  if (at.ai_family == AF_INET) {
    return (ntohl(reinterpret_cast<const sockaddr_in*>(at.ai_addr)->sin_addr.s_addr) >> 24) == 127;
  }
  return at.ai_family == AF_INET6 &&
         IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(at.ai_addr)->sin6_addr);
}

// 0, or an errno.
int finish_connect(int fd, int timeout_ms) {
  pollfd wait = {.fd = fd, .events = POLLOUT, .revents = 0};
  const int ready = poll(&wait, 1, timeout_ms);
  if (ready < 0) return errno;
  if (ready == 0) return ETIMEDOUT;
  int code = 0;
  socklen_t size = sizeof code;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno;
}

void hurry(int fd) {
  const int on = 1;
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

Result<KitAddress> KitAddress::parse(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return fail("`" + text + "` is not HOST:PORT");
  KitAddress address = {.host = text.substr(0, colon), .port = text.substr(colon + 1)};
  uint16_t port = 0;
  const char* end = address.port.data() + address.port.size();
  const auto [at, code] = std::from_chars(address.port.data(), end, port);
  if (code != std::errc() || at != end) return fail("`" + text + "` has no port of 0 to 65535");
  if (address.host.starts_with('[') && address.host.ends_with(']'))
    address.host = address.host.substr(1, address.host.size() - 2);
  return address;
}

std::string KitAddress::text() const {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + port;
}

KitSocket::KitSocket(KitSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

KitSocket& KitSocket::operator=(KitSocket&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

KitSocket::~KitSocket() { close(); }

void KitSocket::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<KitSocket> KitSocket::listen(const KitAddress& address) {
  const auto found = resolve(address);
  if (!found) return std::unexpected(found.error());
  const addrinfo& at = **found;
  if (!is_loopback(at)) {
    return fail(address.text() +
                " is not a loopback address: a recording takes plain bytes and a known password, "
                "so it listens on this machine only (127.0.0.1:PORT)");
  }
  KitSocket made(socket(at.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made.open()) return fail_errno("socket", errno);
  const int on = 1;
  (void)setsockopt(made.fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(made.fd_, at.ai_addr, at.ai_addrlen) != 0 || ::listen(made.fd_, 1) != 0)
    return fail_errno("listen at " + address.text(), errno);
  return made;
}

Result<KitSocket> KitSocket::connect(const KitAddress& address, int timeout_ms) {
  const auto found = resolve(address);
  if (!found) return std::unexpected(found.error());
  int code = 0;
  for (const addrinfo* at = found->get(); at; at = at->ai_next) {
    KitSocket made(socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!made.open()) return fail_errno("socket", errno);
    code = ::connect(made.fd_, at->ai_addr, at->ai_addrlen) == 0 ? 0 : errno;
    if (code == EINPROGRESS) code = finish_connect(made.fd_, timeout_ms);
    if (code != 0) continue;
    hurry(made.fd_);
    return made;
  }
  return fail_errno("connect to the target " + address.text(), code);
}

Result<KitSocket> KitSocket::accept() const {
  KitSocket made(accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!made.open()) return fail_errno("accept", errno);
  hurry(made.fd_);
  return made;
}

uint16_t KitSocket::port() const {
  sockaddr_storage at{};
  socklen_t size = sizeof at;
  if (getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size) != 0) return 0;
  return ntohs(at.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(at).sin6_port
                                        : reinterpret_cast<const sockaddr_in&>(at).sin_port);
}

bool KitSocket::read(std::string& out, size_t size_max) const {
  const size_t before = out.size();
  out.resize(before + size_max);
  const ssize_t size = recv(fd_, out.data() + before, size_max, 0);
  const bool later = size < 0 && (errno == EAGAIN || errno == EINTR);
  out.resize(before + (size > 0 ? static_cast<size_t>(size) : 0));
  return size > 0 || later;
}

void KitSocket::write(std::string& out) const {
  while (!out.empty()) {
    const ssize_t size = send(fd_, out.data(), out.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size < 0) return out.clear();
    out.erase(0, static_cast<size_t>(size));
  }
}

}  // namespace sallyport
