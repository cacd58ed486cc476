// A log in memory with seeded randomness and a clock that only the test moves.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "ringlog/facts.h"
#include "ringlog/memory_files.h"
#include "ringlog/reader.h"
#include "ringlog/recovery.h"
#include "ringlog/verify.h"
#include "ringlog/writer.h"

namespace sallyport::ringlog {

inline Bytes bytes_of_text(std::string_view text) { return std::as_bytes(std::span(text)); }

inline Random seeded_random(uint64_t seed) {
  auto engine = std::make_shared<std::mt19937_64>(seed);
  return [engine](std::span<std::byte> bytes) {
    for (std::byte& byte : bytes) byte = static_cast<std::byte>((*engine)() & 0xff);
  };
}

class LogTest : public testing::Test {
 protected:
  static constexpr uint64_t ms = 1'000'000;

  // A new process instance with one ring.
  void start(uint64_t segment_size = limits::log_segment_size_min, uint64_t quota_size = 0) {
    if (random_ == nullptr) random_ = seeded_random(1);
    auto instance = next_instance(files_, "log", now_);
    ASSERT_TRUE(instance);
    auto root = RootKey::load_or_create(files_, "state", random_);
    ASSERT_TRUE(root) << root.error().text;
    auto ring = ByteRing::anonymous(256 * limits::KiB, *instance, 0);
    ASSERT_TRUE(ring);
    writer_.reset();
    ring_ = std::make_unique<ByteRing>(std::move(*ring));
    recorder_ = std::make_unique<Recorder>(*ring_);
    auto writer = Writer::start(files_,
                                {.directory = "log",
                                 .instance = *instance,
                                 .segment_size = segment_size,
                                 .quota_size = quota_size,
                                 .seal_to = seal_to_},
                                *root, {ring_.get()}, random_, now_);
    ASSERT_TRUE(writer) << writer.error().text;
    writer_ = std::move(*writer);
    tick();
  }
  void tick(uint64_t step_ms = 10) {
    now_ += step_ms * ms;
    recorder_->set_time(now_);
  }
  void step() {
    tick();
    writer_->step(now_);
  }
  Recorder::Sequence request(uint64_t session, std::string_view text) {
    const std::string_view verbs[] = {"SELECT"};
    return recorder_->request(session,
                              {.ticket = 1, .verbs = verbs, .verdict = Verdict::Allow, .rule = "reading"},
                              bytes_of_text(text));
  }
  VerifyReport check(const std::optional<Head>& saved = std::nullopt) {
    auto key = read_public_key(files_, "state/log.pub");
    EXPECT_TRUE(key);
    auto report = verify(files_, "log", *key, saved);
    EXPECT_TRUE(report);
    return std::move(*report);
  }
  static std::string say(const VerifyReport& report) {
    if (!report.fault) return "whole";
    return report.fault->file + " at " + std::to_string(report.fault->offset) + ": " +
           std::string(name_of(report.fault->kind)) + ": " + report.fault->text;
  }
  // Payloads in order, the writer's own records left out.
  std::vector<std::string> payloads(Reader::Filter filter = {}) {
    Reader reader(files_, "log", filter);
    std::vector<std::string> found;
    while (true) {
      auto record = reader.next();
      EXPECT_TRUE(record) << record.error().text;
      if (!record || !*record) return found;
      if ((*record)->ring == writer_ring_index) continue;
      found.emplace_back(reinterpret_cast<const char*>((*record)->payload.data()), (*record)->payload.size());
    }
  }
  std::vector<SegmentInfo> segments() { return *list_segments(files_, "log"); }

  MemoryFiles files_;
  Random random_;
  std::optional<SealKey> seal_to_;
  uint64_t now_ = 1'700'000'000'000'000'000;
  std::unique_ptr<ByteRing> ring_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<Writer> writer_;
};

}  // namespace sallyport::ringlog
