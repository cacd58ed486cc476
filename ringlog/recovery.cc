#include "ringlog/recovery.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "ringlog/frame.h"
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
    else if (ring.error().code == EBUSY)
      leftover.busy.push_back(path);
    else
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

Result<void> trim_last_segment(Files& files, const std::string& directory, uint64_t instance) {
  auto segments = list_segments(files, directory);
  if (!segments) return std::unexpected(std::move(segments.error()));
  const SegmentInfo* last = nullptr;
  for (const SegmentInfo& info : *segments) {
    if (info.id.instance == instance) last = &info;
  }
  if (last == nullptr) return {};
  const std::string path = directory + "/" + last->name;
  auto bytes = files.read(path, 0, whole_file);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  size_t used = bytes->size();
  while (used > 0 && (*bytes)[used - 1] == std::byte{0}) used--;
  // What was written may itself end in zeros: up to a whole sector stays.
  used = (used + 2 * sector_size - 1) / sector_size * sector_size;
  if (used >= bytes->size()) return {};
  auto file = files.open(path);
  if (!file) return std::unexpected(std::move(file.error()));
  auto done = files.truncate(*file, used);
  if (done) done = files.sync(*file);
  files.close(*file);
  return done;
}

}  // namespace sallyport::ringlog
