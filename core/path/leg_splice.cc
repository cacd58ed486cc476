// A leg whose bytes are spliced: it is told when its socket is readable or writable, and never receives or
// sends.
#include <poll.h>

#include "config/check.h"
#include "core/path/leg.h"

namespace sallyport {

void Leg::watch(bool to_read, bool to_write) {
  if (state != State::open) return;
  if (to_read && !readable && !watching_read_) {
    watching_read_ = true;
    ++in_flight;
    ring_->poll(fd_, POLLIN, token(Operation::readable));
  }
  if (to_write && !writable && !watching_write_) {
    watching_write_ = true;
    ++in_flight;
    ring_->poll(fd_, POLLOUT, token(Operation::writable));
  }
}

// Whatever has come true (an end, an error, a cancelled poll): the next splice says what it was.
void Leg::on_readable() {
  --in_flight;
  watching_read_ = false;
  readable = true;
}

void Leg::on_writable() {
  --in_flight;
  watching_write_ = false;
  writable = true;
}

ptrdiff_t Leg::splice_in(const Pipe& pipe) {
  CHECK(state == State::open && !tls && !receiving_);
  const ptrdiff_t size = ring_->splice_in(fd_, pipe, pipe.size);
  // One look a wake: what came meanwhile wakes again at once, and others have had their turn.
  readable = false;
  if (size > 0) bytes_in += static_cast<uint64_t>(size);
  return size;
}

ptrdiff_t Leg::splice_out(const Pipe& pipe, size_t held) {
  CHECK(state == State::open && !tls && !sending_);
  const ptrdiff_t size = ring_->splice_out(pipe, fd_, held);
  if (size < 0 || static_cast<size_t>(size) < held) writable = false;
  if (size > 0) bytes_out += static_cast<uint64_t>(size);
  return size;
}

}  // namespace sallyport
