#include "ringlog/writer.h"

#include <algorithm>
#include <cerrno>

#include "config/check.h"

namespace sallyport::ringlog {
namespace {

constexpr uint64_t ns_per_ms = 1'000'000;
// Commits between two syncs: enough to keep the disk busy, little enough to keep rings short.
constexpr int commits_per_sync_max = 8;

}  // namespace

void Writer::step(uint64_t now_ns) {
  own_recorder_->set_time(now_ns);
  if (file_ < 0) {
    if (now_ns < retry_at_ns_) return;
    if (auto opened = open_next(now_ns); !opened) return give_up(std::move(opened.error()), now_ns);
    set_failing(false);
  }
  if (commit_pending(now_ns)) return;
  const uint64_t idle_ns = limits::log_checkpoint_idle_ms * ns_per_ms;
  if (file_ >= 0 && now_ns >= last_write_ns_ + idle_ns) {
    if (auto attested = attest_idle(now_ns); !attested) give_up(std::move(attested.error()), now_ns);
  }
}

// Whether there was anything to commit; a failure counts as something.
bool Writer::commit_pending(uint64_t now_ns) {
  bool any = false;
  for (int unsynced = 0; gather();) {
    any = true;
    auto written = write_commit(now_ns);
    if (written && ++unsynced == commits_per_sync_max) {
      written = sync();
      unsynced = 0;
    }
    if (!written) {
      give_up(std::move(written.error()), now_ns);
      return true;
    }
  }
  if (!any) return false;
  if (auto synced = sync(); !synced) give_up(std::move(synced.error()), now_ns);
  return true;
}

// Takes entries from the rings, ring by ring, until the commit is full.
bool Writer::gather() {
  commit_.clear();
  for (Source& source : sources_) {
    while (!source.done) {
      const auto entry = source.ring->at(source.position);
      if (!entry) {
        source.done = true;
        (void)own_recorder_->gap(0, {.instance = source.instance,
                                     .ring = source.index,
                                     .first = source.sequence + 1,
                                     .count = 0,
                                     .reason = "ring-damaged"});
        break;
      }
      if (entry->empty()) break;
      const auto frame = load<RecordFrame>(*entry);
      if (frame.sequence > source.sequence) {
        if (!commit_.empty() && commit_.size() + entry->size() > limits::log_commit_size_max) return true;
        commit_.add(*entry);
        source.sequence = frame.sequence;
      }
      source.position += entry->size();
    }
  }
  return !commit_.empty();
}

Result<void> Writer::write_commit(uint64_t now_ns) {
  const std::vector<Watermark> marks = watermarks();
  const size_t size_max = commit_.sealed_size_max(marks.size()) + sizeof(CloseFrame) + sector_size;
  if (has_commit_ && tip_.offset + size_max > capacity_) {
    // The commit in hand is not part of what is synced and published here; it goes to the new segment.
    auto rolled = close_segment(0, now_ns);
    if (rolled) rolled = open_next(now_ns);
    if (!rolled) return rolled;
  }
  if (tip_.offset + size_max > capacity_) {
    capacity_ = tip_.offset + size_max;
    if (auto grown = files_.allocate(file_, capacity_); !grown) return grown;
  }
  const CommitFrame frame{.prefix = {},
                          .link = {.number = tip_.number + 1, .time_ns = now_ns, .previous = tip_.hash},
                          .first_offset = tip_.offset,
                          .durable = durable_.number,
                          .record_count = 0,
                          .leaf_count = 0,
                          .watermark_count = 0,
                          .idle_count = idle_count_,
                          .idle_time_ns = idle_time_ns_,
                          .zero = 0,
                          .root = {}};
  const Digest hash = commit_.seal(frame, marks, leaves_, *key_);
  if (auto written = write_all(files_, file_, commit_.bytes(), tip_.offset); !written) return written;
  tip_.number++;
  tip_.hash = hash;
  tip_.offset += commit_.size();
  tip_.time_ns = now_ns;
  for (Source& source : sources_) {
    source.written_position = source.position;
    source.written_sequence = source.sequence;
  }
  has_commit_ = true;
  idle_count_ = 0;
  idle_time_ns_ = 0;
  last_write_ns_ = now_ns;
  totals_.commits++;
  totals_.bytes += commit_.size();
  return {};
}

// Stands behind the last link and is written over by whatever comes next, so that idle time costs no room.
Result<void> Writer::attest_idle(uint64_t now_ns) {
  CHECK(tip_.number == durable_.number);
  IdleFrame frame{.prefix = {},
                  .number = tip_.number,
                  .time_ns = now_ns,
                  .head = tip_.hash,
                  .count = idle_count_ + 1ULL,
                  .signature = {}};
  finish_frame(std::as_writable_bytes(std::span(&frame, 1)), FrameType::Idle);
  Sha256 sha;
  frame.signature = key_->sign(link_hash(sha, FrameType::Idle, hashed_part(bytes_of(frame))));
  finish_frame(std::as_writable_bytes(std::span(&frame, 1)), FrameType::Idle);
  auto written = write_all(files_, file_, bytes_of(frame), idle_offset(tip_.offset));
  if (written) written = files_.sync(file_);
  if (!written) return written;
  idle_count_++;
  idle_time_ns_ = now_ns;
  last_write_ns_ = now_ns;
  durable_.time_ns = now_ns;
  totals_.idle_checkpoints++;
  return {};
}

Result<void> Writer::sync() {
  if (auto synced = files_.sync(file_); !synced) return synced;
  totals_.syncs++;
  publish();
  return {};
}

// Everything up to the tip is durable: say so, and give the room back.
void Writer::publish() {
  durable_ = tip_;
  leaves_.settle();
  for (Source& source : sources_) {
    totals_.records += source.written_sequence - source.durable_sequence;
    if (source.owned != nullptr && source.written_position != source.durable_position) {
      source.owned->release(source.written_position, source.written_sequence);
    }
    source.durable_position = source.written_position;
    source.durable_sequence = source.written_sequence;
  }
}

// Back to what the last sync covered. The segment is left for good; what stands in it beyond that point is
// cut where the disk still allows it, and otherwise disowned by the next segment's header.
void Writer::give_up(Error error, uint64_t now_ns) {
  error_ = std::move(error);
  totals_.failures++;
  set_failing(true);
  retry_at_ns_ = now_ns + limits::log_retry_ms * ns_per_ms;
  tip_ = durable_;
  leaves_.roll_back();
  for (Source& source : sources_) {
    source.position = source.written_position = source.durable_position;
    source.sequence = source.written_sequence = source.durable_sequence;
  }
  if (file_ < 0) return;
  (void)files_.truncate(file_, durable_.offset);
  files_.close(file_);
  file_ = -1;
  after_failure_ = true;
}

void Writer::set_failing(bool failing) {
  failing_.store(failing, std::memory_order_release);
  for (Source& source : sources_) {
    if (source.owned != nullptr) source.owned->set_failing(failing);
  }
}

std::vector<Watermark> Writer::watermarks() const {
  std::vector<Watermark> marks;
  for (const Source& source : sources_) {
    if (source.sequence == 0) continue;
    marks.push_back({.instance = source.instance,
                     .sequence = source.sequence,
                     .ring = source.index,
                     .zero16 = 0,
                     .zero32 = 0});
  }
  return marks;
}

void Writer::roll(uint64_t now_ns) {
  if (file_ < 0 || !has_commit_) return;
  auto rolled = close_segment(0, now_ns);
  if (rolled) rolled = open_next(now_ns);
  if (!rolled) give_up(std::move(rolled.error()), now_ns);
}

Result<void> Writer::close(uint64_t now_ns) {
  step(now_ns);
  if (file_ < 0) return std::unexpected(error_);
  auto closed = close_segment(close_final, now_ns);
  if (!closed) give_up(closed.error(), now_ns);
  return closed;
}

}  // namespace sallyport::ringlog
