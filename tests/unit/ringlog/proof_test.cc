// One session is proven alone and whole by its proof and the public key; whatever is done to the proof is
// named.
#include "ringlog/proof.h"

#include <algorithm>

#include "fixture.h"

namespace sallyport::ringlog {
namespace {

class ProofTest : public LogTest {
 protected:
  static constexpr uint64_t ours = 2;

  // Three instances, sessions beside each other, segments that roll, commits with and without payloads.
  void make_log(int commits = 4) {
    start();
    ASSERT_TRUE(request(1, "another's"));
    step();
    ASSERT_TRUE(writer_->close(now_));
    start();
    instance_ = ring_->instance();
    ASSERT_TRUE(recorder_->session_opened(ours, {.peer = "p", .listener = "l", .protocol = "postgresql"}));
    for (int i = 0; i < commits; i++) {
      for (uint64_t other = 3; other < 6; other++) {
        ASSERT_TRUE(request(other, "another's"));
      }
      ASSERT_TRUE(request(ours, "ours " + std::to_string(i)));
      if (i % 2 == 0) {
        ASSERT_TRUE(request(1, std::string(40'000, 'x')));
      }
      step();
      ASSERT_TRUE(recorder_->forward(ours, {.leg = 1, .count = 5}));
      step();
    }
    ASSERT_TRUE(recorder_->session_closed(ours, {.reason = "client-closed"}));
    step();
    ASSERT_TRUE(writer_->close(now_));
    start();
    ASSERT_TRUE(request(ours, "a later instance's"));
    step();
    ASSERT_TRUE(writer_->close(now_));
    const VerifyReport report = check();
    ASSERT_TRUE(report.whole()) << say(report);
  }
  std::vector<std::byte> prove(uint64_t session = ours) {
    auto proof = prove_session(files_, "log", instance_, session);
    EXPECT_TRUE(proof) << proof.error().text;
    return std::move(*proof);
  }
  ProofReport check_proof(Bytes proof) {
    return verify_proof(proof, *read_public_key(files_, "state/log.pub"));
  }
  static std::string say(const ProofReport& report) {
    if (!report.fault) return "good";
    return std::to_string(report.fault->offset) + ": " + std::string(name_of(report.fault->kind)) + ": " +
           report.fault->text;
  }
  using LogTest::say;
  static std::string text_of_bytes(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  // Where each commit of a proof begins, and the end.
  static std::vector<size_t> commit_offsets(Bytes proof) {
    const auto frame = load<ProofFrame>(proof);
    std::vector<size_t> offsets{sizeof frame + frame.segment_count * sizeof(SegmentFrame)};
    for (uint32_t i = 0; i < frame.commit_count; i++) {
      size_t at = offsets.back();
      const auto commit = load<ProofCommit>(proof, at);
      at += sizeof commit + sizeof(Leaf);
      const size_t marks_at = at + offsetof(CommitFrame, watermark_count) - sizeof(FramePrefix);
      at += sizeof(CommitFrame) - sizeof(FramePrefix) + load<uint32_t>(proof, marks_at) * sizeof(Watermark);
      at += sizeof(Signature) + commit.path_count * sizeof(Digest);
      for (uint32_t j = 0; j < commit.record_count; j++) at += load<FramePrefix>(proof, at).size;
      offsets.push_back(at);
    }
    return offsets;
  }
  // The proof with the given commits of its own, and a head that fits.
  static std::vector<std::byte> composed(Bytes proof, const std::vector<size_t>& commits) {
    const auto offsets = commit_offsets(proof);
    std::vector<std::byte> made(proof.begin(), proof.begin() + static_cast<ptrdiff_t>(offsets[0]));
    for (const size_t i : commits) {
      const Bytes bytes = proof.subspan(offsets[i], offsets[i + 1] - offsets[i]);
      made.insert(made.end(), bytes.begin(), bytes.end());
    }
    auto frame = load<ProofFrame>(made);
    frame.size = made.size();
    frame.commit_count = static_cast<uint32_t>(commits.size());
    std::memcpy(made.data(), &frame, sizeof frame);
    return made;
  }

  uint64_t instance_ = 0;
};

TEST_F(ProofTest, ASessionIsProvenAloneAndWhole) {
  make_log();
  ASSERT_GT(segments().size(), 3U);
  const auto proof = prove();
  const ProofReport report = check_proof(proof);
  ASSERT_FALSE(report.fault) << say(report);
  EXPECT_TRUE(report.opened);
  EXPECT_TRUE(report.ended);
  EXPECT_EQ(report.records, 10U);
  EXPECT_EQ(report.session, ours);
  std::vector<std::string> told;
  (void)verify_proof(proof, *read_public_key(files_, "state/log.pub"),
                     [&](const RecordView& record) { told.push_back(text_of_bytes(record.payload)); });
  EXPECT_EQ(told[1], "ours 0");
  EXPECT_EQ(text_of_bytes(proof).find("another"), std::string::npos);
  EXPECT_EQ(text_of_bytes(proof).find("a later instance"), std::string::npos);
}

// Goal: a session that a crash cut is found in the chain that brought its records in. Method: the writer dies
// with records in the ring.
TEST_F(ProofTest, RecordsThatAnotherInstanceBroughtInAreProven) {
  start();
  instance_ = ring_->instance();
  ASSERT_TRUE(recorder_->session_opened(ours, {}));
  step();
  ASSERT_TRUE(request(ours, "left in the ring"));
  const auto ring = std::move(ring_);
  tick();
  start();
  ASSERT_TRUE(writer_->recover(*ring, now_));
  ASSERT_TRUE(request(ours, "not of this session"));
  step();
  const auto proof = prove();
  const ProofReport report = check_proof(proof);
  ASSERT_FALSE(report.fault) << say(report);
  EXPECT_EQ(report.commits, 2U);
  EXPECT_EQ(report.records, 2U);
  EXPECT_FALSE(report.ended);
  EXPECT_EQ(text_of_bytes(proof).find("not of this session"), std::string::npos);
}

// Goal: no byte can be changed unseen, nor can the file be cut or made longer. Method: each byte of a proof.
TEST_F(ProofTest, EachChangedByteAndEachCutIsNamed) {
  make_log(2);
  const auto proof = prove();
  auto changed = proof;
  for (size_t at = 0; at < proof.size(); at++) {
    changed[at] ^= std::byte{0x10};
    EXPECT_TRUE(check_proof(changed).fault) << "byte " << at;
    changed[at] = proof[at];
    EXPECT_TRUE(check_proof(Bytes(proof).first(at)).fault) << "cut at " << at;
  }
  changed.push_back(std::byte{0});
  EXPECT_EQ(check_proof(changed).fault->kind, FaultKind::TrailingBytes);
}

// Goal: whoever repairs the checksums is found by hash or signature. Method: each byte of each record, CRCs
// made anew.
TEST_F(ProofTest, RepairedChecksumsAreFoundByHash) {
  make_log(2);
  const auto proof = prove();
  const auto offsets = commit_offsets(proof);
  for (size_t i = 0; i + 1 < offsets.size(); i++) {
    const auto commit = load<ProofCommit>(proof, offsets[i]);
    size_t at = offsets[i + 1];
    uint32_t size = 0;
    for (size_t scan = offsets[i]; scan < at; scan += 8) {  // the commit's last record
      Bytes frame;
      if (check_frame(proof, scan, frame) == FrameStatus::Good && type_of(frame) == FrameType::Record &&
          scan + frame.size() == at) {
        size = static_cast<uint32_t>(frame.size());
        at = scan;
        break;
      }
    }
    ASSERT_GT(size, 0U) << commit.record_count;
    for (size_t byte = sizeof(FramePrefix); byte < size; byte++) {
      auto changed = proof;
      changed[at + byte] ^= std::byte{4};
      const auto frame = std::span(changed).subspan(at, size);
      const auto record = load<RecordFrame>(frame);
      if (record_frame_size(record.header_size, record.payload_size) == size) finish_record(frame);
      EXPECT_TRUE(check_proof(changed).fault) << "commit " << i << " byte " << byte;
    }
  }
}

TEST_F(ProofTest, CommitsLeftOutSwappedOrRepeatedAreNamed) {
  make_log();
  const auto proof = prove();
  std::vector<size_t> all;
  for (size_t i = 0; i + 1 < commit_offsets(proof).size(); i++) all.push_back(i);
  ASSERT_EQ(all.size(), 9U);
  ASSERT_FALSE(check_proof(composed(proof, all)).fault);
  for (size_t i = 0; i + 1 < all.size(); i++) {
    auto fewer = all;
    fewer.erase(fewer.begin() + static_cast<ptrdiff_t>(i));
    const ProofReport report = check_proof(composed(proof, fewer));
    ASSERT_TRUE(report.fault) << "without " << i;
    EXPECT_EQ(report.fault->kind, FaultKind::BadChain);
    auto swapped = all;
    std::swap(swapped[i], swapped[i + 1]);
    EXPECT_TRUE(check_proof(composed(proof, swapped)).fault) << "swapped " << i;
    auto repeated = all;
    repeated.insert(repeated.begin() + static_cast<ptrdiff_t>(i), i);
    EXPECT_TRUE(check_proof(composed(proof, repeated)).fault) << "repeated " << i;
    const ProofReport cut =
        check_proof(composed(proof, {all.begin(), all.begin() + static_cast<ptrdiff_t>(i) + 1}));
    EXPECT_FALSE(cut.ended) << "cut behind " << i;
  }
  EXPECT_TRUE(check_proof(composed(proof, {})).fault);
}

TEST_F(ProofTest, AProofIsNoOtherSessionsAndNoOtherLogs) {
  make_log();
  auto proof = prove();
  auto frame = load<ProofFrame>(proof);
  frame.session = 3;
  std::memcpy(proof.data(), &frame, sizeof frame);
  EXPECT_EQ(check_proof(proof).fault->kind, FaultKind::Swapped);
  const SigningKey stranger = SigningKey::generate(random_);
  EXPECT_EQ(verify_proof(prove(), stranger.public_key()).fault->kind, FaultKind::BadKey);
  EXPECT_FALSE(prove_session(files_, "log", instance_, 77));
}

TEST(TreePath, LeadsFromEachLeafToTheRootAndFromNoOtherPlace) {
  Sha256 sha;
  std::vector<Digest> leaves;
  for (size_t count = 1; count < 20; count++) {
    sha.add(bytes_of(count));
    leaves.push_back(sha.finish());
    const Digest root = tree_root(sha, leaves);
    for (size_t i = 0; i < count; i++) {
      const auto path = tree_path(sha, leaves, i);
      for (size_t place = 0; place <= count; place++) {
        const bool leads = root_by_path(sha, leaves[i], place, count, path) == root;
        EXPECT_EQ(leads, place == i) << i << " of " << count << " at " << place;
      }
    }
  }
}

}  // namespace
}  // namespace sallyport::ringlog
