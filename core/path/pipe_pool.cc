#include "core/path/pipe_pool.h"

#include "config/check.h"

namespace sallyport {

PipePool::~PipePool() {
  for (const Pipe& pipe : all_) ring_.close_pipe(pipe);
}

void PipePool::open(size_t count) {
  while (all_.size() < count) {
    const Result<Pipe> pipe = ring_.open_pipe(limits::pipe_size);
    if (!pipe) break;
    // Beyond a user's share the kernel gives two pages (pipe(7)): then copying is faster.
    if (pipe->size < limits::block_size) {
      ring_.close_pipe(*pipe);
      break;
    }
    all_.push_back(*pipe);
  }
  spare_ = all_;
}

bool PipePool::take(std::span<Pipe> pipes) {
  if (spare_.size() < pipes.size()) return false;
  for (Pipe& pipe : pipes) {
    pipe = spare_.back();
    spare_.pop_back();
  }
  return true;
}

void PipePool::give_back(const Pipe& pipe, bool held) {
  CHECK(pipe && spare_.size() < all_.size());
  if (held) ring_.empty_pipe(pipe);
  spare_.push_back(pipe);
}

}  // namespace sallyport
