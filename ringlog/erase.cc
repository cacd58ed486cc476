#include "ringlog/erase.h"

#include <algorithm>

#include "ringlog/commits.h"

namespace sallyport::ringlog {
namespace {

constexpr unsigned segment_mode = 0640;

class SegmentEraser {
 public:
  SegmentEraser(std::vector<std::byte>& bytes, uint64_t before_ns) : bytes_(bytes), before_ns_(before_ns) {}

  // Where the chain has left the segment nothing behind `limit` counts.
  void run(uint64_t limit) {
    // The walk checks checksums, so it is over before any of them changes.
    std::vector<std::pair<uint64_t, std::vector<uint64_t>>> commits;  // offsets: of a commit, of its records
    (void)each_commit(bytes_, limit, [&](const CommitView& commit) {
      if (load<CommitFrame>(commit.frame).link.time_ns >= before_ns_) {
        reached_end_ = false;
        return false;
      }
      std::vector<uint64_t> records;
      for (const Bytes record : commit.records)
        records.push_back(static_cast<uint64_t>(record.data() - bytes_.data()));
      commits.emplace_back(commit.offset, std::move(records));
      return true;
    });
    for (const auto& [offset, records] : commits) erase(offset, records);
  }
  [[nodiscard]] uint64_t records() const { return records_; }
  [[nodiscard]] uint64_t size() const { return size_; }
  [[nodiscard]] bool reached_end() const { return reached_end_; }  // nothing in it is too young

 private:
  std::span<std::byte> frame_at(uint64_t offset) {
    return std::span(bytes_).subspan(offset, load<FramePrefix>(bytes_, offset).size);
  }

  // A leaf's payloads go together, with the salt: nobody can test a guess against the digest that stays.
  void erase(uint64_t offset, const std::vector<uint64_t>& records) {
    uint64_t erased = 0;
    for (const uint64_t at : records) {
      const auto record = load<RecordFrame>(bytes_, at);
      if (record.session == 0 || record.payload_size == 0 || (record.prefix.flags & flag_erased) != 0)
        continue;
      const auto frame = frame_at(at);
      std::ranges::fill(frame.subspan(sizeof(RecordFrame) + record.header_size, record.payload_size),
                        std::byte{0});
      frame[offsetof(FramePrefix, flags)] |= std::byte{flag_erased};
      finish_record(frame);
      erased++;
      size_ += record.payload_size;
    }
    if (erased == 0) return;
    records_ += erased;
    const auto frame = frame_at(offset);
    const uint32_t count = load<CommitFrame>(frame).leaf_count;
    for (size_t at = frame.size() - count * sizeof(Leaf); at < frame.size(); at += sizeof(Leaf)) {
      auto leaf = load<Leaf>(frame, at);
      if (leaf.session == 0) continue;
      leaf.salt = {};
      std::memcpy(frame.data() + at, &leaf, sizeof leaf);
    }
    finish_frame(frame, FrameType::Commit);
  }

  std::vector<std::byte>& bytes_;
  const uint64_t before_ns_;
  uint64_t records_ = 0, size_ = 0;
  bool reached_end_ = true;
};

bool is_closed(Bytes bytes) {
  if (bytes.size() < sizeof(CloseFrame)) return false;
  Bytes frame;
  return check_frame(bytes, bytes.size() - sizeof(CloseFrame), frame) == FrameStatus::Good &&
         type_of(frame) == FrameType::Close;
}

}  // namespace

Result<EraseReport> erase_payloads(Files& files, const std::string& directory, uint64_t before_ns, bool dry,
                                   SegmentId after) {
  auto segments = list_segments(files, directory);
  if (!segments) return std::unexpected(std::move(segments.error()));
  EraseReport report{.complete = after};
  bool complete = true;  // so far
  for (size_t i = 0; i < segments->size(); i++) {
    const SegmentInfo& info = (*segments)[i];
    if (info.id <= after) continue;
    const std::string path = directory + "/" + info.name;
    auto header = files.read(path, 0, sizeof(SegmentFrame));
    if (!header) return std::unexpected(std::move(header.error()));
    const bool readable = header->size() == sizeof(SegmentFrame);  // else verify says what is wrong with it
    if (!readable || load<SegmentFrame>(*header).link.time_ns >= before_ns) {
      complete = false;
      continue;
    }
    auto bytes = files.read(path, 0, whole_file);
    if (!bytes) return std::unexpected(std::move(bytes.error()));
    const bool last = i + 1 == segments->size();
    uint64_t limit = UINT64_MAX;
    if (!last && (*segments)[i + 1].id.instance == info.id.instance)
      limit = limit_by_successor(files, directory, (*segments)[i + 1].id);
    const bool written = last && !is_closed(*bytes);
    SegmentEraser eraser(*bytes, before_ns);
    eraser.run(limit);
    complete = complete && !last && eraser.reached_end();
    if (written) {
      report.kept += eraser.records();
      continue;
    }
    if (eraser.records() > 0 && !dry) {
      const std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
      if (auto replaced = replace_file(files, path, text, segment_mode); !replaced)
        return std::unexpected(std::move(replaced.error()).in("erase in " + path));
    }
    if (complete) report.complete = info.id;
    report.records += eraser.records();
    report.bytes += eraser.size();
    report.segments += eraser.records() > 0 ? 1 : 0;
  }
  return report;
}

}  // namespace sallyport::ringlog
