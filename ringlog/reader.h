// Reads the records of a log directory in the order of the chains: instance by instance, segment by segment,
// commit by commit. Only whole commits are shown; checksums are checked, hashes and signatures are verify's
// business. One thread; a writer may be at work.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ringlog/seal.h"
#include "ringlog/segment.h"

namespace sallyport::ringlog {

class Reader {
 public:
  struct Filter {
    std::optional<uint64_t> instance;
    std::optional<uint64_t> session;
  };

  Reader(Files& files, std::string directory, Filter filter = {});

  // The next record, or nothing at the present end: then a later call looks again (tail). The view lives
  // until the next call. An error names the segment and the offset where a closed part of the log cannot be
  // read.
  Result<std::optional<RecordView>> next();
  // Skips what is there now, so that next() shows only what comes.
  Result<void> skip_to_end();
  // Sealed payloads are given as they were, where the key fits. It outlives the Reader.
  void open_with(Opener* opener) { opener_ = opener; }
  // Before the first next(): begins with the last segment that was opened at `time_ns` or before, so that all
  // that was recorded since then is read; or, where that is later, with the first one of `instance`.
  Result<void> skip_to(uint64_t time_ns, uint64_t instance = 0);
  // Where the last commit that was read ends.
  [[nodiscard]] SegmentId segment() const { return id_; }
  [[nodiscard]] uint64_t offset() const { return position_; }

 private:
  enum class Step { Commit, Advance, End };

  Result<bool> load_commit();
  Result<Step> walk();
  Result<Step> at_end();
  Result<void> look_ahead();
  void enter(SegmentId id);
  [[nodiscard]] std::string path(SegmentId id) const { return directory_ + "/" + segment_name(id); }

  Files& files_;
  const std::string directory_;
  const Filter filter_;

  SegmentId id_;           // zeros before the first
  uint64_t position_ = 0;  // of the next commit's first frame
  SegmentId successor_;    // once known; zeros before
  uint64_t limit_ = 0;     // where the successor says that the chain left this segment; its own instance only
  Opener* opener_ = nullptr;
  uint64_t window_size_ = 0;
  std::vector<std::byte> window_;  // from window_offset_
  uint64_t window_offset_ = 0;
  bool window_is_fresh_ = false;                    // read after the successor was known
  std::vector<std::pair<size_t, size_t>> records_;  // offset and size in window_, of the commit at hand
  size_t record_index_ = 0;
};

}  // namespace sallyport::ringlog
