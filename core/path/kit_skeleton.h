// The skeleton plugin's source, held in the executable, for `sallyport plugin new NAME`.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include "config/error.h"

namespace sallyport {

struct SkeletonFile {
  std::string_view name;  // relative: "skeleton.c", "transcripts/session.transcript"
  std::string_view text;
};

// plugin.h, the sources and the transcripts of plugins/skeleton.
[[nodiscard]] std::span<const SkeletonFile> skeleton_files();

// Writes them to a directory that does not exist yet, with the protocol named `name`. Errors: a name that no
// manifest may have, the directory exists, no permission.
[[nodiscard]] Result<void> write_skeleton(const std::filesystem::path& directory, std::string_view name);

}  // namespace sallyport
