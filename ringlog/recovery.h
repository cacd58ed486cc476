// After a crash: which rings were left behind, and what of them is in the log already. Start-up thread.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ringlog/files.h"
#include "ringlog/ring.h"

namespace sallyport::ringlog {

// "<instance, 16 hex>-<index, 4 hex>.spring" in `directory`, which is on tmpfs.
[[nodiscard]] std::string ring_path(const std::string& directory, uint64_t instance, uint16_t index);

struct Leftover {
  std::vector<ByteRing> rings;       // of dead processes, by instance and index
  std::vector<std::string> damaged;  // files that are no ring; the operator decides
  std::vector<std::string> busy;     // whose owner lives, or is still being taken down by the kernel
};
// Rings whose owner lives are left alone.
[[nodiscard]] Result<Leftover> find_leftover_rings(const std::string& directory);

// The highest sequence in the log for each ring of an instance not older than `oldest_instance`.
using Watermarks = std::map<std::pair<uint64_t, uint16_t>, uint64_t>;
[[nodiscard]] Result<Watermarks> read_watermarks(Files& files, const std::string& directory,
                                                 uint64_t oldest_instance);

// Gives back what a dead instance had reserved for its last segment and not written. Nothing but zeros goes.
[[nodiscard]] Result<void> trim_last_segment(Files& files, const std::string& directory, uint64_t instance);

}  // namespace sallyport::ringlog
