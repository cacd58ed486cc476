// A rotated root key: who holds the old or the new one verifies the whole log; nobody else can make one.
#include "ringlog/root_chain.h"

#include "fixture.h"
#include "ringlog/proof.h"

namespace sallyport::ringlog {
namespace {

class RootChainTest : public LogTest {
 protected:
  PublicKey held() { return *read_public_key(files_, "state/log.pub"); }
  void run_once(std::string_view text) {
    ASSERT_TRUE(finish_rotation(files_, "state", "log", random_ ? random_ : seeded_random(1)));
    start();
    ASSERT_TRUE(recorder_->session_opened(1, {.peer = "p"}));
    ASSERT_TRUE(request(1, text));
    ASSERT_TRUE(recorder_->session_closed(1, {.reason = "client-closed"}));
    step();
    ASSERT_TRUE(writer_->close(now_));
    tick();
  }
  Result<PublicKey> rotate() { return rotate_root(files_, "state", "log", random_, now_); }
  std::string verdict(const PublicKey& pinned) { return say(*verify(files_, "log", pinned)); }
};

TEST_F(RootChainTest, EitherKeyVerifiesTheWholeLogAndEachProof) {
  run_once("before");
  const uint64_t first_instance = ring_->instance();
  const PublicKey first = held();
  ASSERT_TRUE(rotate());
  const PublicKey second = held();
  ASSERT_NE(first, second);
  EXPECT_EQ(verdict(first), "whole");
  EXPECT_EQ(verdict(second), "whole");
  run_once("between");
  run_once("between, too");
  ASSERT_TRUE(rotate());
  ASSERT_TRUE(rotate());  // twice between two runs
  const PublicKey last = held();
  run_once("after");
  const uint64_t last_instance = ring_->instance();
  for (const PublicKey& pinned : {first, second, last}) {
    EXPECT_EQ(verdict(pinned), "whole");
    for (const uint64_t instance : {first_instance, last_instance}) {
      const auto proof = prove_session(files_, "log", instance, 1);
      ASSERT_TRUE(proof);
      const ProofReport report = verify_proof(*proof, pinned);
      EXPECT_TRUE(!report.fault && report.ended) << (report.fault ? report.fault->text : "");
    }
  }
  const SigningKey stranger = SigningKey::generate(random_);
  EXPECT_NE(verdict(stranger.public_key()), "whole");
}

// Goal: no byte of a rotation can be changed, no rotation left out or put in another's place.
TEST_F(RootChainTest, ChangedRotationsAreFound) {
  run_once("before");
  const PublicKey first = held();
  ASSERT_TRUE(rotate());
  run_once("after");
  const PublicKey second = held();
  const auto good = files_.contents("log/rotations");
  for (size_t at = 0; at < good.size(); at++) {
    auto& bytes = files_.contents("log/rotations");
    bytes[at] ^= std::byte{1};
    EXPECT_NE(verdict(first), "whole") << at;
    EXPECT_NE(verdict(second), "whole") << at;
    bytes = good;
  }
  ASSERT_EQ(verdict(first), "whole");
  ASSERT_TRUE(files_.remove("log/rotations"));
  EXPECT_NE(verdict(first).find("bad-key"), std::string::npos) << verdict(first);
  EXPECT_NE(verdict(second).find("bad-key"), std::string::npos);
}

// Goal: who has the old key cannot go on with it after a rotation. Method: an instance under the old key, put
// in the rotated one's place.
TEST_F(RootChainTest, TheOldKeySignsNothingAfterARotation) {
  run_once("before");
  const auto old_key = files_.contents("state/log.key");
  const PublicKey first = held();
  ASSERT_TRUE(rotate());
  const PublicKey second = held();
  const auto rotations = files_.contents("log/rotations");
  ASSERT_TRUE(files_.remove("log/rotations"));
  files_.contents("state/log.key") = old_key;
  run_once("by a thief");
  EXPECT_EQ(verdict(first), "whole");  // without the rotation it is a log like any other
  ASSERT_TRUE(replace_file(files_, "log/rotations",
                           {reinterpret_cast<const char*>(rotations.data()), rotations.size()}, 0644));
  EXPECT_NE(verdict(first).find("bad-key"), std::string::npos) << verdict(first);
  EXPECT_NE(verdict(second).find("bad-key"), std::string::npos);
}

// Goal: a crash anywhere in a rotation leaves a log that goes on and verifies. Method: each operation fails
// in turn, then the gateway starts.
TEST_F(RootChainTest, ACrashInARotationLeavesAGoodLog) {
  int finished = 0;
  for (int fails_at = 0; finished == 0; fails_at++) {
    ASSERT_LT(fails_at, 200);
    writer_.reset();
    files_ = MemoryFiles();
    random_ = nullptr;
    run_once("before");
    const PublicKey first = held();
    int count = 0;
    files_.set_judge(
        [&](MemoryFiles::Operation, const std::string&) { return count++ < fails_at ? 0 : EIO; });
    const bool done = rotate().has_value();
    files_.set_judge(nullptr);
    finished += done ? 1 : 0;
    run_once("after");
    EXPECT_EQ(verdict(first), "whole") << fails_at;
    EXPECT_EQ(verdict(held()), "whole") << fails_at;
    ASSERT_TRUE(rotate()) << fails_at;
    run_once("after the next");
    EXPECT_EQ(verdict(first), "whole") << fails_at;
    EXPECT_EQ(verdict(held()), "whole") << fails_at;
  }
}

}  // namespace
}  // namespace sallyport::ringlog
