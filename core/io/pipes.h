// The synchronous calls on real pipes that Ring needs: pipe(7), splice(2). Any thread.
#pragma once

#include "config/error.h"
#include "core/io/pipe.h"

namespace sallyport::pipes {

// Nonblocking, close-on-exec. `size` is a wish: the kernel may refuse it where this user has much in pipes.
Result<Pipe> open(size_t size);
void close(const Pipe& pipe);
// Bytes moved, or -errno. Both sockets must be nonblocking themselves: SPLICE_F_NONBLOCK speaks for the pipe
// only.
ptrdiff_t splice(int from_fd, int to_fd, size_t size);
void empty(const Pipe& pipe);

}  // namespace sallyport::pipes
