#include "core/control/lockdown.h"

#include <algorithm>

#include "config/file.h"
#include "config/limits.h"
#include "ringlog/files.h"

namespace sallyport {

namespace {

namespace fs = std::filesystem;

constexpr const char* file_name = "lockdowns";

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
  return ringlog::replace_file(ringlog::system_files(), (state_dir / file_name).string(), text, 0600);
}

}  // namespace sallyport
