// All file work of the log, behind one seam: the system's files, and files in memory (memory_files.h) that
// can refuse, fall short and forget what was not synced. The writer's and the reader's thread only, so
// virtual calls are cheap enough. Errors carry the errno.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/error.h"
#include "ringlog/record.h"

namespace sallyport::ringlog {

struct FileInfo {
  std::string name;  // without the directory
  uint64_t size = 0;
};

class Files {
 public:
  using Handle = int;
  virtual ~Files() = default;

  // A new file for writing; it must not exist.
  virtual Result<Handle> create(const std::string& path, unsigned mode) = 0;
  // An existing one, for sync and truncate.
  virtual Result<Handle> open(const std::string& path) = 0;
  // At most what was given, possibly less.
  virtual Result<size_t> write(Handle file, Bytes bytes, uint64_t offset) = 0;
  // Makes room up to `size` and sets it as the file's size; new bytes read as zeros.
  virtual Result<void> allocate(Handle file, uint64_t size) = 0;
  virtual Result<void> truncate(Handle file, uint64_t size) = 0;
  // Data and what is needed to read it (fdatasync).
  virtual Result<void> sync(Handle file) = 0;
  virtual void close(Handle file) = 0;

  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> remove(const std::string& path) = 0;
  virtual Result<void> sync_directory(const std::string& path) = 0;
  // Regular files, sorted by name.
  virtual Result<std::vector<FileInfo>> list(const std::string& directory) = 0;
  // Up to `size_max` bytes from `offset`; less at the end.
  virtual Result<std::vector<std::byte>> read(const std::string& path, uint64_t offset,
                                              uint64_t size_max) = 0;
};

// One for the process; it has no state.
[[nodiscard]] Files& system_files();

inline constexpr uint64_t whole_file = UINT64_MAX;

// Writes all of `bytes`; an error in the middle leaves an unknown part written.
[[nodiscard]] Result<void> write_all(Files& files, Files::Handle file, Bytes bytes, uint64_t offset);
// Replaces `path` by a file that holds `text`: complete and durable, or not at all.
[[nodiscard]] Result<void> replace_file(Files& files, const std::string& path, std::string_view text,
                                        unsigned mode);

}  // namespace sallyport::ringlog
