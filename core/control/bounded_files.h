// The log's files for somebody who may be told to stop: reads fail once the deadline is over or the gateway
// ends, and nothing can be written. Any thread.
#pragma once

#include <errno.h>

#include <atomic>

#include "config/check.h"
#include "config/clock.h"
#include "ringlog/files.h"

namespace sallyport {

class BoundedFiles final : public ringlog::Files {
 public:
  // `deadline_ns` of steady_ns(); `stopping` outlives it.
  BoundedFiles(int64_t deadline_ns, const std::atomic<bool>& stopping)
      : deadline_ns_(deadline_ns), stopping_(stopping) {}

  Result<std::vector<ringlog::FileInfo>> list(const std::string& directory) override {
    if (is_over()) return over();
    return ringlog::system_files().list(directory);
  }
  Result<std::vector<std::byte>> read(const std::string& path, uint64_t offset, uint64_t size_max) override {
    if (is_over()) return over();
    return ringlog::system_files().read(path, offset, size_max);
  }

  Result<Handle> create(const std::string&, unsigned) override { return refused(); }
  Result<Handle> open(const std::string&) override { return refused(); }
  Result<size_t> write(Handle, ringlog::Bytes, uint64_t) override { return refused(); }
  Result<void> allocate(Handle, uint64_t) override { return refused(); }
  Result<void> truncate(Handle, uint64_t) override { return refused(); }
  Result<void> sync(Handle) override { return refused(); }
  void close(Handle) override {}
  Result<void> rename(const std::string&, const std::string&) override { return refused(); }
  Result<void> remove(const std::string&) override { return refused(); }
  Result<void> sync_directory(const std::string&) override { return refused(); }

 private:
  [[nodiscard]] bool is_over() const { return stopping_.load() || steady_ns() > deadline_ns_; }
  static std::unexpected<Error> over() {
    return fail(
        "reading the log took too long: ask for less of it, with since and until, or use the command "
        "line beside the log",
        ETIMEDOUT);
  }
  static std::unexpected<Error> refused() { return fail("opened for reading", EROFS); }

  const int64_t deadline_ns_;
  const std::atomic<bool>& stopping_;
};

}  // namespace sallyport
