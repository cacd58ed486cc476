#include "core/io/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include <charconv>
#include <cstddef>

namespace sallyport {

namespace {

Result<Address> parse_unix(std::string_view path, std::string_view text) {
  Address address;
  auto* raw = reinterpret_cast<sockaddr_un*>(&address.storage);
  if (path.empty() || path.size() >= sizeof raw->sun_path || path.find('\0') != path.npos) {
    return fail("address \"" + std::string(text) + "\": a Unix path has 1 to 107 characters");
  }
  raw->sun_family = AF_UNIX;
  memcpy(raw->sun_path, path.data(), path.size());
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  if (text.starts_with("unix:")) return parse_unix(text.substr(5), text);
  auto malformed = [&] {
    return fail("address \"" + std::string(text) + "\": write 127.0.0.1:5432, [::1]:5432 or unix:/path");
  };
  size_t colon = text.rfind(':');
  if (colon == text.npos) return malformed();
  std::string_view digits = text.substr(colon + 1);
  uint16_t port = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return malformed();

  std::string host(text.substr(0, colon));
  Address address;
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    auto* raw = reinterpret_cast<sockaddr_in6*>(&address.storage);
    if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &raw->sin6_addr) != 1)
      return malformed();
    raw->sin6_family = AF_INET6;
    address.size = sizeof *raw;
  } else {
    auto* raw = reinterpret_cast<sockaddr_in*>(&address.storage);
    if (inet_pton(AF_INET, host.c_str(), &raw->sin_addr) != 1) return malformed();
    raw->sin_family = AF_INET;
    address.size = sizeof *raw;
  }
  address.set_port(port);
  return address;
}

uint16_t Address::port() const {
  if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
  if (family() == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  return 0;
}

void Address::set_port(uint16_t port) {
  if (family() == AF_INET) reinterpret_cast<sockaddr_in*>(&storage)->sin_port = htons(port);
  if (family() == AF_INET6) reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port = htons(port);
}

std::string Address::text() const {
  char host[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr, host, sizeof host);
    return std::string(host) + ":" + std::to_string(port());
  }
  if (family() == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_addr, host, sizeof host);
    return "[" + std::string(host) + "]:" + std::to_string(port());
  }
  if (family() == AF_UNIX && size > offsetof(sockaddr_un, sun_path)) {
    const char* path = reinterpret_cast<const sockaddr_un*>(&storage)->sun_path;
    return "unix:" + std::string(path, strnlen(path, size - offsetof(sockaddr_un, sun_path)));
  }
  return family() == AF_UNIX ? "unix:" : "";
}

bool operator==(const Address& a, const Address& b) {
  return a.size == b.size && memcmp(&a.storage, &b.storage, a.size) == 0;
}

}  // namespace sallyport
