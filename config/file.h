// Reads small files of the configuration whole. Control plane only.
#pragma once

#include <filesystem>
#include <string>

#include "config/error.h"

namespace sallyport::config {

// At most `size_max` bytes of a regular file.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path, size_t size_max);

// Like read_file, but refuses a symbolic link as the last part and files that others than the owner and its
// group may read or write. (A group is how a service user is let at a root-owned secret.)
[[nodiscard]] Result<std::string> read_private_file(const std::filesystem::path& path, size_t size_max);

}  // namespace sallyport::config
