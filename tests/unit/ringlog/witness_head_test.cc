// What a witness holds is found in the log where the log still holds it, and missed where it was cut, rolled
// back or written anew.
#include "ringlog/witness_head.h"

#include "fixture.h"
#include "ringlog/erase.h"

namespace sallyport::ringlog {
namespace {

class WitnessHeadTest : public LogTest {
 protected:
  // A head after each of four commits, over more than one segment.
  void make_log() {
    start();
    for (int i = 0; i < 4; i++) {
      ASSERT_TRUE(request(1, "words " + std::string(40'000, 'x')));
      step();
      heads_.push_back(writer_->head());
    }
    ASSERT_GT(heads_.back().segment, heads_.front().segment);
  }
  VerifyReport check_all(std::vector<Head> heads) {
    return *verify(files_, "log", *read_public_key(files_, "state/log.pub"), std::move(heads));
  }

  std::vector<Head> heads_;
};

TEST_F(WitnessHeadTest, HeadsAreFoundAmongTheirLines) {
  make_log();
  const std::string one = to_text(heads_[0]), two = to_text(heads_[1]);
  const auto found = find_heads("\n" + one + "\n\n<110>1 2026-01-01T00:00:00Z h sallyport 1 head - " + two +
                                "\n{\"gateway\": \"g\", \"head\": \"" + one +
                                "\", \"link\": 3}\nother words\n" + two.substr(0, 60));
  ASSERT_TRUE(found) << found.error().text;
  ASSERT_EQ(found->size(), 3U);
  EXPECT_EQ((*found)[0].hash, heads_[0].hash);
  EXPECT_EQ((*found)[1].hash, heads_[1].hash);
  EXPECT_EQ((*found)[2].number, heads_[0].number);
  EXPECT_FALSE(find_heads(two.substr(0, 60) + "\n" + one + "\n")) << "cut short, and not by a crash";
  EXPECT_TRUE(find_heads("nothing")->empty());
}

TEST_F(WitnessHeadTest, ALogHoldsItsHeads) {
  make_log();
  for (const Head& head : heads_) EXPECT_TRUE(check_head(files_, "log", head));
  EXPECT_EQ(check_all(heads_).heads, 4U);
  ASSERT_TRUE(writer_->close(now_));
  start();
  for (const Head& head : heads_) EXPECT_TRUE(check_head(files_, "log", head)) << "in a chain before";
  const VerifyReport report = check_all(heads_);
  EXPECT_TRUE(report.whole()) << say(report);
}

TEST_F(WitnessHeadTest, AnyOtherLinkIsMissed) {
  make_log();
  Head head = heads_[1];
  head.hash[5] ^= std::byte{1};
  EXPECT_FALSE(check_head(files_, "log", head));
  EXPECT_FALSE(check_all({head}).whole());
  head = heads_[1];
  head.number++;
  EXPECT_FALSE(check_head(files_, "log", head));
  head = heads_[1];
  head.offset += 8;
  EXPECT_FALSE(check_head(files_, "log", head));
  head = heads_[1];
  head.instance++;
  EXPECT_FALSE(check_head(files_, "log", head));
}

TEST_F(WitnessHeadTest, ALogThatWasRolledBackLacksTheNewest) {
  make_log();
  ASSERT_TRUE(writer_->close(now_));
  const auto all = segments();
  ASSERT_TRUE(files_.remove("log/" + all.back().name));
  EXPECT_FALSE(check_head(files_, "log", heads_.back()));
  EXPECT_TRUE(check().whole()) << "the log alone does not show it";
  EXPECT_FALSE(check_all(heads_).whole());
}

// Goal: a fork shows even where the log holds the later of two heads. Method: the same place, two hashes.
TEST_F(WitnessHeadTest, TwoHeadsOfOneLinkAreAFault) {
  make_log();
  Head other = heads_[2];
  other.hash[0] ^= std::byte{1};
  EXPECT_FALSE(check_all({other, heads_[2]}).whole());
  EXPECT_FALSE(check_all({heads_[2], other}).whole());
  EXPECT_TRUE(check_all({heads_[2], heads_[2]}).whole());
}

TEST_F(WitnessHeadTest, ErasedPayloadsLeaveHeadsInPlace) {
  make_log();
  ASSERT_TRUE(writer_->close(now_));
  ASSERT_GT(erase_payloads(files_, "log", now_ + 1)->records, 0U);
  for (const Head& head : heads_) EXPECT_TRUE(check_head(files_, "log", head));
}

}  // namespace
}  // namespace sallyport::ringlog
