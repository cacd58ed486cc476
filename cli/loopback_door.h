// Where a browser comes back to with the answer of an identity provider: a port on this machine's loopback,
// for one login (RFC 8252, section 7.3). Everybody on this machine can knock: what counts is the `state`
// that the browser was sent away with. One thread; blocks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/web.h"

namespace sallyport::cli {

class LoopbackDoor {
 public:
  static Result<LoopbackDoor> open();
  LoopbackDoor(LoopbackDoor&& other) noexcept;
  LoopbackDoor& operator=(LoopbackDoor&&) = delete;
  ~LoopbackDoor();

  [[nodiscard]] std::string redirect_uri() const;
  // An address that leads on to `url`, once: it may stand in the argv of a browser, where all who have an
  // account here can read it. Whoever comes second ends the login.
  [[nodiscard]] std::string start_url(std::string url);

  // The answer's parameters; only one that carries `state` is taken. Until `deadline_ns` (steady clock).
  Result<Fields> wait(const std::string& state, int64_t deadline_ns);

 private:
  struct Visitor {
    int fd;
    std::string text;
    int64_t deadline_ns;
  };
  LoopbackDoor(int fd, uint16_t port) : fd_(fd), port_(port) {}
  void admit();
  // False: it is done with.
  bool read(Visitor& visitor);
  void answer(Visitor& visitor);
  void lead_on(int fd);
  void take_answer(int fd, const std::string& query);

  int fd_;
  uint16_t port_;
  std::string start_path_, start_to_, state_;
  bool started_ = false;
  std::vector<Visitor> visitors_;
  std::optional<Result<Fields>> outcome_;
};

}  // namespace sallyport::cli
