#include "cli/demo_receiver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>

namespace sallyport::cli {

namespace {

namespace http = boost::beast::http;

constexpr size_t body_size_max = 1 << 20;
constexpr int pause_ms = 100;
constexpr int message_timeout_ms = 5'000;
constexpr std::string_view taken = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";

}  // namespace

DemoReceiver::~DemoReceiver() {
  ending_ = true;
  if (thread_.joinable()) thread_.join();
  if (fd_ >= 0) close(fd_);
}

Result<void> DemoReceiver::start() {
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd_ < 0 || setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(fd_, 16) != 0)
    return fail_errno("listen at 127.0.0.1:" + std::to_string(port_) + " for the webhook", errno);
  thread_ = std::thread([this] { serve(); });
  return {};
}

void DemoReceiver::serve() {
  while (!ending_) {
    pollfd polled{.fd = fd_, .events = POLLIN, .revents = 0};
    if (poll(&polled, 1, pause_ms) <= 0) continue;
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    take(fd);
    close(fd);
  }
}

void DemoReceiver::take(int fd) {
  http::request_parser<http::string_body> parser;
  parser.body_limit(body_size_max);
  parser.eager(true);
  std::string text;
  for (int waited_ms = 0; !parser.is_done() && waited_ms < message_timeout_ms && !ending_;) {
    pollfd polled{.fd = fd, .events = POLLIN, .revents = 0};
    if (poll(&polled, 1, pause_ms) <= 0) {
      waited_ms += pause_ms;
      continue;
    }
    char part[16 * 1024];
    const ssize_t size = recv(fd, part, sizeof part, 0);
    if (size <= 0) return;
    text.append(part, static_cast<size_t>(size));
    boost::beast::error_code error;
    text.erase(0, parser.put(boost::asio::buffer(text), error));
    if (error && error != http::error::need_more) return;
  }
  if (!parser.is_done()) return;
  {
    const std::lock_guard lock(mutex_);
    messages_.push_back({std::string(parser.get()["Sallyport-Signature"]), parser.get().body()});
  }
  (void)send(fd, taken.data(), taken.size(), MSG_NOSIGNAL);
}

std::optional<DemoMessage> DemoReceiver::wait(const std::vector<std::string>& holds, int timeout_ms) {
  for (int waited_ms = 0;; waited_ms += pause_ms) {
    {
      const std::lock_guard lock(mutex_);
      const auto found = std::ranges::find_if(messages_, [&holds](const DemoMessage& one) {
        return std::ranges::all_of(holds,
                                   [&one](const std::string& part) { return one.body.contains(part); });
      });
      if (found != messages_.end()) return *found;
    }
    if (waited_ms >= timeout_ms) return std::nullopt;
    usleep(pause_ms * 1000);
  }
}

}  // namespace sallyport::cli
