// A bounded pool for what takes long (key derivation, name look-ups): the control thread submits, a worker
// runs, the result comes back as a function that the control thread runs. Threads are made when work finds
// none idle, up to the pool's size.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace sallyport {

class Workers {
 public:
  using Done = std::function<void()>;  // runs on the control thread
  using Work = std::function<Done()>;  // runs on a worker

  // `wake_fd`: an eventfd that is written when a result is there.
  Workers(size_t thread_count_max, size_t queue_count_max, int wake_fd);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // False when the queue is full.
  [[nodiscard]] bool submit(Work work);
  // Runs what has come back. Control thread.
  void collect();

 private:
  void serve();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> queue_;
  std::vector<Done> done_;
  const size_t thread_count_max_, queue_count_max_;
  size_t idle_count_ = 0;  // threads that wait for work
  const int wake_fd_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;  // control thread
};

}  // namespace sallyport
