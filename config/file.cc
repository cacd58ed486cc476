#include "config/file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "config/descriptor.h"

namespace sallyport::config {
namespace {

// O_NONBLOCK: a FIFO put in the file's place must not hang the start; it is refused as no regular file.
constexpr int open_flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

Result<std::string> read(const std::filesystem::path& path, size_t size_max, bool is_private) {
  const std::string name = path.string();
  const Descriptor file(open(name.c_str(), open_flags | (is_private ? O_NOFOLLOW : 0)));
  if (file.get() < 0 && errno == ELOOP)
    return fail(name + " is a symbolic link: name the file itself", ELOOP);
  if (file.get() < 0) return fail_errno("open " + name, errno);
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return fail_errno("stat " + name, errno);
  if (!S_ISREG(status.st_mode)) return fail(name + " is no regular file");
  if (is_private && (status.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
    return fail(name + " may be read or written by others: chmod 0600 " + name);
  }
  std::string text;
  char part[4096];
  text.reserve(sizeof part);  // a secret, which has no more, leaves no copy where its text would have grown
  for (;;) {
    const ssize_t size = ::read(file.get(), part, sizeof part);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail_errno("read " + name, errno);
    if (size == 0) return text;
    text.append(part, static_cast<size_t>(size));
    if (is_private) explicit_bzero(part, sizeof part);
    if (text.size() > size_max) return fail(name + " is longer than " + std::to_string(size_max) + " bytes");
  }
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, size_t size_max) {
  return read(path, size_max, false);
}

Result<std::string> read_private_file(const std::filesystem::path& path, size_t size_max) {
  return read(path, size_max, true);
}

}  // namespace sallyport::config
