// An open file descriptor, closed at the end of its scope unless kept.
#pragma once

#include <unistd.h>

namespace sallyport {

class Descriptor {
 public:
  // Negative: none.
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  void keep() { fd_ = -1; }

 private:
  int fd_;
};

}  // namespace sallyport
