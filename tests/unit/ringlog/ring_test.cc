#include "ringlog/ring.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <cstring>
#include <thread>
#include <vector>

#include "config/limits.h"
#include "ringlog/frame.h"
#include "ringlog/recorder.h"

namespace sallyport::ringlog {
namespace {

Bytes text_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

// A full ring refuses, and takes again exactly what was released; entries never wrap.
TEST(Ring, RefusesWhenFullAndGoesOnAfterRelease) {
  auto ring = ByteRing::anonymous(4096, 1, 0);
  ASSERT_TRUE(ring);
  Recorder recorder(*ring);
  const std::string payload(100, 'x');
  uint64_t position = 0, seen = 0;
  for (int round = 0; round < 1000; round++) {
    uint64_t made = 0;
    while (recorder.forward(7, {.leg = 1, .count = 100}, text_bytes(payload))) made++;
    ASSERT_GT(made, 0U);
    for (; made > 0; made--) {
      auto entry = ring->at(position);
      ASSERT_TRUE(entry);
      ASSERT_FALSE(entry->empty());
      const RecordView record = view_of(*entry);
      EXPECT_EQ(record.sequence, ++seen);
      EXPECT_EQ(std::string(reinterpret_cast<const char*>(record.payload.data()), record.payload.size()),
                payload);
      position += entry->size();
    }
    EXPECT_TRUE(ring->at(position)->empty());
    ring->release(position, seen);
    EXPECT_EQ(recorder.durable(), seen);
  }
}

// What was reserved and written but not committed does not exist.
TEST(Ring, UncommittedReservationIsInvisible) {
  auto ring = ByteRing::anonymous(4096, 1, 0);
  ASSERT_TRUE(ring);
  auto place = ring->reserve(128);
  ASSERT_EQ(place.size(), 128U);
  std::memset(place.data(), 0xff, place.size());
  EXPECT_TRUE(ring->at(0)->empty());
  EXPECT_EQ(ring->committed(), 0U);
  EXPECT_TRUE(ring->reserve(4096 + 8).empty());
}

// A record larger than the limit is refused and never split.
TEST(Ring, RefusesRecordsBeyondTheLimit) {
  auto ring = ByteRing::anonymous(2 * limits::log_commit_size_max, 1, 0);
  ASSERT_TRUE(ring);
  Recorder recorder(*ring);
  const std::vector<std::byte> payload(limits::record_size_max);
  EXPECT_FALSE(recorder.reply(1, {}, payload));
  EXPECT_TRUE(recorder.reply(1, {}, Bytes(payload).first(limits::record_size_max - 512)));
}

// The ends of things may take room that traffic may not: a session that was refused can still be closed on
// the record.
TEST(Ring, KeepsRoomForEnds) {
  auto ring = ByteRing::anonymous(4096, 1, 0);
  ASSERT_TRUE(ring);
  Recorder recorder(*ring);
  while (recorder.forward(1, {.leg = 1, .count = 1})) {
  }
  EXPECT_TRUE(recorder.session_closed(1, {.reason = "log-full"}));
}

TEST(Ring, FailingLogTakesNothing) {
  auto ring = ByteRing::anonymous(4096, 1, 0);
  ASSERT_TRUE(ring);
  Recorder recorder(*ring);
  ring->set_failing(true);
  EXPECT_TRUE(recorder.failing());
  EXPECT_FALSE(recorder.session_closed(1, {.reason = "x"}));
  ring->set_failing(false);
  EXPECT_TRUE(recorder.session_closed(1, {.reason = "x"}));
  EXPECT_EQ(recorder.last(), 1U);
}

// Producer and consumer on two threads: every record arrives once, in order, with its own bytes.
TEST(Ring, TwoThreads) {
  auto ring = ByteRing::anonymous(64 * 1024, 1, 3);
  ASSERT_TRUE(ring);
  constexpr uint64_t count = 200'000;
  std::thread producer([&] {
    Recorder recorder(*ring);
    for (uint64_t i = 1; i <= count; i++) {
      std::array<uint64_t, 6> payload{};
      payload.fill(i);
      const Bytes bytes = std::as_bytes(std::span(payload)).first(i % 48 + 1);
      while (!recorder.reply(i % 5, {.ticket = i}, bytes)) std::this_thread::yield();
    }
  });
  uint64_t position = 0, seen = 0, wrong = 0;
  while (seen < count) {
    const auto entry = ring->at(position);
    ASSERT_TRUE(entry);
    if (entry->empty()) {
      ring->release(position, seen);
      std::this_thread::yield();
      continue;
    }
    const RecordView record = view_of(*entry);
    seen++;
    uint64_t value = 0;
    std::memcpy(&value, record.payload.data(), std::min<size_t>(8, record.payload.size()));
    const uint64_t mask = record.payload.size() >= 8 ? ~0ULL : (1ULL << (8 * record.payload.size())) - 1;
    if (record.sequence != seen || value != (seen & mask) || record.payload.size() != seen % 48 + 1) wrong++;
    position += entry->size();
    if (seen % 64 == 0) ring->release(position, seen);
  }
  producer.join();
  EXPECT_EQ(wrong, 0U);
}

// A ring file outlives its maker, is refused while the maker lives, and damage is an error.
TEST(Ring, FileOutlivesItsMaker) {
  const std::string path = testing::TempDir() + "ring-" + std::to_string(getpid()) + ".spring";
  {
    auto ring = ByteRing::create(path, 8192, 42, 2);
    ASSERT_TRUE(ring) << ring.error().text;
    EXPECT_FALSE(ByteRing::create(path, 8192, 42, 2));
    auto second = ByteRing::open(path);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, EBUSY);
    Recorder recorder(*ring);
    ASSERT_TRUE(recorder.note(9, {.name = "left"}, text_bytes("behind")));
  }
  {
    auto ring = ByteRing::open(path);
    ASSERT_TRUE(ring) << ring.error().text;
    EXPECT_EQ(ring->instance(), 42U);
    EXPECT_EQ(ring->index(), 2U);
    const auto entry = ring->at(0);
    ASSERT_TRUE(entry);
    EXPECT_EQ(view_of(*entry).session, 9U);
  }
  ASSERT_EQ(truncate(path.c_str(), 5000), 0);
  const auto damaged = ByteRing::open(path);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, EBADMSG);
  unlink(path.c_str());
}

}  // namespace
}  // namespace sallyport::ringlog
