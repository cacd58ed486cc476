// World over loopback sockets.
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/io/sockets.h"
#include "tests/unit/io/world.h"

namespace sallyport::testing {

World::World(uint64_t, RingOptions options) : ring(Ring::open(options).value()) {}

World::~World() {
  if (listener_ >= 0) ::close(listener_);
  if (server_ >= 0) ::close(server_);
}

std::shared_ptr<Peer> World::connect_peer(const Address& listener) {
  int fd = ::socket(listener.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(::connect(fd, listener.raw(), listener.size), 0);
  auto peer = std::make_shared<Peer>(fd);
  peers_.push_back(peer);
  return peer;
}

Address World::serve() {
  server_ = sockets::open_listener(loopback(), false, 128).value();
  return sockets::local_address(server_).value();
}

std::shared_ptr<Peer> World::served(size_t index) {
  run_until([&] {
    int fd = ::accept4(server_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) {
      served_.push_back(std::make_shared<Peer>(fd));
      peers_.push_back(served_.back());
    }
    return served_.size() > index;
  });
  return served_.at(index);
}

Address World::refused() {
  // Bound but not listening: the port stays ours, and refuses.
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  Address address = loopback();
  EXPECT_EQ(::bind(fd, address.raw(), address.size), 0);
  address = sockets::local_address(fd).value();
  server_ = fd;
  return address;
}

Peer::~Peer() { close(); }

void Peer::send(const std::string& bytes) { outbox_ += bytes, pump(); }
void Peer::finish() { finishing_ = true, pump(); }

void Peer::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void Peer::reset() {
  linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

void Peer::stop_reading() { reading_ = false; }
void Peer::start_reading() { reading_ = true; }
const std::string& Peer::received() const { return inbox_; }
bool Peer::ended() const { return ended_; }

void Peer::pump() {
  if (fd_ < 0) return;
  while (!outbox_.empty()) {
    ssize_t size = ::send(fd_, outbox_.data(), outbox_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size <= 0) break;
    outbox_.erase(0, static_cast<size_t>(size));
  }
  if (finishing_ && outbox_.empty()) {
    ::shutdown(fd_, SHUT_WR);
    finishing_ = false;
  }
  while (reading_ && !ended_) {
    char bytes[65536];
    ssize_t size = ::recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT);
    if (size > 0) inbox_.append(bytes, static_cast<size_t>(size));
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) ended_ = true;
    if (size < 0) break;
  }
}

}  // namespace sallyport::testing
