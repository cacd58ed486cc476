// The pool between the control thread, which submits and collects, and its workers.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <memory>
#include <vector>

#include "core/control/workers.h"

namespace sallyport {
namespace {

class WorkersThreads : public testing::Test {
 protected:
  ~WorkersThreads() override { close(wake_); }
  // Waits for a result's wake-up, then runs what is there.
  void collect_one_batch(Workers& workers) const {
    pollfd look{.fd = wake_, .events = POLLIN, .revents = 0};
    ASSERT_EQ(poll(&look, 1, -1), 1);
    uint64_t count = 0;
    ASSERT_EQ(read(wake_, &count, sizeof count), static_cast<ssize_t>(sizeof count));
    workers.collect();
  }
  const int wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
};

// Each job runs once on a worker, and its result once on the thread that collects, which owns `seen` alone.
TEST_F(WorkersThreads, ResultsComeBackToTheControlThread) {
  constexpr size_t job_count = 5000;
  std::vector<int> seen(job_count);
  size_t done = 0;
  Workers workers(2, 64, wake_);
  for (size_t next = 0; done < job_count;) {
    while (next < job_count) {
      auto input = std::make_shared<size_t>(next);
      const bool taken = workers.submit([input, &seen, &done]() -> Workers::Done {
        auto result = std::make_unique<size_t>(*input * 2);
        return [result = std::shared_ptr<size_t>(std::move(result)), &seen, &done] {
          ++seen[*result / 2];
          ++done;
        };
      });
      if (!taken) break;
      ++next;
    }
    collect_one_batch(workers);
  }
  EXPECT_EQ(seen, std::vector<int>(job_count, 1));
}

// A full queue refuses; what is under way when the pool goes is finished, what waits is dropped with all it
// holds.
TEST_F(WorkersThreads, FullQueueRefusesAndTheEndDropsWhatWaits) {
  auto held = std::make_shared<int>(7);
  std::atomic<int> ran = 0;
  {
    std::latch started(1);
    std::latch go_on(1);
    Workers workers(1, 2, wake_);
    ASSERT_TRUE(workers.submit([&]() -> Workers::Done {
      started.count_down();
      go_on.wait();
      ++ran;
      return [held] {};
    }));
    started.wait();
    ASSERT_TRUE(workers.submit([&, held]() -> Workers::Done { return [] {}; }));
    ASSERT_TRUE(workers.submit([&, held]() -> Workers::Done { return [] {}; }));
    EXPECT_FALSE(workers.submit([held]() -> Workers::Done { return [] {}; }));
    go_on.count_down();
  }
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace sallyport
