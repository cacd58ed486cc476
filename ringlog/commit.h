// Builds a commit: the records' frames one after another, then the frame that hashes and signs them. Writer's
// thread.
#pragma once

#include <vector>

#include "ringlog/digest.h"
#include "ringlog/frame.h"
#include "ringlog/leaves.h"
#include "ringlog/seal.h"

namespace sallyport::ringlog {

class Commit {
 public:
  explicit Commit(Random random) : random_(std::move(random)) {}

  // Payloads of sessions are sealed from here on. It outlives the Commit.
  void seal_with(Sealer* sealer) { sealer_ = sealer; }

  void clear();
  // Copies a ring's entry and fills in its checksums.
  void add(Bytes entry);
  [[nodiscard]] bool empty() const { return records_.empty(); }
  [[nodiscard]] size_t size() const { return bytes_.size(); }
  // No sealed commit of these records is larger.
  [[nodiscard]] size_t sealed_size_max(size_t watermark_count) const {
    return bytes_.size() + commit_frame_size(watermark_count, records_.size());
  }

  // Appends the commit frame, advances `leaves`, and returns the link's hash. `frame` carries what the writer
  // knows: link, first_offset, durable, idle fields.
  [[nodiscard]] Digest seal(CommitFrame frame, std::span<const Watermark> watermarks, Leaves& leaves,
                            const SigningKey& key);
  [[nodiscard]] Bytes bytes() const { return bytes_; }

 private:
  struct Record {
    uint64_t instance;
    uint64_t session;
    size_t offset;  // in bytes_; also the order
  };
  Leaf make_leaf(std::span<const Record> records, Digest& headers_digest);

  void append_sealed(Bytes entry);

  Random random_;
  Sealer* sealer_ = nullptr;
  Sha256 sha_;
  std::vector<std::byte> bytes_;
  std::vector<Record> records_;
  std::vector<Leaf> leaf_frames_;
  std::vector<Digest> leaf_hashes_;
  std::vector<Salt> salts_;
};

}  // namespace sallyport::ringlog
