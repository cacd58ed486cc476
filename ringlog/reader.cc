#include "ringlog/reader.h"

#include <algorithm>
#include <cerrno>

#include "config/limits.h"

namespace sallyport::ringlog {
namespace {

constexpr uint64_t window_size_first = 1 * limits::MiB;

}  // namespace

Reader::Reader(Files& files, std::string directory, Filter filter)
    : files_(files), directory_(std::move(directory)), filter_(filter) {}

Result<std::optional<RecordView>> Reader::next() {
  while (true) {
    while (record_index_ < records_.size()) {
      const auto [offset, size] = records_[record_index_++];
      RecordView record = view_of(Bytes(window_).subspan(offset, size));
      if (filter_.instance && record.instance != *filter_.instance) continue;
      if (filter_.session && record.session != *filter_.session) continue;
      if (opener_ != nullptr) (void)opener_->open(record);
      return record;
    }
    auto loaded = load_commit();
    if (!loaded) return std::unexpected(std::move(loaded.error()));
    if (!*loaded) return std::nullopt;
  }
}

Result<void> Reader::skip_to_end() {
  while (true) {
    auto loaded = load_commit();
    if (!loaded) return std::unexpected(std::move(loaded.error()));
    if (!*loaded) return {};
    records_.clear();
  }
}

Result<void> Reader::skip_to(uint64_t time_ns, uint64_t instance) {
  auto segments = list_segments(files_, directory_);
  if (!segments) return std::unexpected(std::move(segments.error()));
  SegmentId begin;
  for (const SegmentInfo& info : *segments) {
    const bool is_earlier = info.id.instance < instance;
    if (!is_earlier && info.id.segment == 1 && instance != 0 && begin.instance < instance) begin = info.id;
    if (is_earlier) continue;
    const auto header = files_.read(path(info.id), 0, sizeof(SegmentFrame));
    if (!header || header->size() < sizeof(SegmentFrame)) break;
    if (load<SegmentFrame>(*header).link.time_ns > time_ns) break;
    begin = info.id;
  }
  if (begin != SegmentId{}) enter(begin);
  return {};
}

// The next commit's records; false at the present end.
Result<bool> Reader::load_commit() {
  records_.clear();
  record_index_ = 0;
  if (id_ == SegmentId{}) {
    if (auto looked = look_ahead(); !looked) return std::unexpected(std::move(looked.error()));
    if (successor_ == SegmentId{}) return false;
    enter(successor_);
  }
  while (true) {
    auto step = walk();
    if (!step) return std::unexpected(std::move(step.error()));
    switch (*step) {
      case Step::Commit: return true;
      case Step::Advance: enter(successor_); break;
      case Step::End: return false;
    }
  }
}

// From position_ to the end of the next commit, reading more of the segment as needed.
Result<Reader::Step> Reader::walk() {
  size_t at = position_ - window_offset_;
  records_.clear();
  while (true) {
    Bytes frame;
    const bool within = at <= window_.size();
    const FrameStatus status = within ? check_frame(window_, at, frame) : FrameStatus::Cut;
    const bool at_limit =
        successor_.instance == id_.instance && position_ >= limit_ && successor_ != SegmentId{};
    if (at_limit) return Step::Advance;
    if (status != FrameStatus::Good || type_of(frame) == FrameType::Idle) {
      // The bytes at hand may be too few, or older than what the writer has written since.
      const uint64_t wanted =
          window_.empty() || window_offset_ != position_ ? window_size_first : 2 * window_size_;
      const bool whole = window_is_fresh_ && window_.size() < window_size_;
      if (whole) return at_end();
      window_size_ = wanted;
      window_offset_ = position_;
      auto read = files_.read(path(id_), position_, window_size_);
      if (!read) return std::unexpected(std::move(read.error()));
      window_ = std::move(*read);
      window_is_fresh_ = true;
      records_.clear();
      at = 0;
      continue;
    }
    const size_t frame_offset = at;
    at += frame.size();
    switch (type_of(frame)) {
      case FrameType::Record: records_.emplace_back(frame_offset, frame.size()); break;
      case FrameType::Segment: position_ = window_offset_ + at; break;
      case FrameType::Close: position_ = window_offset_ + at; return at_end();
      case FrameType::Commit:
        if (load<CommitFrame>(frame).first_offset != position_) return at_end();
        position_ = window_offset_ + at;
        return Step::Commit;
      case FrameType::None:
      case FrameType::Idle: break;
    }
  }
}

// Nothing more can be read here now. Another segment may follow; what is read before that is known may be too
// old.
Result<Reader::Step> Reader::at_end() {
  records_.clear();
  window_is_fresh_ = false;
  const bool known = successor_ != SegmentId{};
  if (!known) {
    if (auto looked = look_ahead(); !looked) return std::unexpected(std::move(looked.error()));
    if (successor_ == SegmentId{}) return Step::End;
    window_.clear();
    window_offset_ = position_;
    window_size_ = 0;
    return walk();
  }
  // A dead instance's torn tail is passed over; inside a chain nothing may be missing.
  if (successor_.instance == id_.instance && position_ < limit_) {
    return fail(
        path(id_) + ": unreadable at byte " + std::to_string(position_) + "; run `sallyport log verify`",
        EBADMSG);
  }
  return Step::Advance;
}

// Whether another segment follows, and where the chain leaves this one.
Result<void> Reader::look_ahead() {
  auto segments = list_segments(files_, directory_);
  if (!segments) return std::unexpected(std::move(segments.error()));
  const auto after = std::find_if(segments->begin(), segments->end(),
                                  [&](const SegmentInfo& info) { return info.id > id_; });
  if (after == segments->end()) return {};
  if (after->id.instance == id_.instance) {
    auto bytes = files_.read(path(after->id), 0, sizeof(SegmentFrame));
    if (!bytes) return std::unexpected(std::move(bytes.error()));
    Bytes frame;
    if (check_frame(*bytes, 0, frame) != FrameStatus::Good || type_of(frame) != FrameType::Segment) {
      return fail(path(after->id) + ": unreadable header; run `sallyport log verify`", EBADMSG);
    }
    limit_ = load<SegmentFrame>(frame).previous_end;
  }
  successor_ = after->id;
  return {};
}

void Reader::enter(SegmentId id) {
  id_ = id;
  position_ = 0;
  successor_ = {};
  limit_ = 0;
  window_.clear();
  window_offset_ = 0;
  window_size_ = 0;
  window_is_fresh_ = false;
}

}  // namespace sallyport::ringlog
