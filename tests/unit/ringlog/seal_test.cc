// Sealed payloads: read with the auditor's key, by nobody else; the log proves itself without it.
#include "ringlog/seal.h"

#include "fixture.h"
#include "ringlog/erase.h"
#include "ringlog/proof.h"

namespace sallyport::ringlog {
namespace {

constexpr std::string_view text = "SELECT 'words for the auditor'";

class SealTest : public LogTest {
 protected:
  void SetUp() override {
    random_ = seeded_random(7);
    const auto made = make_seal_keys(files_, "auditor", random_);
    ASSERT_TRUE(made) << made.error().text;
    const auto other = make_seal_keys(files_, "other", random_);
    ASSERT_TRUE(other);
    seal_to_ = *made;
    start();
    ASSERT_TRUE(recorder_->policy({.reason = "start"}, bytes_of_text("a policy's text")));
    ASSERT_TRUE(recorder_->session_opened(1, {.peer = "p"}));
    for (int i = 0; i < 3; i++) {
      ASSERT_TRUE(request(1, std::string(text)));
      ASSERT_TRUE(recorder_->reply(1, {.ticket = 1}, bytes_of_text(std::string(40'000, 'r'))));
      step();
    }
    ASSERT_TRUE(recorder_->session_closed(1, {.reason = "client-closed"}));
    step();
    ASSERT_GT(segments().size(), 1U);
  }
  [[nodiscard]] bool stands_in_files(std::string_view words) {
    for (const SegmentInfo& info : segments()) {
      const auto& bytes = files_.contents("log/" + info.name);
      if (std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()).find(words) !=
          std::string_view::npos)
        return true;
    }
    return false;
  }
  // How many requests could be read, and how many stay sealed.
  std::pair<int, int> read_with(const std::string& key) {
    auto opener = Opener::load(files_, key);
    EXPECT_TRUE(opener);
    Reader reader(files_, "log");
    reader.open_with(&*opener);
    int opened = 0, sealed = 0;
    while (true) {
      auto record = reader.next();
      EXPECT_TRUE(record);
      if (!record || !*record) return {opened, sealed};
      if ((*record)->kind != Kind::Request) continue;
      sealed += (*record)->sealed ? 1 : 0;
      const std::string_view got(reinterpret_cast<const char*>((*record)->payload.data()),
                                 (*record)->payload.size());
      opened += !(*record)->sealed && got == text ? 1 : 0;
    }
  }
};

TEST_F(SealTest, TheAuditorReadsAndNobodyElse) {
  EXPECT_FALSE(stands_in_files("words for the auditor"));
  EXPECT_TRUE(stands_in_files("a policy's text")) << "the gateway's own stays readable";
  EXPECT_EQ(read_with("auditor/auditor.key"), std::pair(3, 0));
  EXPECT_EQ(read_with("other/auditor.key"), std::pair(0, 3));
  const VerifyReport report = check();
  EXPECT_TRUE(report.whole()) << say(report);
  EXPECT_EQ(report.sealed, 6U);
}

TEST_F(SealTest, NoTwoPayloadsShareKeyAndNumber) {
  std::vector<std::string> seen;
  Reader reader(files_, "log");
  while (true) {
    auto record = reader.next();
    ASSERT_TRUE(record);
    if (!*record) break;
    if (!(*record)->sealed) continue;
    const auto frame = load<SealFrame>((*record)->payload);
    seen.push_back(to_hex(frame.key) + std::to_string(frame.number));
  }
  ASSERT_EQ(seen.size(), 6U);
  std::ranges::sort(seen);
  EXPECT_EQ(std::ranges::adjacent_find(seen), seen.end());
}

// Goal: a sealed payload opens in its own record only. Method: the facts around it are another record's.
TEST_F(SealTest, ASealedPayloadBelongsToItsRecord) {
  auto opener = Opener::load(files_, "auditor/auditor.key");
  ASSERT_TRUE(opener);
  Reader reader(files_, "log", {.session = 1});
  while (true) {
    auto record = reader.next();
    ASSERT_TRUE(record && *record);
    if (!(*record)->sealed) continue;
    RecordView moved = **record;
    moved.sequence++;
    EXPECT_FALSE(opener->open(moved));
    moved = **record;
    moved.session++;
    EXPECT_FALSE(opener->open(moved));
    moved = **record;
    std::vector<std::byte> changed(moved.payload.begin(), moved.payload.end());
    changed.back() ^= std::byte{1};
    moved.payload = changed;
    EXPECT_FALSE(opener->open(moved));
    moved = **record;
    EXPECT_TRUE(opener->open(moved));
    return;
  }
}

TEST_F(SealTest, ProofsAndErasureNeedNoKey) {
  ASSERT_TRUE(writer_->close(now_));
  const auto proof = prove_session(files_, "log", ring_->instance(), 1);
  ASSERT_TRUE(proof);
  ProofReport report = verify_proof(*proof, *read_public_key(files_, "state/log.pub"));
  ASSERT_FALSE(report.fault) << report.fault->text;
  const auto erased = erase_payloads(files_, "log", now_ + 1);
  ASSERT_TRUE(erased);
  EXPECT_EQ(erased->records, 6U);
  EXPECT_EQ(read_with("auditor/auditor.key"), std::pair(0, 3)) << "gone for the auditor too";
  const VerifyReport verified = check();
  EXPECT_TRUE(verified.whole()) << say(verified);
  EXPECT_EQ(verified.erased, 6U);
  EXPECT_EQ(verified.sealed, 0U);
}

// The largest record that there is, and the keys' files.
TEST_F(SealTest, SizesAndFiles) {
  EXPECT_FALSE(make_seal_keys(files_, "auditor", random_)) << "never over another";
  EXPECT_FALSE(read_seal_public_key(files_, "auditor/auditor.key"));
  EXPECT_FALSE(Opener::load(files_, "auditor/auditor.pub"));
  EXPECT_EQ(*read_seal_public_key(files_, "auditor/auditor.pub"), *seal_to_);
  EXPECT_FALSE(Sealer::make(SealKey{}, random_)) << "a point of small order agrees on nothing";
}

}  // namespace
}  // namespace sallyport::ringlog
