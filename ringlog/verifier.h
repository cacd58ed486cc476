// The walk behind verify(): one object a run. Stops at the first fault.
#pragma once

#include <map>
#include <utility>

#include "ringlog/leaves.h"
#include "ringlog/root_chain.h"
#include "ringlog/verify.h"

namespace sallyport::ringlog {

class Verifier {
 public:
  Verifier(Files& files, std::string directory, const PublicKey& root, std::vector<Head> saved);
  Result<VerifyReport> run();

 private:
  // A link that something outside its own segment says must exist.
  struct Pin {
    Digest hash;
    bool saved = false;  // by the auditor, else by the next instance
    bool found = false;
  };
  using PinKey = std::pair<uint64_t, uint64_t>;  // instance, link number

  bool fault(FaultKind kind, uint64_t offset, std::string text);  // false, to be returned
  bool check_names(const std::vector<SegmentInfo>& segments);
  bool collect_pins(const std::vector<SegmentInfo>& segments);
  bool check_pins(uint64_t instance);

  // verifier.cc: one segment. `successor` is the next segment of the same instance or null.
  bool check_segment(const SegmentInfo& info, const SegmentInfo* successor);
  bool check_header(Bytes frame, const SegmentInfo& info);
  bool check_genesis(const SegmentFrame& header);
  bool check_frames(Bytes bytes, uint64_t limit, bool has_successor);
  bool check_close(Bytes frame, Bytes bytes, bool has_successor);
  bool check_link(Bytes frame, FrameType type);

  // verify_commit.cc
  bool check_record(Bytes frame, uint64_t offset);
  bool check_commit(Bytes frame);
  bool check_watermarks(Bytes frame);
  bool check_leaves(Bytes frame);
  bool check_payloads(const Leaf& leaf, std::span<const Bytes> records);

  // verify_tail.cc: the end of a segment that was not closed.
  bool check_tail(Bytes bytes, FrameStatus status);
  bool check_idle(Bytes bytes);
  [[nodiscard]] bool synced_later(Bytes bytes, uint64_t from);
  [[nodiscard]] bool lost_sector_explains(Bytes bytes, uint64_t offset, uint64_t size) const;

  Files& files_;
  const std::string directory_;
  const PublicKey root_;
  const std::vector<Head> saved_;
  VerifyReport report_;
  Sha256 sha_;
  std::map<PinKey, Pin> pins_;

  // The chain at hand.
  std::string file_;
  Head head_;        // the last link that was checked
  PublicKey key_{};  // of the segment at hand
  RootChain roots_;
  SegmentId previous_instance_;  // its last segment; zeros before the first
  Leaves leaves_;
  std::map<std::pair<uint64_t, uint16_t>, uint64_t> sequences_;
  uint64_t offset_ = 0;                // of the frame at hand
  std::vector<Bytes> commit_records_;  // since the last commit
  bool closed_ = false;
  bool final_ = false;
};

}  // namespace sallyport::ringlog
