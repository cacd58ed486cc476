// Runs a Writer on a thread of its own: a step at least every log_commit_interval_ms, so that the sync of a
// record begins at most that long after it was made, and at once when a `sync` record wakes it.
#pragma once

#include <functional>
#include <memory>

#include "ringlog/writer.h"

namespace sallyport::ringlog {

class WriterThread {
 public:
  // `changed` runs on the writer's thread after a step that made records durable, or that changed failing();
  // it must not block (an eventfd or a mailbox). Start-up thread.
  using Changed = std::function<void(const WriterThread&)>;
  WriterThread(std::unique_ptr<Writer> writer, Changed changed);
  ~WriterThread();  // stops, without an end of the chain if stop() was not called
  WriterThread(const WriterThread&) = delete;
  WriterThread& operator=(const WriterThread&) = delete;

  // Any thread, one system call at most: do not wait for the interval.
  void wake();
  // Any thread: begin a new segment at the next step, where there is anything in this one.
  void roll();
  // Drains what the rings hold and ends the chain. Producers have stopped.
  Result<void> stop();
  [[nodiscard]] bool failing() const { return writer_->failing(); }  // any thread
  // Why the log fails or failed last, and where the durable end is: any thread.
  [[nodiscard]] std::string error_text() const;
  [[nodiscard]] Head head() const;
  [[nodiscard]] Writer::Totals totals() const;

 private:
  struct State;
  void run();
  void join();

  std::unique_ptr<Writer> writer_;
  Changed changed_;
  std::unique_ptr<State> state_;
};

}  // namespace sallyport::ringlog
