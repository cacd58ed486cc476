// Drains the rings into segments: gathers, hashes, signs, writes, syncs, and only then gives the room back.
// One thread calls step() with the time; nothing in here reads a clock, so that the simulation drives the
// same code.
//
//   Open    --write, sync or room fails-->  Failing (rings refuse; nothing of the unsynced part is trusted)
//   Failing --each log_retry_ms a new segment is tried; it continues the chain where the last sync left it-->
//   Open
//
// A segment whose write or sync failed is never written again (fsync may report a later success for lost
// pages).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/limits.h"
#include "ringlog/commit.h"
#include "ringlog/keys.h"
#include "ringlog/leaves.h"
#include "ringlog/recorder.h"
#include "ringlog/ring.h"
#include "ringlog/segment.h"

namespace sallyport::ringlog {

struct WriterOptions {
  std::string directory;  // exists; segments only
  uint64_t instance = 0;  // next_instance()
  uint64_t segment_size = limits::log_segment_size;
  uint64_t quota_size = 0;  // of all segments together, bytes; 0: none
  std::optional<SealKey> seal_to =
      std::nullopt;  // an auditor's key: sessions' payloads can be read with its private half only
};

// Greater than any instance in the directory, and the start's time where clocks behave.
[[nodiscard]] Result<uint64_t> next_instance(Files& files, const std::string& directory, uint64_t now_ns);

// The ring of the writer's own records.
inline constexpr uint16_t writer_ring_index = 0xffff;

class Writer {
 public:
  // Opens the instance's first segment, signed by `root`, which is then replaced by its successor. Start-ups
  // on one directory come one after another (the caller holds a lock). `rings` outlive the Writer; their
  // order is by index.
  static Result<std::unique_ptr<Writer>> start(Files& files, WriterOptions options, RootKey& root,
                                               std::vector<ByteRing*> rings, Random random, uint64_t now_ns);
  ~Writer();

  // Brings what a dead instance left in `leftover` into the log, durable on return; records that are there
  // already are skipped by sequence. The count of new ones. The file may be removed afterwards. Before
  // serving.
  Result<uint64_t> recover(const ByteRing& leftover, uint64_t now_ns);

  // Commits all that the rings hold, or attests idle time, or tries to resume. `now_ns`: wall clock.
  void step(uint64_t now_ns);
  // Closes the segment and opens the next one, where this one holds a commit: its payloads can be erased
  // then.
  void roll(uint64_t now_ns);
  // A last step, then the end of the chain as it should be. Producers have stopped.
  Result<void> close(uint64_t now_ns);

  [[nodiscard]] bool failing() const { return failing_.load(std::memory_order_acquire); }  // any thread
  [[nodiscard]] const Error& error() const { return error_; }  // why it fails or failed last
  [[nodiscard]] const Head& head() const { return durable_; }  // durable

  struct Totals {
    uint64_t commits = 0, records = 0, bytes = 0, syncs = 0, idle_checkpoints = 0, failures = 0, segments = 0;
  };
  [[nodiscard]] const Totals& totals() const { return totals_; }

 private:
  struct Source {  // a ring that is drained
    const ByteRing* ring = nullptr;
    ByteRing* owned = nullptr;  // whose producer waits for room and news; null for a leftover
    uint64_t instance = 0;
    uint16_t index = 0;
    uint64_t position = 0, sequence = 0;                  // gathered
    uint64_t written_position = 0, written_sequence = 0;  // in the segment
    uint64_t durable_position = 0, durable_sequence = 0;  // synced
    bool done = false;                                    // recovered or unreadable: nothing more comes
  };

  Writer(Files& files, WriterOptions options, Random random);

  // writer.cc
  bool commit_pending(uint64_t now_ns);
  bool gather();
  Result<void> write_commit(uint64_t now_ns);
  Result<void> attest_idle(uint64_t now_ns);
  Result<void> sync();
  void publish();
  void give_up(Error error, uint64_t now_ns);
  void set_failing(bool failing);
  [[nodiscard]] std::vector<Watermark> watermarks() const;

  // writer_segment.cc
  Result<void> open_segment(const SigningKey& signer, SegmentFrame frame, uint64_t now_ns);
  Result<void> open_first(RootKey& root, uint64_t now_ns);
  Result<void> open_next(uint64_t now_ns);
  Result<void> close_segment(uint32_t flags, uint64_t now_ns);
  Result<uint64_t> room_for_segment();
  [[nodiscard]] std::string path(uint32_t segment) const;

  Files& files_;
  const WriterOptions options_;
  Random random_;
  std::optional<Sealer> sealer_;
  Commit commit_;
  Leaves leaves_;
  std::vector<Source> sources_;  // by instance, then index
  std::unique_ptr<ByteRing> own_ring_;
  std::unique_ptr<Recorder> own_recorder_;

  Head tip_;                       // the last link written
  Head durable_;                   // the last link synced
  std::optional<SigningKey> key_;  // of the current or last segment; signs its successor
  Files::Handle file_ = -1;        // -1: none open
  uint64_t capacity_ = 0;          // reserved bytes of the open segment
  bool has_commit_ = false;        // in the open segment
  bool after_failure_ = false;     // the last segment was given up, not closed

  uint32_t idle_count_ = 0;
  uint64_t idle_time_ns_ = 0;
  uint64_t last_write_ns_ = 0;
  uint64_t retry_at_ns_ = 0;
  std::atomic<bool> failing_{false};
  Error error_;
  Totals totals_;
};

}  // namespace sallyport::ringlog
