#include "core/control/workers.h"

#include <unistd.h>

#include <utility>

namespace sallyport {

Workers::Workers(size_t thread_count_max, size_t queue_count_max, int wake_fd)
    : thread_count_max_(thread_count_max), queue_count_max_(queue_count_max), wake_fd_(wake_fd) {}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    queue_.clear();
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool Workers::submit(Work work) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= queue_count_max_) return false;
    queue_.push_back(std::move(work));
    if (queue_.size() > idle_count_ && threads_.size() < thread_count_max_)
      threads_.emplace_back([this] { serve(); });
  }
  wake_.notify_one();
  return true;
}

void Workers::collect() {
  std::vector<Done> done;
  {
    const std::lock_guard lock(mutex_);
    done.swap(done_);
  }
  for (const Done& run : done) run();
}

void Workers::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_count_;
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    --idle_count_;
    if (stopping_) return;
    const Work work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    Done done = work();
    lock.lock();
    done_.push_back(std::move(done));
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t ignored = write(wake_fd_, &one, sizeof one);
  }
}

}  // namespace sallyport
