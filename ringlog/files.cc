#include "ringlog/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace sallyport::ringlog {
namespace {

class SystemFiles final : public Files {
 public:
  Result<Handle> create(const std::string& path, unsigned mode) override {
    return opened(path, O_WRONLY | O_CREAT | O_EXCL, mode);
  }
  Result<Handle> open(const std::string& path) override { return opened(path, O_WRONLY | O_NOFOLLOW, 0); }

  // Buffered: O_DIRECT would save the copy into the page cache, but wants aligned blocks and is refused by
  // tmpfs and some network file systems; one pwrite and one fdatasync a commit keep up with the producers
  // (bench/micro).
  Result<size_t> write(Handle file, Bytes bytes, uint64_t offset) override {
    while (true) {
      const ssize_t count = pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (count >= 0) return static_cast<size_t>(count);
      if (errno != EINTR) return fail_errno("write", errno);
    }
  }
  Result<void> allocate(Handle file, uint64_t size) override {
    int code = 0;
    do code = fallocate(file, 0, 0, static_cast<off_t>(size)) == 0 ? 0 : errno;
    while (code == EINTR);
    // Where the file system cannot reserve, writes find out; the size grows with them.
    if (code == EOPNOTSUPP || code == ENOSYS) return {};
    if (code != 0) return fail_errno("reserve room", code);
    return {};
  }
  Result<void> truncate(Handle file, uint64_t size) override {
    return outcome("truncate", ftruncate(file, static_cast<off_t>(size)));
  }
  Result<void> sync(Handle file) override { return outcome("sync", fdatasync(file)); }
  void close(Handle file) override { ::close(file); }

  Result<void> rename(const std::string& from, const std::string& to) override {
    return outcome("rename to " + to, ::rename(from.c_str(), to.c_str()));
  }
  Result<void> remove(const std::string& path) override {
    return outcome("remove " + path, unlink(path.c_str()));
  }
  Result<void> sync_directory(const std::string& path) override {
    auto directory = opened(path, O_RDONLY | O_DIRECTORY, 0);
    if (!directory) return std::unexpected(directory.error());
    auto result = outcome("sync " + path, fsync(*directory));
    ::close(*directory);
    return result;
  }

  Result<std::vector<FileInfo>> list(const std::string& directory) override {
    DIR* entries = opendir(directory.c_str());
    if (entries == nullptr) return fail_errno("list " + directory, errno);
    std::vector<FileInfo> files;
    while (const dirent* entry = readdir(entries)) {
      struct stat status {};
      if (fstatat(dirfd(entries), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
          !S_ISREG(status.st_mode))
        continue;
      files.push_back({.name = entry->d_name, .size = static_cast<uint64_t>(status.st_size)});
    }
    closedir(entries);
    std::sort(files.begin(), files.end(),
              [](const FileInfo& a, const FileInfo& b) { return a.name < b.name; });
    return files;
  }

  Result<std::vector<std::byte>> read(const std::string& path, uint64_t offset, uint64_t size_max) override {
    auto file = opened(path, O_RDONLY, 0);
    if (!file) return std::unexpected(file.error());
    struct stat status {};
    int code = fstat(*file, &status) == 0 ? 0 : errno;
    std::vector<std::byte> bytes;
    const auto size = static_cast<uint64_t>(status.st_size);
    if (code == 0 && offset < size) bytes.resize(std::min(size_max, size - offset));
    size_t done = 0;
    while (code == 0 && done < bytes.size()) {
      const ssize_t count =
          pread(*file, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
      if (count == 0) break;
      if (count > 0) done += static_cast<size_t>(count);
      if (count < 0 && errno != EINTR) code = errno;
    }
    ::close(*file);
    if (code != 0) return fail_errno("read " + path, code);
    bytes.resize(done);
    return bytes;
  }

 private:
  static Result<Handle> opened(const std::string& path, int flags, unsigned mode) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    if (fd < 0) return fail_errno("open " + path, errno);
    return fd;
  }
  static Result<void> outcome(const std::string& what, int status) {
    if (status != 0) return fail_errno(what, errno);
    return {};
  }
};

}  // namespace

Files& system_files() {
  static SystemFiles files;
  return files;
}

Result<void> write_all(Files& files, Files::Handle file, Bytes bytes, uint64_t offset) {
  while (!bytes.empty()) {
    auto count = files.write(file, bytes, offset);
    if (!count) return std::unexpected(std::move(count.error()));
    if (*count == 0) return fail_errno("write", EIO);
    bytes = bytes.subspan(*count);
    offset += *count;
  }
  return {};
}

Result<void> replace_file(Files& files, const std::string& path, std::string_view text, unsigned mode) {
  const std::string fresh = path + ".new";
  (void)files.remove(fresh);  // left by a crash in this very function
  auto file = files.create(fresh, mode);
  if (!file) return std::unexpected(std::move(file.error()));
  auto result = write_all(files, *file, std::as_bytes(std::span(text)), 0);
  if (result) result = files.sync(*file);
  files.close(*file);
  if (result) result = files.rename(fresh, path);
  if (!result) {
    (void)files.remove(fresh);
    return result;
  }
  const size_t slash = path.rfind('/');
  return files.sync_directory(slash == std::string::npos ? "." : path.substr(0, slash));
}

}  // namespace sallyport::ringlog
