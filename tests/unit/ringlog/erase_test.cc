// Old payloads are erased, and nothing else is: the log verifies, proofs do, and a crash leaves either.
#include "ringlog/erase.h"

#include <algorithm>

#include "fixture.h"
#include "ringlog/proof.h"

namespace sallyport::ringlog {
namespace {

class EraseTest : public LogTest {
 protected:
  // Old and new commits in closed segments and in the one that is written; the gateway's own payloads beside.
  void make_log() {
    writer_.reset();
    files_ = MemoryFiles();
    random_ = nullptr;
    start();
    instance_ = ring_->instance();
    ASSERT_TRUE(recorder_->session_opened(2, {.peer = "p"}));
    ASSERT_TRUE(recorder_->policy({.reason = "start"}, bytes_of_text("a policy's text")));
    for (int i = 0; i < 4; i++) {
      ASSERT_TRUE(request(1, "old words " + std::string(40'000, 'x')));
      ASSERT_TRUE(request(2, "old words " + std::to_string(i)));
      step();
    }
    boundary_ = now_ + 1;
    ASSERT_TRUE(request(2, "new words"));
    ASSERT_TRUE(recorder_->session_closed(2, {.reason = "client-closed"}));
    step();
    ASSERT_GT(segments().size(), 2U);
  }
  [[nodiscard]] size_t count_of(std::string_view text) {
    size_t count = 0;
    for (const SegmentInfo& info : segments()) {
      const auto& bytes = files_.contents("log/" + info.name);
      const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      for (size_t at = all.find(text); at != all.npos; at = all.find(text, at + 1)) count++;
    }
    return count;
  }

  uint64_t instance_ = 0;
  uint64_t boundary_ = 0;  // between old and new
};

TEST_F(EraseTest, OldPayloadsGoAndTheLogVerifies) {
  make_log();
  const auto dry = erase_payloads(files_, "log", boundary_, true);
  ASSERT_TRUE(dry);
  EXPECT_EQ(count_of("old words"), 8U);
  const auto report = erase_payloads(files_, "log", boundary_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->records + report->kept, 8U);
  EXPECT_EQ(report->records, dry->records);
  EXPECT_GT(report->kept, 0U) << "the open segment is the writer's";
  EXPECT_EQ(count_of("old words"), report->kept);
  EXPECT_EQ(count_of("new words"), 1U);
  EXPECT_EQ(count_of("a policy's text"), 1U);
  VerifyReport verified = check();
  ASSERT_TRUE(verified.whole()) << say(verified);
  EXPECT_EQ(verified.erased, report->records);
  EXPECT_EQ(erase_payloads(files_, "log", boundary_)->records, 0U);
  // The writer goes on as if nothing had happened, and what was kept goes when its segment is closed.
  ASSERT_TRUE(request(3, "after"));
  step();
  ASSERT_TRUE(writer_->close(now_));
  EXPECT_EQ(erase_payloads(files_, "log", boundary_)->records, report->kept);
  EXPECT_EQ(count_of("old words"), 0U);
  EXPECT_EQ(count_of("new words"), 1U);
  start();
  step();
  verified = check();
  EXPECT_TRUE(verified.whole()) << say(verified);
  EXPECT_EQ(verified.erased, 8U);
}

TEST_F(EraseTest, ASessionIsStillProven) {
  make_log();
  ASSERT_TRUE(writer_->close(now_));
  ASSERT_TRUE(erase_payloads(files_, "log", boundary_));
  const auto proof = prove_session(files_, "log", instance_, 2);
  ASSERT_TRUE(proof);
  const ProofReport report = verify_proof(*proof, *read_public_key(files_, "state/log.pub"));
  ASSERT_FALSE(report.fault) << report.fault->text;
  EXPECT_TRUE(report.ended);
  EXPECT_EQ(report.erased, 4U);
  EXPECT_EQ(report.records, 7U);
}

// Goal: what was erased cannot be filled in again, and one payload alone cannot be erased. Method: both are
// tried with the checksums made right.
TEST_F(EraseTest, ErasedPayloadsCannotBeReplaced) {
  make_log();
  ASSERT_TRUE(writer_->close(now_));
  ASSERT_TRUE(erase_payloads(files_, "log", boundary_));
  for (const SegmentInfo& info : segments()) {
    auto& bytes = files_.contents("log/" + info.name);
    const auto good = bytes;
    Bytes frame;
    for (uint64_t at = 0; check_frame(good, at, frame) == FrameStatus::Good; at += frame.size()) {
      if (type_of(frame) != FrameType::Record || load<RecordFrame>(frame).payload_size == 0) continue;
      const auto record = load<RecordFrame>(frame);
      const auto changed = std::span(bytes).subspan(at, frame.size());
      changed[offsetof(FramePrefix, flags)] ^= std::byte{flag_erased};
      const auto payload = changed.subspan(sizeof record + record.header_size, record.payload_size);
      std::ranges::fill(payload, (record.prefix.flags & flag_erased) != 0 ? std::byte{'y'} : std::byte{0});
      finish_record(changed);
      EXPECT_FALSE(check().whole()) << info.name << " at " << at;
      bytes = good;
    }
  }
}

TEST_F(EraseTest, AnyFailureLeavesALogThatVerifies) {
  bool done = false;
  for (int fails_at = 0; !done; fails_at++) {
    ASSERT_LT(fails_at, 200);
    make_log();
    int count = 0;
    files_.set_judge(
        [&](MemoryFiles::Operation, const std::string&) { return count++ < fails_at ? 0 : EIO; });
    done = erase_payloads(files_, "log", boundary_).has_value();
    files_.set_judge(nullptr);
    const VerifyReport report = check();
    EXPECT_TRUE(report.whole()) << fails_at << ": " << say(report);
    ASSERT_TRUE(erase_payloads(files_, "log", boundary_));
    EXPECT_TRUE(check().whole());
  }
}

}  // namespace
}  // namespace sallyport::ringlog
