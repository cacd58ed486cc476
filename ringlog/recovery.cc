#include "ringlog/recovery.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "ringlog/segment.h"

namespace sallyport::ringlog {

std::string ring_path(const std::string& directory, uint64_t instance, uint16_t index) {
  char name[40];
  std::snprintf(name, sizeof name, "/%016llx-%04x.spring", static_cast<unsigned long long>(instance), index);
  return directory + name;
}

Result<Leftover> find_leftover_rings(const std::string& directory) {
  auto listed = system_files().list(directory);
  if (!listed) return std::unexpected(std::move(listed.error()));
  Leftover leftover;
  for (const FileInfo& file : *listed) {  // sorted by name: by instance and index
    if (!file.name.ends_with(".spring")) continue;
    const std::string path = directory + "/" + file.name;
    auto ring = ByteRing::open(path);
    if (ring)
      leftover.rings.push_back(std::move(*ring));
    else if (ring.error().code == EBADMSG)
      leftover.damaged.push_back(path);
    else if (ring.error().code != EBUSY)
      return std::unexpected(std::move(ring.error()));
  }
  return leftover;
}

Result<Watermarks> read_watermarks(Files& files, const std::string& directory, uint64_t oldest_instance) {
  auto segments = list_segments(files, directory);
  if (!segments) return std::unexpected(std::move(segments.error()));
  Watermarks marks;
  // A chain's last commit names all its rings: from the newest segment back to the first that holds a commit.
  uint64_t done = 0;
  for (auto info = segments->rbegin(); info != segments->rend() && info->id.instance >= oldest_instance;
       ++info) {
    if (info->id.instance == done) continue;
    auto tail = find_tail(files, directory, info->id);
    if (!tail) return std::unexpected(std::move(tail.error()));
    if (!tail->has_commit) continue;
    done = info->id.instance;
    for (const Watermark& mark : tail->watermarks) {
      uint64_t& highest = marks[{mark.instance, mark.ring}];
      highest = std::max(highest, mark.sequence);
    }
  }
  return marks;
}

}  // namespace sallyport::ringlog
