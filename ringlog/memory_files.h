// Files in memory, for tests and the simulation: they refuse, fall short, run full, and forget what was not
// synced. One thread. Directories need no making; their entries are durable at once.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "ringlog/files.h"

namespace sallyport::ringlog {

class MemoryFiles final : public Files {
 public:
  enum class Operation {
    Create,
    Open,
    Write,
    Allocate,
    Truncate,
    Sync,
    Rename,
    Remove,
    SyncDirectory,
    List,
    Read
  };
  // Asked before each operation: 0 lets it pass, else it fails with that errno. A write that returns
  // `short_write` takes only a part. A failed sync loses what it should have made durable, as a real one may.
  using Judge = std::function<int(Operation, const std::string& path)>;
  static constexpr int short_write = -1;
  static constexpr int skipped_sync = -2;  // says that it worked and makes nothing durable; before a crash()

  void set_judge(Judge judge) { judge_ = std::move(judge); }
  // All files together; beyond it ENOSPC. 0: no bound.
  void set_capacity(uint64_t size) { capacity_ = size; }
  // The machine dies: each sector keeps either what was synced or what was written since.
  void crash(std::mt19937_64& random);

  [[nodiscard]] std::vector<std::byte>& contents(const std::string& path) { return files_.at(path)->data; }
  [[nodiscard]] bool exists(const std::string& path) const { return files_.contains(path); }
  [[nodiscard]] uint64_t used() const;

  Result<Handle> create(const std::string& path, unsigned mode) override;
  Result<Handle> open(const std::string& path) override;
  Result<size_t> write(Handle file, Bytes bytes, uint64_t offset) override;
  Result<void> allocate(Handle file, uint64_t size) override;
  Result<void> truncate(Handle file, uint64_t size) override;
  Result<void> sync(Handle file) override;
  void close(Handle file) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<std::vector<FileInfo>> list(const std::string& directory) override;
  Result<std::vector<std::byte>> read(const std::string& path, uint64_t offset, uint64_t size_max) override;

 private:
  struct File {
    std::string path;
    std::vector<std::byte> data;
    std::vector<std::byte> synced;
    size_t dirty_from = SIZE_MAX, dirty_to = 0;  // where the two may differ
  };
  Result<void> judged(Operation operation, const std::string& path);
  Result<void> grow(File& file, uint64_t size);
  static void mark(File& file, size_t from, size_t to);

  Judge judge_;
  uint64_t capacity_ = 0;
  std::map<std::string, std::shared_ptr<File>> files_;
  std::map<Handle, std::shared_ptr<File>> open_;
  Handle next_ = 3;
};

}  // namespace sallyport::ringlog
