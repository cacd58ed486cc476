// What other threads hand to the control thread. Any thread posts; the control thread runs it, in order.
#pragma once

#include <sys/eventfd.h>

#include <functional>
#include <mutex>
#include <vector>

namespace sallyport {

class Posted {
 public:
  // `wake_fd`: an eventfd that is written when something is there.
  explicit Posted(int wake_fd) : wake_fd_(wake_fd) {}

  void post(std::function<void()> what) {
    {
      const std::lock_guard lock(mutex_);
      posted_.push_back(std::move(what));
    }
    eventfd_write(wake_fd_, 1);
  }
  void run() {
    std::vector<std::function<void()>> now;
    {
      const std::lock_guard lock(mutex_);
      now.swap(posted_);
    }
    for (const auto& one : now) one();
  }

 private:
  const int wake_fd_;
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;
};

}  // namespace sallyport
