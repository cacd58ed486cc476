#include "core/io/pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "config/check.h"
#include "config/limits.h"

namespace sallyport::pipes {

Result<Pipe> open(size_t size) {
  int fds[2];
  if (pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0) return fail_errno("open a pipe", errno);
  (void)fcntl(fds[1], F_SETPIPE_SZ, static_cast<int>(size));
  const int real = fcntl(fds[1], F_GETPIPE_SZ);
  CHECK(real > 0);
  return Pipe{.read_fd = fds[0], .write_fd = fds[1], .size = static_cast<size_t>(real)};
}

void close(const Pipe& pipe) {
  ::close(pipe.read_fd);
  ::close(pipe.write_fd);
}

ptrdiff_t splice(int from_fd, int to_fd, size_t size) {
  const ssize_t moved = ::splice(from_fd, nullptr, to_fd, nullptr, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  return moved >= 0 ? moved : -errno;
}

void empty(const Pipe& pipe) {
  std::array<std::byte, 16 * limits::KiB> nowhere;
  while (read(pipe.read_fd, nowhere.data(), nowhere.size()) > 0) {
  }
}

}  // namespace sallyport::pipes
