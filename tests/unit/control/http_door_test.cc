// The door: whose an answer is.
#include "core/control/http_door.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace sallyport {
namespace {

class Connection {
 public:
  explicit Connection(const std::string& address) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }
  ~Connection() { close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The answer's body, up to its line feed.
  std::string ask(const std::string& path) {
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    EXPECT_EQ(send(fd_, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    std::string got;
    char buffer[4096];
    for (;;) {
      const size_t body = got.find("\r\n\r\n");
      if (body != got.npos && got.ends_with('\n') && got.size() > body + 4) return got.substr(body + 4);
      const ssize_t size = recv(fd_, buffer, sizeof buffer, 0);
      if (size <= 0) return "closed";
      got.append(buffer, static_cast<size_t>(size));
    }
  }

 private:
  const int fd_;
};

// A proxy may send what different people ask over one connection.
TEST(HttpDoor, AnAnswerThatComesLateIsNobodyElses) {
  HttpDoor::Reply first;
  const auto handler = [&first](HttpRequest&& request, const HttpDoor::Reply& reply) {
    if (request.path == "/first") first = reply;
    if (request.path == "/second") first({.body = "of the first\n", .headers = {}});
    reply({.body = "of " + request.path + "\n", .headers = {}});
  };
  auto door = HttpDoor::open({.address = {"127.0.0.1", 0}, .tls = {}, .names = {"127.0.0.1"}}, handler);
  ASSERT_TRUE(door) << door.error().text;
  Connection connection((*door)->address());
  EXPECT_EQ(connection.ask("/first"), "of /first\n");
  EXPECT_EQ(connection.ask("/second"), "of /second\n");
}

}  // namespace
}  // namespace sallyport
