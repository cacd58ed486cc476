// Pipe: a kernel pipe through which bytes go from one socket to another without being copied; made and used
// by Ring (ring.h). In the simulation its descriptors mean nothing to the kernel. A plain value.
#pragma once

#include <cstddef>

namespace sallyport {

struct Pipe {
  int read_fd = -1;
  int write_fd = -1;
  size_t size = 0;  // bytes that it holds at most; fewer where they come in small pieces

  explicit operator bool() const { return read_fd >= 0; }
};

}  // namespace sallyport
