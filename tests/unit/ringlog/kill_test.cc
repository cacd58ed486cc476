// SIGKILL at any instant: no record that the producer was told of is lost, none is there twice. Real files,
// real rings.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <thread>

#include "ringlog/reader.h"
#include "ringlog/recovery.h"
#include "ringlog/verify.h"
#include "ringlog/writer_thread.h"

namespace sallyport::ringlog {
namespace {

class KillTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = testing::TempDir() + "sallyport-log-XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    root_ = path;
    for (const char* name : {"/log", "/state", "/rings"}) std::filesystem::create_directory(root_ + name);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::unique_ptr<Writer> open(std::vector<ByteRing*> rings, uint64_t instance) {
    auto key = RootKey::load_or_create(system_files(), root_ + "/state", system_random());
    EXPECT_TRUE(key) << key.error().text;
    auto writer = Writer::start(
        system_files(), {.directory = root_ + "/log", .instance = instance, .segment_size = 256 * 1024}, *key,
        std::move(rings), system_random(), instance);
    EXPECT_TRUE(writer) << writer.error().text;
    return std::move(*writer);
  }

  // Two producers that write down in a pipe what they were told was recorded, until they are killed.
  [[noreturn]] void produce(uint64_t instance, int report_fd) {
    std::vector<ByteRing> rings;
    for (uint16_t index = 0; index < 2; index++) {
      auto ring = ByteRing::create(ring_path(root_ + "/rings", instance, index), 1 << 20, instance, index);
      if (!ring) _exit(2);
      rings.push_back(std::move(*ring));
    }
    auto writer = open({&rings[0], &rings[1]}, instance);
    WriterThread thread(std::move(writer), nullptr);
    const auto run = [&](uint16_t index) {
      Recorder recorder(rings[index]);
      for (uint64_t i = 1;; i++) {
        const uint64_t value[2] = {index, i};
        const Bytes payload = std::as_bytes(std::span(value));
        while (!recorder.forward(session_id(index, 1 + i % 3), {.leg = 1, .count = 16}, payload)) usleep(100);
        if (write(report_fd, value, sizeof value) != sizeof value) _exit(3);
      }
    };
    std::thread other(run, uint16_t{1});
    run(0);
    _exit(0);
  }

  std::string root_;
};

TEST_F(KillTest, NothingIsLostAndNothingIsRepeated) {
  std::map<std::pair<uint64_t, uint64_t>, uint64_t>
      told;  // instance and ring: the last one the producer was told of
  uint64_t instance = 1000;
  for (int round = 0; round < 12; round++, instance += 1000) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) produce(instance, ends[1]);
    close(ends[1]);
    // Killed after some reports, at an instant that depends on the round.
    const size_t reports = 50 + static_cast<size_t>(round) * 997;
    uint64_t value[2];
    size_t count = 0;
    ssize_t size = 0;
    while ((size = read(ends[0], value, sizeof value)) == sizeof value) {
      uint64_t& last = told[{instance, value[0]}];
      last = std::max(last, value[1]);
      if (++count == reports) kill(child, SIGKILL);
    }
    close(ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    if (round % 3 == 2) {  // sometimes several dead instances are left behind
      auto leftover = find_leftover_rings(root_ + "/rings");
      ASSERT_TRUE(leftover) << leftover.error().text;
      ASSERT_EQ(leftover->rings.size(), 6U);
      auto writer = open({}, instance + 1);
      ASSERT_TRUE(writer);
      for (ByteRing& ring : leftover->rings) {
        const auto recovered = writer->recover(ring, instance + 2);
        ASSERT_TRUE(recovered) << recovered.error().text;
        ASSERT_EQ(*writer->recover(ring, instance + 2), 0U);
        unlink(ring.path().c_str());
      }
      ASSERT_TRUE(writer->close(instance + 3));
    }
  }
  std::map<std::pair<uint64_t, uint64_t>, uint64_t> found;
  Reader reader(system_files(), root_ + "/log");
  while (true) {
    const auto record = reader.next();
    ASSERT_TRUE(record) << record.error().text;
    if (!*record) break;
    if ((*record)->ring == writer_ring_index) continue;
    const auto value = load<std::array<uint64_t, 2>>((*record)->payload);
    ASSERT_EQ(value[0], (*record)->ring);
    ASSERT_EQ(value[1], ++(found[{(*record)->instance, value[0]}])) << "lost, repeated or out of order";
  }
  for (const auto& [key, last] : told) EXPECT_GE(found[key], last);
  auto key = read_public_key(system_files(), root_ + "/state/log.pub");
  ASSERT_TRUE(key);
  const auto report = verify(system_files(), root_ + "/log", *key);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->whole()) << report->fault->file << " " << report->fault->offset << " "
                               << report->fault->text;
}

// The thread commits by itself, answers a wake, and ends the chain.
TEST_F(KillTest, ThreadCommitsWakesAndStops) {
  auto ring = ByteRing::create(ring_path(root_ + "/rings", 5, 0), 1 << 20, 5, 0);
  ASSERT_TRUE(ring);
  Recorder recorder(*ring);
  std::atomic<int> changes{0};
  WriterThread thread(open({&*ring}, 5), [&](const WriterThread&) { changes++; });
  for (uint64_t i = 1; i <= 50; i++) {
    ASSERT_EQ(recorder.forward(1, {.leg = 1, .count = 1}), i);
    thread.wake();
    while (recorder.durable() < i) usleep(50);
  }
  ASSERT_TRUE(recorder.session_closed(1, {.reason = "client-closed"}));
  ASSERT_TRUE(thread.stop());
  EXPECT_EQ(recorder.durable(), 51U);
  EXPECT_GT(changes.load(), 0);
  auto key = read_public_key(system_files(), root_ + "/state/log.pub");
  const auto report = verify(system_files(), root_ + "/log", *key, thread.head());
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->whole() && report->closed);
}

}  // namespace
}  // namespace sallyport::ringlog
