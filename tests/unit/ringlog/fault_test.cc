// A log that fails stops its producers, trusts nothing that was not synced, and resumes by itself.
#include "fixture.h"

namespace sallyport::ringlog {
namespace {

using Operation = MemoryFiles::Operation;

class FaultTest : public LogTest {
 protected:
  // All that was recorded is there, once, in order, and the log is whole.
  void expect_log(const std::vector<std::string>& made) {
    EXPECT_TRUE(payloads() == made) << payloads().size() << " records of " << made.size();
    const VerifyReport report = check();
    EXPECT_TRUE(report.whole()) << say(report);
  }
  void resume() {
    files_.set_judge(nullptr);
    files_.set_capacity(0);
    tick(limits::log_retry_ms);
    writer_->step(now_);
    writer_->step(now_);
    EXPECT_FALSE(writer_->failing()) << writer_->error().text;
  }
};

TEST_F(FaultTest, FailedSyncIsFinalForItsSegment) {
  start();
  ASSERT_TRUE(request(1, "one"));
  step();
  ASSERT_TRUE(request(1, "two"));
  // One sync fails; the next would say that all is well.
  int failures = 1;
  files_.set_judge([&](Operation operation, const std::string&) {
    return operation == Operation::Sync && failures-- > 0 ? EIO : 0;
  });
  step();
  EXPECT_TRUE(writer_->failing());
  EXPECT_EQ(recorder_->durable(), 1U);
  EXPECT_FALSE(request(1, "refused"));
  writer_->step(now_);
  EXPECT_TRUE(writer_->failing()) << "resumed before its time";
  resume();
  EXPECT_EQ(recorder_->durable(), 2U);
  ASSERT_TRUE(request(1, "three"));
  step();
  EXPECT_EQ(segments().size(), 2U);
  expect_log({"one", "two", "three"});
  EXPECT_EQ(check().disowned, 1U);
}

TEST_F(FaultTest, FailedWriteIsFinalForItsSegment) {
  start();
  ASSERT_TRUE(request(1, "one"));
  files_.set_judge(
      [&](Operation operation, const std::string&) { return operation == Operation::Write ? EIO : 0; });
  step();
  EXPECT_TRUE(writer_->failing());
  for (int i = 0; i < 5; i++) {
    tick(limits::log_retry_ms);
    writer_->step(now_);
    EXPECT_TRUE(writer_->failing());
  }
  resume();
  expect_log({"one"});
}

TEST_F(FaultTest, ShortWritesAreContinued) {
  start();
  files_.set_judge([&](Operation operation, const std::string&) {
    return operation == Operation::Write ? MemoryFiles::short_write : 0;
  });
  ASSERT_TRUE(request(1, std::string(3000, 's')));
  step();
  EXPECT_FALSE(writer_->failing());
  expect_log({std::string(3000, 's')});
}

// What a failed write left behind the durable end, when not even truncate works, is no part of the log.
TEST_F(FaultTest, LeftoversOfAFailedWriteAreDisowned) {
  start();
  ASSERT_TRUE(request(1, "one"));
  step();
  ASSERT_TRUE(request(1, std::string(9000, 'z')));
  int writes = 0;
  files_.set_judge([&](Operation operation, const std::string&) {
    if (operation == Operation::Truncate) return EIO;
    if (operation != Operation::Write) return 0;
    return writes++ == 0 ? MemoryFiles::short_write : EIO;
  });
  step();
  EXPECT_TRUE(writer_->failing());
  resume();
  expect_log({"one", std::string(9000, 'z')});
}

TEST_F(FaultTest, FullDiskStopsAndRoomResumes) {
  start();
  files_.set_capacity(files_.used() + limits::log_segment_size_min / 2);
  std::vector<std::string> made;
  for (int i = 0; i < 2000 && !writer_->failing(); i++) {
    const std::string text = std::to_string(i) + std::string(500, 'f');
    if (request(1, text)) made.push_back(text);
    step();
  }
  ASSERT_TRUE(writer_->failing());
  EXPECT_EQ(writer_->error().code, ENOSPC);
  EXPECT_FALSE(request(1, "refused"));
  EXPECT_FALSE(recorder_->session_closed(1, {.reason = "refused"}));
  for (int i = 0; i < 100; i++) step();
  EXPECT_TRUE(writer_->failing());
  resume();
  ASSERT_TRUE(request(1, "after"));
  made.push_back("after");
  step();
  expect_log(made);
  ASSERT_TRUE(writer_->close(now_));
  expect_log(made);
}

TEST_F(FaultTest, QuotaStopsAndRoomResumes) {
  start(limits::log_segment_size_min, 3 * limits::log_segment_size_min);
  std::vector<std::string> made;
  for (int i = 0; i < 2000 && !writer_->failing(); i++) {
    const std::string text = std::to_string(i) + std::string(500, 'f');
    if (request(1, text)) made.push_back(text);
    step();
  }
  ASSERT_TRUE(writer_->failing());
  EXPECT_EQ(writer_->error().code, EDQUOT);
  EXPECT_LE(files_.used(), 4 * limits::log_segment_size_min);
  EXPECT_TRUE(check().whole());
  // The operator moves the oldest segment away.
  const std::string oldest = "log/" + segments().front().name;
  ASSERT_TRUE(files_.rename(oldest, "archive/segment"));
  tick(limits::log_retry_ms);
  writer_->step(now_);
  EXPECT_FALSE(writer_->failing());
  ASSERT_TRUE(request(1, "after"));
  made.push_back("after");
  step();
  ASSERT_TRUE(files_.rename("archive/segment", oldest));
  expect_log(made);
}

// Goal: no operation's failure loses or repeats a record, or leaves a log that does not verify. Method: the
// N-th operation fails, for every N and several errors, once or for a while; then it goes on.
TEST_F(FaultTest, EveryOperationMayFail) {
  for (const int code : {EIO, ENOSPC, EROFS}) {
    for (const int burst : {1, 7}) {
      for (int nth = 0; nth < 60; nth++) {
        files_ = MemoryFiles();
        writer_.reset();
        start();
        int at = 0;
        files_.set_judge([&](Operation operation, const std::string&) {
          if (operation == Operation::Read || operation == Operation::List) return 0;
          const int now = at++;
          return now >= nth && now < nth + burst ? code : 0;
        });
        std::vector<std::string> made;
        for (int i = 0; i < 30; i++) {
          const std::string text = std::to_string(i) + std::string(i % 4 == 0 ? 20'000 : 10, 'n');
          if (request(1, text)) made.push_back(text);
          if (i % 5 == 0) tick(1000);
          step();
          tick(limits::log_retry_ms / 2);
        }
        resume();
        EXPECT_EQ(recorder_->durable(), recorder_->last());
        ASSERT_TRUE(writer_->close(now_));
        ASSERT_TRUE(payloads() == made) << "operation " << nth << " errno " << code << " burst " << burst;
        const VerifyReport report = check();
        ASSERT_TRUE(report.whole()) << say(report) << " operation " << nth << " errno " << code << " burst "
                                    << burst;
        ASSERT_TRUE(report.closed);
      }
    }
  }
}

// A start that fails leaves no half-made log and can be tried again.
TEST_F(FaultTest, StartMayFailAnywhere) {
  random_ = seeded_random(3);
  for (int nth = 0; nth < 60; nth++) {
    files_ = MemoryFiles();
    bool done = false;
    for (int attempt = 0; attempt < 2 && !done; attempt++) {
      int at = 0;
      files_.set_judge([&](Operation operation, const std::string&) {
        if (attempt > 0 || operation == Operation::List || operation == Operation::Read) return 0;
        return at++ == nth ? EIO : 0;
      });
      now_++;
      auto instance = next_instance(files_, "log", now_);
      auto root = RootKey::load_or_create(files_, "state", random_);
      if (!root) continue;
      auto writer = Writer::start(
          files_, {.directory = "log", .instance = *instance, .segment_size = limits::log_segment_size_min},
          *root, {}, random_, now_);
      if (!writer) continue;
      done = (*writer)->close(now_ + 1).has_value();
    }
    files_.set_judge(nullptr);
    ASSERT_TRUE(done) << nth;
    const VerifyReport report = check();
    EXPECT_TRUE(report.whole()) << nth << ": " << say(report);
  }
}

}  // namespace
}  // namespace sallyport::ringlog
