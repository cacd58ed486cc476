// PipePool: a core's pipes, all opened at its start, because a core opens no descriptor of its own while it
// serves. Who finds it empty does without. One thread.
#pragma once

#include <vector>

#include "core/io/ring.h"

namespace sallyport {

class PipePool {
 public:
  explicit PipePool(Ring& ring) : ring_(ring) {}
  ~PipePool();
  PipePool(const PipePool&) = delete;
  PipePool& operator=(const PipePool&) = delete;

  // Opens up to `count`; fewer where the kernel gives no more, or only small ones.
  void open(size_t count);
  // All of them or none: false.
  bool take(std::span<Pipe> pipes);
  // `held`: bytes still stand in it. They are thrown away: no other session may read them.
  void give_back(const Pipe& pipe, bool held);
  [[nodiscard]] size_t out() const { return all_.size() - spare_.size(); }  // for leak checks

 private:
  Ring& ring_;
  std::vector<Pipe> all_, spare_;
};

}  // namespace sallyport
