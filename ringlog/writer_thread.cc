#include "ringlog/writer_thread.h"

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "config/clock.h"

namespace sallyport::ringlog {
namespace {

uint64_t wall_clock_ns() { return static_cast<uint64_t>(wall_ns()); }

}  // namespace

// The lock covers what other threads may ask; the Writer itself belongs to the thread.
struct WriterThread::State {
  mutable std::mutex mutex;
  std::condition_variable wanted;
  bool stop = false;
  std::atomic<bool> woken{false};
  std::atomic<bool> roll{false};
  std::string error;
  Head head;
  Writer::Totals totals;
  std::thread thread;
};

WriterThread::WriterThread(std::unique_ptr<Writer> writer, Changed changed)
    : writer_(std::move(writer)), changed_(std::move(changed)), state_(std::make_unique<State>()) {
  state_->head = writer_->head();
  state_->thread = std::thread([this] { run(); });
  pthread_setname_np(state_->thread.native_handle(), "log-writer");
}

WriterThread::~WriterThread() { join(); }

void WriterThread::run() {
  State& state = *state_;
  auto next = std::chrono::steady_clock::now();
  while (true) {
    const uint64_t records = writer_->totals().records;
    const bool failing = writer_->failing();
    state.woken.store(false, std::memory_order_release);
    writer_->step(wall_clock_ns());
    if (state.roll.exchange(false, std::memory_order_acq_rel)) writer_->roll(wall_clock_ns());
    std::unique_lock lock(state.mutex);
    state.error = writer_->error().text;
    state.head = writer_->head();
    state.totals = writer_->totals();
    const bool changed = state.totals.records != records || writer_->failing() != failing;
    if (changed && changed_) {
      lock.unlock();
      changed_(*this);
      lock.lock();
    }
    // Counted from the step's begin, so that a slow sync does not add to the wait of what came during it.
    next = std::max(next + std::chrono::milliseconds(limits::log_commit_interval_ms),
                    std::chrono::steady_clock::now());
    const auto ready = [&] { return state.stop || state.woken.load(std::memory_order_acquire); };
    if (state.wanted.wait_until(lock, next, ready)) next = std::chrono::steady_clock::now();
    if (state.stop) return;
  }
}

void WriterThread::wake() {
  // Many records of one batch cost one system call.
  if (state_->woken.exchange(true, std::memory_order_acq_rel)) return;
  const std::lock_guard lock(state_->mutex);
  state_->wanted.notify_one();
}

void WriterThread::roll() {
  state_->roll.store(true, std::memory_order_release);
  wake();
}

void WriterThread::join() {
  if (!state_->thread.joinable()) return;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
    state_->wanted.notify_one();
  }
  state_->thread.join();
}

Result<void> WriterThread::stop() {
  join();
  auto closed = writer_->close(wall_clock_ns());
  state_->error = writer_->error().text;
  state_->head = writer_->head();
  state_->totals = writer_->totals();
  if (changed_) changed_(*this);
  return closed;
}

std::string WriterThread::error_text() const {
  const std::lock_guard lock(state_->mutex);
  return state_->error;
}

Head WriterThread::head() const {
  const std::lock_guard lock(state_->mutex);
  return state_->head;
}

Writer::Totals WriterThread::totals() const {
  const std::lock_guard lock(state_->mutex);
  return state_->totals;
}

}  // namespace sallyport::ringlog
