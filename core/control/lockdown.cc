#include "core/control/lockdown.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "config/file.h"
#include "config/limits.h"

namespace sallyport {

namespace {

namespace fs = std::filesystem;

constexpr const char* file_name = "lockdowns";

Result<void> write_durably(const fs::path& path, const std::string& text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return fail_errno("open " + path.string(), errno);
  const bool good =
      write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
  const int error = errno;
  close(fd);
  if (!good) return fail_errno("write " + path.string(), error);
  return {};
}

}  // namespace

Result<Lockdowns> read_lockdowns(const fs::path& state_dir) {
  Lockdowns lockdowns;
  const fs::path path = state_dir / file_name;
  std::error_code error;
  if (!fs::exists(path, error) && !error) return lockdowns;
  const Result<std::string> text = config::read_file(path, limits::config_file_size_max);
  if (!text) return std::unexpected(text.error());
  for (size_t begin = 0; begin < text->size();) {
    const size_t end = std::min(text->find('\n', begin), text->size());
    const std::string line = text->substr(begin, end - begin);
    const size_t space = line.find(' ');
    if (space == 0 || space == line.npos) return fail(path.string() + ": no lockdown: " + line);
    lockdowns[line.substr(0, space)] = line.substr(space + 1);
    begin = end + 1;
  }
  return lockdowns;
}

Result<void> write_lockdowns(const fs::path& state_dir, const Lockdowns& lockdowns) {
  std::string text;
  for (const auto& [target, since] : lockdowns) text += target + " " + since + "\n";
  const fs::path path = state_dir / file_name, fresh = state_dir / (std::string(file_name) + ".new");
  if (Result<void> written = write_durably(fresh, text); !written) return written;
  if (rename(fresh.c_str(), path.c_str()) != 0) return fail_errno("rename " + fresh.string(), errno);
  const int folder = open(state_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    [[maybe_unused]] const int ignored = fsync(folder);
    close(folder);
  }
  return {};
}

}  // namespace sallyport
