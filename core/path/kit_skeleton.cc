#include "core/path/kit_skeleton.h"

#include <algorithm>
#include <fstream>
#include <string>

#include "config/limits.h"

namespace sallyport {
namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

bool is_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !name.empty() && name.size() <= limits::name_size_max && name[0] >= 'a' && name[0] <= 'z' &&
         std::all_of(name.begin(), name.end(), fits);
}

}  // namespace

Result<void> write_skeleton(const std::filesystem::path& directory, std::string_view name) {
  if (!is_name(name)) {
    return fail("a plugin's name has 1 to 63 characters of a-z 0-9 - _ and begins with a letter: \"" +
                std::string(name) + "\" does not");
  }
  std::error_code code;
  std::filesystem::create_directories(directory.parent_path().empty() ? "." : directory.parent_path(), code);
  if (!std::filesystem::create_directory(directory, code)) {
    return code ? fail("cannot make " + directory.string() + ": " + code.message(), code.value())
                : fail(directory.string() + " exists: name another directory");
  }
  std::filesystem::create_directory(directory / "transcripts", code);
  for (const SkeletonFile& file : skeleton_files()) {
    std::string text(file.text);
    if (file.name == "skeleton.c") {
      text = replaced(std::move(text), "TEXT(\"lines\")", "TEXT(\"" + std::string(name) + "\")");
      text = replaced(std::move(text), "TEXT(\"lines/", "TEXT(\"" + std::string(name) + "/");
    }
    const std::filesystem::path path = directory / file.name;
    std::ofstream out(path, std::ios::binary);
    out << text;
    out.close();
    if (!out) return fail("cannot write " + path.string());
  }
  return {};
}

}  // namespace sallyport
