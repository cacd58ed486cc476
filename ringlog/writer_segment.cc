// The Writer's segments: how one begins, ends, and hands the chain and the key to the next.
#include <algorithm>
#include <cerrno>

#include "config/check.h"
#include "ringlog/recovery.h"
#include "ringlog/writer.h"

namespace sallyport::ringlog {

Result<uint64_t> next_instance(Files& files, const std::string& directory, uint64_t now_ns) {
  auto segments = list_segments(files, directory);
  if (!segments) return std::unexpected(std::move(segments.error()));
  const uint64_t newest = segments->empty() ? 0 : segments->back().id.instance;
  return std::max(now_ns, newest + 1);
}

Writer::Writer(Files& files, WriterOptions options, Random random)
    : files_(files), options_(std::move(options)), random_(random), commit_(std::move(random)) {
  CHECK(options_.instance != 0 && options_.segment_size >= limits::log_segment_size_min);
}

Writer::~Writer() {
  if (file_ >= 0) files_.close(file_);
}

Result<std::unique_ptr<Writer>> Writer::start(Files& files, WriterOptions options, RootKey& root,
                                              std::vector<ByteRing*> rings, Random random, uint64_t now_ns) {
  auto own = ByteRing::anonymous(64 * limits::KiB, options.instance, writer_ring_index);
  if (!own) return std::unexpected(std::move(own.error()));
  std::unique_ptr<Writer> writer(new Writer(files, std::move(options), std::move(random)));
  if (writer->options_.seal_to) {
    auto sealer = Sealer::make(*writer->options_.seal_to, writer->random_);
    if (!sealer) return std::unexpected(std::move(sealer.error()));
    writer->sealer_.emplace(std::move(*sealer));
    writer->commit_.seal_with(&*writer->sealer_);
  }
  writer->own_ring_ = std::make_unique<ByteRing>(std::move(*own));
  writer->own_recorder_ = std::make_unique<Recorder>(*writer->own_ring_);
  writer->own_recorder_->set_time(now_ns);
  rings.push_back(writer->own_ring_.get());
  for (ByteRing* ring : rings) {
    CHECK(ring->instance() == writer->options_.instance);
    CHECK(writer->sources_.empty() || writer->sources_.back().index < ring->index());
    writer->sources_.push_back(
        {.ring = ring, .owned = ring, .instance = ring->instance(), .index = ring->index()});
  }
  if (auto opened = writer->open_first(root, now_ns); !opened)
    return std::unexpected(std::move(opened.error()));
  return writer;
}

Result<uint64_t> Writer::recover(const ByteRing& leftover, uint64_t now_ns) {
  CHECK(leftover.instance() < options_.instance);
  auto marks = read_watermarks(files_, options_.directory, leftover.instance());
  if (!marks) return std::unexpected(std::move(marks.error()));
  const uint64_t known = (*marks)[{leftover.instance(), leftover.index()}];
  Source source{
      .ring = &leftover, .owned = nullptr, .instance = leftover.instance(), .index = leftover.index()};
  source.position = source.written_position = source.durable_position = leftover.released();
  source.sequence = source.written_sequence = source.durable_sequence = known;
  const auto before = [](const Source& a, const Source& b) {
    return std::pair(a.instance, a.index) < std::pair(b.instance, b.index);
  };
  const auto place = std::upper_bound(sources_.begin(), sources_.end(), source, before);
  const auto slot = static_cast<size_t>(place - sources_.begin());
  sources_.insert(place, source);
  const uint64_t failures = totals_.failures;
  (void)commit_pending(now_ns);

  // Its watermark stays in every commit of this instance: a crash before the file is removed must find it.
  Source& drained = sources_[slot];
  drained.done = true;
  drained.ring = nullptr;
  if (totals_.failures != failures || failing()) {
    sources_.erase(sources_.begin() + static_cast<ptrdiff_t>(slot));
    return std::unexpected(error_);
  }
  const uint64_t count = drained.durable_sequence - known;
  const std::string of = std::to_string(leftover.instance()), ring = std::to_string(leftover.index()),
                    records = std::to_string(count);
  const Field fields[] = {{"instance", of}, {"ring", ring}, {"records", records}};
  // Its lock was free, so its owner is dead. Room given back is a courtesy: a failure here costs nothing
  // else.
  (void)trim_last_segment(files_, options_.directory, leftover.instance());
  (void)own_recorder_->note(0, {.name = "recovered", .fields = fields, .ours = true});
  return count;
}

std::string Writer::path(uint32_t segment) const {
  return options_.directory + "/" + segment_name({.instance = options_.instance, .segment = segment});
}

// The instance's first segment: signed by the root key, naming the root key to come and the chain before.
Result<void> Writer::open_first(RootKey& root, uint64_t now_ns) {
  auto segments = list_segments(files_, options_.directory);
  if (!segments) return std::unexpected(std::move(segments.error()));
  // Segments that a dead instance was about to open; their names are no segments' names.
  auto listed = files_.list(options_.directory);
  if (!listed) return std::unexpected(std::move(listed.error()));
  for (const FileInfo& info : *listed) {
    if (info.name.ends_with(".splog.new")) (void)files_.remove(options_.directory + "/" + info.name);
  }
  SegmentFrame frame{};
  frame.flags = segment_genesis;
  if (!segments->empty()) {
    const SegmentInfo& last = segments->back();
    CHECK(last.id.instance < options_.instance);
    // What is named here must not be lost to a crash of the machine later.
    auto file = files_.open(options_.directory + "/" + last.name);
    if (!file) return std::unexpected(std::move(file.error()));
    auto synced = files_.sync(*file);
    files_.close(*file);
    if (!synced) return synced;
    auto tail = find_tail(files_, options_.directory, last.id);
    if (!tail) return std::unexpected(std::move(tail.error()));
    frame.link.previous = tail->head.hash;
    frame.previous_end = tail->head.offset;
    frame.predecessor = last.id.instance;
    frame.predecessor_number = tail->head.number;
    frame.predecessor_segment = last.id.segment;
  }
  auto next = root.prepare_next(random_);
  if (!next) return std::unexpected(std::move(next.error()));
  frame.next_root = *next;
  if (auto opened = open_segment(root.key(), frame, now_ns); !opened) return opened;
  return root.adopt_next();
}

Result<void> Writer::open_next(uint64_t now_ns) {
  SegmentFrame frame{};
  frame.flags = after_failure_ ? segment_after_failure : 0;
  frame.link.previous = tip_.hash;
  frame.previous_end = tip_.offset;
  SigningKey signer = std::move(*key_);
  auto opened = open_segment(signer, frame, now_ns);
  if (!opened) key_ = std::move(signer);
  return opened;
}

// Under another name until its first frame is durable, so that a segment that can be seen has a header.
Result<void> Writer::open_segment(const SigningKey& signer, SegmentFrame frame, uint64_t now_ns) {
  auto capacity = room_for_segment();
  if (!capacity) return std::unexpected(std::move(capacity.error()));
  SigningKey key = SigningKey::generate(random_);
  const uint32_t segment = tip_.segment + 1;
  frame.link.number = tip_.number + 1;
  frame.link.time_ns = now_ns;
  frame.magic = segment_magic;
  frame.instance = options_.instance;
  frame.segment = segment;
  frame.key = key.public_key();
  frame.signer = signer.public_key();
  Sha256 sha;
  const auto bytes = std::as_writable_bytes(std::span(&frame, 1));
  finish_frame(bytes, FrameType::Segment);
  const Digest hash = link_hash(sha, FrameType::Segment, hashed_part(bytes));
  frame.signature = signer.sign(hash);
  finish_frame(bytes, FrameType::Segment);

  const std::string name = path(segment);
  const std::string fresh = name + ".new";
  (void)files_.remove(fresh);
  auto file = files_.create(fresh, 0640);
  if (!file) return std::unexpected(std::move(file.error()));
  // A nearly full disk may still have room for a smaller one.
  auto done = files_.allocate(*file, *capacity);
  while (!done && done.error().code == ENOSPC && *capacity / 2 >= limits::log_segment_size_min) {
    *capacity /= 2;
    done = files_.allocate(*file, *capacity);
  }
  if (done) done = write_all(files_, *file, bytes, 0);
  if (done) done = files_.sync(*file);
  if (done) done = files_.rename(fresh, name);
  if (done) done = files_.sync_directory(options_.directory);
  if (!done) {
    files_.close(*file);
    (void)files_.remove(fresh);
    (void)files_.remove(name);
    return std::unexpected(std::move(done.error()).in("open " + name));
  }
  file_ = *file;
  capacity_ = *capacity;
  if (sealer_) sealer_->change_key();
  key_ = std::move(key);
  has_commit_ = false;
  after_failure_ = false;
  idle_count_ = 0;
  idle_time_ns_ = 0;
  last_write_ns_ = now_ns;
  tip_ = {.instance = options_.instance,
          .number = frame.link.number,
          .hash = hash,
          .segment = segment,
          .offset = sizeof frame,
          .time_ns = now_ns};
  durable_ = tip_;
  totals_.segments++;
  return {};
}

// How large the next segment may be, by configuration and quota.
Result<uint64_t> Writer::room_for_segment() {
  if (options_.quota_size == 0) return options_.segment_size;
  auto segments = list_segments(files_, options_.directory);
  if (!segments) return std::unexpected(std::move(segments.error()));
  uint64_t used = 0;
  for (const SegmentInfo& info : *segments) used += info.size;
  const uint64_t left = used < options_.quota_size ? options_.quota_size - used : 0;
  if (left < limits::log_segment_size_min) {
    return fail("the log has reached its quota; move closed segments away or raise the quota", EDQUOT);
  }
  return std::min(options_.segment_size, left);
}

Result<void> Writer::close_segment(uint32_t flags, uint64_t now_ns) {
  if (auto synced = sync(); !synced) return synced;
  CloseFrame frame{.prefix = {},
                   .link = {.number = tip_.number + 1, .time_ns = now_ns, .previous = tip_.hash},
                   .flags = flags,
                   .idle_count = idle_count_,
                   .signature = {}};
  const auto bytes = std::as_writable_bytes(std::span(&frame, 1));
  finish_frame(bytes, FrameType::Close);
  Sha256 sha;
  const Digest hash = link_hash(sha, FrameType::Close, hashed_part(bytes));
  frame.signature = key_->sign(hash);
  finish_frame(bytes, FrameType::Close);
  auto done = write_all(files_, file_, bytes, tip_.offset);
  if (done) done = files_.truncate(file_, tip_.offset + sizeof frame);
  if (done) done = files_.sync(file_);
  if (!done) return done;
  files_.close(file_);
  file_ = -1;
  tip_.number++;
  tip_.hash = hash;
  tip_.offset += sizeof frame;
  tip_.time_ns = now_ns;
  durable_ = tip_;
  // The key is kept in memory until it has signed its successor; nothing else is signed with it.
  if ((flags & close_final) != 0) key_.reset();
  return {};
}

}  // namespace sallyport::ringlog
