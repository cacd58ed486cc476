// Every change of a log is found and located; a crash's torn tail is told from it.
#include <set>

#include "fixture.h"
#include "ringlog/segment.h"

namespace sallyport::ringlog {
namespace {

class TamperTest : public LogTest {
 protected:
  // Two instances, the first of several segments, two sessions, payloads with and without.
  void make_log(bool closed = true, int commits = 6) {
    start();
    for (int i = 0; i < commits; i++) {
      ASSERT_TRUE(request(1, "select " + std::to_string(i)));
      ASSERT_TRUE(recorder_->forward(2, {.leg = 1, .count = 5}));
      step();
    }
    ASSERT_TRUE(writer_->close(now_));
    start();
    ASSERT_TRUE(request(1, "select x"));
    step();
    ASSERT_TRUE(recorder_->session_closed(1, {.reason = "client-closed"}));
    step();
    if (closed) {
      ASSERT_TRUE(writer_->close(now_));
    }
    const VerifyReport report = check();
    ASSERT_TRUE(report.whole()) << say(report);
    ASSERT_EQ(report.closed, closed);
  }
  // The frame that holds a byte.
  static std::pair<uint64_t, uint64_t> frame_around(Bytes bytes, uint64_t offset) {
    Bytes frame;
    uint64_t at = 0;
    while (check_frame(bytes, at, frame) == FrameStatus::Good && at + frame.size() <= offset)
      at += frame.size();
    return {at, at + frame.size()};
  }
  // The frames of a type in a file.
  std::vector<uint64_t> frames(const std::string& path, FrameType type) {
    std::vector<uint64_t> found;
    Bytes frame;
    const Bytes bytes(files_.contents(path));
    for (uint64_t at = 0; check_frame(bytes, at, frame) == FrameStatus::Good; at += frame.size()) {
      if (type_of(frame) == type) found.push_back(at);
    }
    return found;
  }
};

// Goal: no bit can be flipped unseen, and the report points at the frame. Method: all bits of a small closed
// log.
TEST_F(TamperTest, EverySingleBitFlipIsFoundAndLocated) {
  make_log(true, 2);
  uint64_t flips = 0, unseen = 0, misplaced = 0;
  for (const SegmentInfo& info : segments()) {
    auto& bytes = files_.contents("log/" + info.name);
    const std::vector<std::byte> original = bytes;
    for (uint64_t at = 0; at < bytes.size(); at++) {
      const auto [from, to] = frame_around(original, at);
      for (int bit = 0; bit < 8; bit++) {
        bytes[at] ^= static_cast<std::byte>(1 << bit);
        const VerifyReport report = check();
        bytes[at] ^= static_cast<std::byte>(1 << bit);
        flips++;
        if (report.whole())
          unseen++;
        else if (report.fault->file != info.name || report.fault->offset < from || report.fault->offset >= to)
          misplaced++;
      }
    }
  }
  EXPECT_GT(flips, 25'000U);
  EXPECT_EQ(unseen, 0U);
  EXPECT_EQ(misplaced, 0U);
}

// Goal: whoever repairs the checksums is found by hash or signature. Method: flip every byte of each record
// and commit, fix the CRCs.
TEST_F(TamperTest, RepairedChecksumsAreFoundByHash) {
  make_log(true, 2);
  for (const SegmentInfo& info : segments()) {
    auto& bytes = files_.contents("log/" + info.name);
    const std::vector<std::byte> original = bytes;
    for (uint64_t at = sizeof(FramePrefix); at < bytes.size(); at++) {
      const auto [from, to] = frame_around(original, at);
      if (at < from + sizeof(FramePrefix)) continue;
      bytes[at] ^= std::byte{4};
      const auto frame = std::span(bytes).subspan(from, to - from);
      const FrameType type = type_of(frame);
      if (type == FrameType::Record) {
        const auto record = load<RecordFrame>(frame);
        if (record_frame_size(record.header_size, record.payload_size) == frame.size()) finish_record(frame);
      } else {
        finish_frame(frame, type);
      }
      const VerifyReport report = check();
      EXPECT_FALSE(report.whole()) << info.name << " byte " << at;
      bytes = original;
    }
  }
}

// Goal: a cut at any byte is seen: as a fault, or as a log that has not ended; and always with a saved head.
TEST_F(TamperTest, EveryTruncationIsSeen) {
  make_log(true, 2);
  const Head saved = check().head;
  const auto all = segments();
  for (const SegmentInfo& info : all) {
    auto& bytes = files_.contents("log/" + info.name);
    const std::vector<std::byte> original = bytes;
    for (size_t size = 0; size < original.size(); size++) {
      bytes.resize(size);
      const VerifyReport alone = check();
      EXPECT_TRUE(!alone.whole() || !alone.closed) << info.name << " cut to " << size;
      if (info.name != all.back().name) {
        EXPECT_FALSE(alone.whole()) << info.name << " cut to " << size;
      }
      EXPECT_FALSE(check(saved).whole()) << info.name << " cut to " << size;
      bytes = original;
    }
  }
}

TEST_F(TamperTest, BytesBehindTheEndAreFound) {
  make_log();
  for (const SegmentInfo& info : segments()) {
    auto& bytes = files_.contents("log/" + info.name);
    bytes.resize(bytes.size() + 8);
    const VerifyReport report = check();
    ASSERT_FALSE(report.whole());
    EXPECT_EQ(report.fault->kind, FaultKind::TrailingBytes);
    EXPECT_EQ(report.fault->offset, bytes.size() - 8);
    bytes.resize(bytes.size() - 8);
  }
}

// Deleted, swapped and replayed segments, in an instance and between instances.
TEST_F(TamperTest, DeletedAndSwappedSegments) {
  start();
  for (int i = 0; i < 400; i++) {
    ASSERT_TRUE(request(1, std::string(900, 'x')));
    if (i % 2 == 0) step();
  }
  ASSERT_TRUE(writer_->close(now_));
  for (int i = 0; i < 2; i++) {
    start();
    ASSERT_TRUE(request(1, "later"));
    ASSERT_TRUE(writer_->close(now_));
  }
  const auto all = segments();
  ASSERT_GT(all.size(), 6U);
  const Head saved = check().head;
  ASSERT_TRUE(check(saved).whole());
  for (const SegmentInfo& info : all) {
    const std::vector<std::byte> original = files_.contents("log/" + info.name);
    ASSERT_TRUE(files_.remove("log/" + info.name));
    const VerifyReport report = check(saved);
    EXPECT_FALSE(report.whole()) << info.name << " deleted";
    if (info.name != all.back().name) {
      EXPECT_FALSE(check().whole()) << info.name << " deleted, no head";
    }
    auto file = files_.create("log/" + info.name, 0640);
    ASSERT_TRUE(file && write_all(files_, *file, original, 0));
  }
  for (size_t i = 0; i + 1 < all.size(); i++) {
    auto& one = files_.contents("log/" + all[i].name);
    auto& two = files_.contents("log/" + all[i + 1].name);
    std::swap(one, two);
    const VerifyReport report = check();
    ASSERT_FALSE(report.whole());
    EXPECT_EQ(report.fault->kind, FaultKind::Swapped) << say(report);
    EXPECT_EQ(report.fault->file, all[i].name);
    std::swap(one, two);
  }
  ASSERT_TRUE(check(saved).whole());
}

// Whole commits cut off, taken out, or replayed; and records swapped with their checksums right.
TEST_F(TamperTest, CommitsRemovedRepeatedAndReordered) {
  make_log();
  const std::string path = "log/" + segments().front().name;
  auto& bytes = files_.contents(path);
  const std::vector<std::byte> original = bytes;
  const auto commits = frames(path, FrameType::Commit);
  ASSERT_EQ(commits.size(), 6U);
  const auto end_of = [&](uint64_t at) { return at + load<FramePrefix>(original, at).size; };
  for (size_t i = 0; i + 1 < commits.size(); i++) {
    const auto from = static_cast<ptrdiff_t>(end_of(commits[i])),
               to = static_cast<ptrdiff_t>(end_of(commits[i + 1]));
    bytes.erase(bytes.begin() + from, bytes.begin() + to);
    EXPECT_FALSE(check().whole()) << "commit removed";
    bytes = original;
    bytes.insert(bytes.begin() + to, original.begin() + from, original.begin() + to);
    EXPECT_FALSE(check().whole()) << "commit repeated";
    bytes = original;
  }
  const auto records = frames(path, FrameType::Record);
  for (size_t i = 0; i + 1 < records.size(); i++) {
    if (end_of(records[i]) != records[i + 1]) continue;
    std::rotate(bytes.begin() + static_cast<ptrdiff_t>(records[i]),
                bytes.begin() + static_cast<ptrdiff_t>(records[i + 1]),
                bytes.begin() + static_cast<ptrdiff_t>(end_of(records[i + 1])));
    EXPECT_FALSE(check().whole()) << "records swapped";
    bytes = original;
  }
}

// A log that somebody else wrote, whole in itself, does not verify under this key.
TEST_F(TamperTest, ForgedLogIsFound) {
  make_log();
  const auto ours = read_public_key(files_, "state/log.pub");
  ASSERT_TRUE(ours);
  MemoryFiles other;
  std::swap(files_, other);
  random_ = seeded_random(2);
  writer_.reset();
  make_log();
  const auto report = verify(files_, "log", *ours);
  ASSERT_TRUE(report);
  ASSERT_FALSE(report->whole());
  EXPECT_EQ(report->fault->kind, FaultKind::BadKey);
}

// Who finds the root key on the disk later cannot write an earlier instance again with it.
TEST_F(TamperTest, LaterRootKeyCannotReplaceAnEarlierInstance) {
  make_log();
  const auto all = segments();
  const auto key = files_.contents("state/log.key");
  const std::string name = all.front().name;
  const uint64_t instance = all.front().id.instance;
  MemoryFiles forged;
  auto file = forged.create("state/log.key", 0600);
  ASSERT_TRUE(file && write_all(forged, *file, key, 0));
  auto root = RootKey::load_or_create(forged, "state", random_);
  ASSERT_TRUE(root);
  auto writer = Writer::start(
      forged, {.directory = "log", .instance = instance, .segment_size = limits::log_segment_size_min}, *root,
      {}, random_, now_);
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->close(now_ + 1));
  files_.contents("log/" + name) = forged.contents("log/" + name);
  const VerifyReport report = check();
  ASSERT_FALSE(report.whole());
  EXPECT_EQ(report.fault->kind, FaultKind::BadKey) << say(report);
}

// Goal: after the death of the machine the log verifies, tail torn or not, and goes on. Method: seeded
// sectors lost.
TEST_F(TamperTest, CrashesAreTornTailsAndNoFaults) {
  std::mt19937_64 random(7);
  uint64_t torn = 0;
  for (int round = 0; round < 300; round++) {
    files_ = MemoryFiles();
    writer_.reset();
    start();
    std::set<std::string> durable;
    const int steps = static_cast<int>(random() % 12);
    std::vector<std::string> made;
    // The machine dies in the middle of the last step: its syncs do not happen.
    for (int i = 0; i <= steps; i++) {
      const int count = 1 + static_cast<int>(random() % 4);
      for (int j = 0; j < count; j++) {
        made.push_back(std::to_string(round) + "/" + std::to_string(i) + std::string(random() % 900, '.'));
        ASSERT_TRUE(request(1 + random() % 3, made.back()));
      }
      if (i == steps) {
        files_.set_judge([](MemoryFiles::Operation operation, const std::string&) {
          return operation == MemoryFiles::Operation::Sync ? MemoryFiles::skipped_sync : 0;
        });
      }
      if (random() % 3 == 0) {
        tick(1000);
        writer_->step(now_);
      }
      step();
    }
    const uint64_t synced = recorder_->durable();
    files_.set_judge(nullptr);
    // The dead process closes nothing; what it leaves in memory stays reachable, so that it counts as no
    // leak.
    static auto& dead = *new std::vector<Writer*>;
    dead.push_back(writer_.release());
    files_.crash(random);
    VerifyReport report = check();
    ASSERT_TRUE(report.whole()) << "round " << round << ": " << say(report);
    torn += report.torn.size();
    auto found = payloads();
    ASSERT_LE(found.size(), made.size());
    for (size_t i = 0; i < found.size(); i++) ASSERT_EQ(found[i], made[i]);
    (void)synced;
    start();
    ASSERT_TRUE(request(1, "afterwards"));
    step();
    ASSERT_TRUE(writer_->close(now_));
    report = check();
    ASSERT_TRUE(report.whole()) << "round " << round << ": " << say(report);
    ASSERT_EQ(payloads().back(), "afterwards");
  }
  EXPECT_GT(torn, 10U);
}

// Damage that a crash cannot explain is a fault in an open log too: something signed later stands behind it.
TEST_F(TamperTest, ChangeInAnOpenLogIsNoTornTail) {
  make_log(false);
  const std::string path = "log/" + segments().back().name;
  auto& bytes = files_.contents(path);
  const std::vector<std::byte> original = bytes;
  const auto commits = frames(path, FrameType::Commit);
  ASSERT_EQ(commits.size(), 2U);
  const uint64_t first_end = commits[0] + load<FramePrefix>(original, commits[0]).size;
  for (uint64_t at = 0; at < first_end; at++) {
    bytes[at] ^= std::byte{1};
    EXPECT_FALSE(check().whole()) << at;
    bytes = original;
  }
  // Zeroed as if lost, though a later commit says that it had been synced.
  std::fill(bytes.begin() + sizeof(SegmentFrame), bytes.begin() + static_cast<ptrdiff_t>(first_end),
            std::byte{0});
  EXPECT_FALSE(check().whole());
}

// Payloads erased with their salt, flags and checksums set, leave a log that still verifies and says so.
TEST_F(TamperTest, ErasedPayloadsStillVerify) {
  make_log();
  const std::string path = "log/" + segments().front().name;
  auto& bytes = files_.contents(path);
  for (const uint64_t at : frames(path, FrameType::Record)) {
    auto frame = std::span(bytes).subspan(at, load<FramePrefix>(bytes, at).size);
    auto record = load<RecordFrame>(frame);
    if (record.payload_size == 0) continue;
    const auto payload = frame.subspan(sizeof record + record.header_size, record.payload_size);
    std::fill(payload.begin(), payload.end(), std::byte{0});
    record.prefix.flags = flag_erased;
    std::memcpy(frame.data(), &record, sizeof record);
    finish_record(frame);
  }
  EXPECT_FALSE(check().whole()) << "the salts are still there";
  for (const uint64_t at : frames(path, FrameType::Commit)) {
    auto frame = std::span(bytes).subspan(at, load<FramePrefix>(bytes, at).size);
    const auto commit = load<CommitFrame>(frame);
    for (uint32_t i = 0; i < commit.leaf_count; i++) {
      const auto salt = frame.subspan(frame.size() - i * sizeof(Leaf) - sizeof(Salt), sizeof(Salt));
      std::fill(salt.begin(), salt.end(), std::byte{0});
    }
    finish_frame(frame, FrameType::Commit);
  }
  const VerifyReport report = check();
  EXPECT_TRUE(report.whole()) << say(report);
  EXPECT_EQ(report.erased, 6U);
}

TEST_F(TamperTest, HeadsAreOneLine) {
  make_log();
  const Head head = check().head;
  const auto again = parse_head(to_text(head) + "\n");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->hash, head.hash);
  EXPECT_EQ(again->number, head.number);
  EXPECT_EQ(again->instance, head.instance);
  EXPECT_TRUE(check(*again).whole());
  Head wrong = head;
  wrong.hash[0] ^= std::byte{1};
  EXPECT_EQ(check(wrong).fault->kind, FaultKind::WrongHead);
  wrong = head;
  wrong.number++;
  EXPECT_EQ(check(wrong).fault->kind, FaultKind::WrongHead);
  EXPECT_FALSE(parse_head("splog-head 1 xyz"));
  EXPECT_FALSE(parse_head(to_text(head) + " more"));
}

}  // namespace
}  // namespace sallyport::ringlog
