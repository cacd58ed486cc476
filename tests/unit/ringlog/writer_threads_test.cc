// Producers on threads of their own, the writer's thread, and one that asks how it goes: every record
// arrives, in order, and the log verifies.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "ringlog/writer_thread.h"
#include "tests/unit/ringlog/fixture.h"

namespace sallyport::ringlog {
namespace {

class WriterThreads : public LogTest {};

TEST_F(WriterThreads, ProducersWriterAndReaderOfItsState) {
  constexpr uint64_t record_count = 20'000;
  constexpr uint16_t producer_count = 2;
  random_ = seeded_random(1);
  auto root = RootKey::load_or_create(files_, "state", random_);
  ASSERT_TRUE(root);
  std::vector<std::unique_ptr<ByteRing>> rings;
  std::vector<ByteRing*> pointers;
  for (uint16_t i = 0; i < producer_count; ++i) {
    auto ring = ByteRing::anonymous(64 * limits::KiB, 1, i);
    ASSERT_TRUE(ring);
    rings.push_back(std::make_unique<ByteRing>(std::move(*ring)));
    pointers.push_back(rings.back().get());
  }
  auto writer =
      Writer::start(files_, {.directory = "log", .instance = 1, .segment_size = limits::log_segment_size_min},
                    *root, pointers, random_, now_);
  ASSERT_TRUE(writer);
  std::atomic<uint64_t> changes = 0;
  std::atomic<bool> over = false;
  {
    WriterThread thread(std::move(*writer), [&](const WriterThread&) { ++changes; });
    std::vector<std::thread> producers;
    for (uint16_t i = 0; i < producer_count; ++i) {
      producers.emplace_back([&, i] {
        Recorder recorder(*rings[i]);
        recorder.set_time(now_);
        for (uint64_t n = 1; n <= record_count; ++n) {
          while (!recorder.forward(n % 7, {.leg = i, .count = n})) {
            thread.wake();
            std::this_thread::yield();
          }
        }
        while (recorder.durable() < record_count) {
          thread.wake();
          std::this_thread::yield();
        }
      });
    }
    std::thread asker([&] {
      uint64_t records = 0;
      while (!over) {
        const auto totals = thread.totals();
        EXPECT_GE(totals.records, records);
        records = totals.records;
        EXPECT_FALSE(thread.failing());
        EXPECT_EQ(thread.error_text(), "");
        (void)thread.head();
      }
    });
    for (std::thread& producer : producers) producer.join();
    over = true;
    asker.join();
    ASSERT_TRUE(thread.stop());
  }
  EXPECT_GT(changes, 0u);
  const VerifyReport report = check();
  EXPECT_TRUE(report.whole()) << say(report);
  EXPECT_TRUE(report.closed);
  std::map<uint16_t, uint64_t> last;
  Reader reader(files_, "log");
  for (auto record = reader.next(); record && *record; record = reader.next()) {
    if ((*record)->ring == writer_ring_index) continue;
    EXPECT_EQ((*record)->sequence, ++last[(*record)->ring]);
  }
  for (uint16_t i = 0; i < producer_count; ++i) EXPECT_EQ(last[i], record_count);
}

}  // namespace
}  // namespace sallyport::ringlog
