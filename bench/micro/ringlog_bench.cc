// What a record costs its core, and what the writer sustains. `ringlog_bench --benchmark_repetitions=5`
// prints medians.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "config/check.h"
#include "ringlog/memory_files.h"
#include "ringlog/recorder.h"
#include "ringlog/verify.h"
#include "ringlog/writer.h"

namespace {

using namespace sallyport;
using namespace sallyport::ringlog;

constexpr uint64_t start_ns = 1'700'000'000'000'000'000;

// Gives the ring's room back as the writer would, at no cost to speak of.
void drain(ByteRing& ring, Recorder& recorder) {
  if (ring.room() < ring.size() / 2) ring.release(ring.committed(), recorder.last());
}

void record_request(benchmark::State& state) {
  auto ring = ByteRing::anonymous(limits::log_ring_size, 1, 0);
  CHECK(ring);
  Recorder recorder(*ring);
  const std::string text(static_cast<size_t>(state.range(0)), 's');
  const std::string_view verbs[] = {"SELECT"}, objects[] = {"public.customers"};
  const RequestFacts facts{
      .ticket = 7, .verbs = verbs, .objects = objects, .verdict = Verdict::Allow, .rule = "reading"};
  for (auto _ : state) {
    CHECK(recorder.request(1, facts, std::as_bytes(std::span(text))));
    drain(*ring, recorder);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(record_request)->Arg(64)->Arg(1024);

void record_reply(benchmark::State& state) {
  auto ring = ByteRing::anonymous(limits::log_ring_size, 1, 0);
  CHECK(ring);
  Recorder recorder(*ring);
  const std::string text(static_cast<size_t>(state.range(0)), 's');
  uint64_t offset = 0;
  for (auto _ : state) {
    CHECK(recorder.reply(1, {.ticket = 7, .offset = offset}, std::as_bytes(std::span(text))));
    offset += text.size();
    drain(*ring, recorder);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(record_reply)->Arg(64)->Arg(4096)->Arg(65536);

void record_forward(benchmark::State& state) {
  auto ring = ByteRing::anonymous(limits::log_ring_size, 1, 0);
  CHECK(ring);
  Recorder recorder(*ring);
  for (auto _ : state) {
    CHECK(recorder.forward(1, {.leg = 1, .count = 64}));
    drain(*ring, recorder);
  }
}
BENCHMARK(record_forward);

// One step: a full batch of records gathered, hashed, signed, written and synced, on the file system of
// TMPDIR; their payloads sealed to an auditor, or not.
void writer_step(benchmark::State& state) {
  std::string root = (std::filesystem::temp_directory_path() / "ringlog-bench-XXXXXX").string();
  CHECK(mkdtemp(root.data()) != nullptr);
  std::filesystem::create_directory(root + "/log");
  std::filesystem::create_directory(root + "/state");
  auto key = RootKey::load_or_create(system_files(), root + "/state", system_random());
  CHECK(key);
  auto ring = ByteRing::anonymous(limits::log_ring_size, 1, 0);
  CHECK(ring);
  Recorder recorder(*ring);
  std::optional<SealKey> seal_to;
  if (state.range(2) != 0) {
    const auto made = make_seal_keys(system_files(), root, system_random());
    CHECK(made);
    seal_to = *made;
  }
  auto writer = Writer::start(system_files(), {.directory = root + "/log", .instance = 1, .seal_to = seal_to},
                              *key, {&*ring}, system_random(), start_ns);
  CHECK(writer);
  const std::string text(static_cast<size_t>(state.range(0)), 's');
  const auto sessions = static_cast<uint64_t>(state.range(1));
  const size_t batch = std::min<size_t>(20'000, limits::log_ring_size / 2 / (text.size() + 256));
  uint64_t now_ns = start_ns, records = 0;
  for (auto _ : state) {
    state.PauseTiming();
    for (size_t i = 0; i < batch; i++) {
      CHECK(recorder.reply(1 + i % sessions, {.ticket = i}, std::as_bytes(std::span(text))));
    }
    state.ResumeTiming();
    (*writer)->step(now_ns += 10'000'000);
    CHECK(!(*writer)->failing());
    records += batch;
    // The measured disk is small: closed segments go while the clock stands.
    if ((*writer)->head().segment % 8 != 0) continue;
    state.PauseTiming();
    const auto segments = list_segments(system_files(), root + "/log");
    for (const SegmentInfo& info : *segments) {
      if (info.id.segment < (*writer)->head().segment) std::filesystem::remove(root + "/log/" + info.name);
    }
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<int64_t>(records));
  state.SetBytesProcessed(static_cast<int64_t>(records * text.size()));
  std::filesystem::remove_all(root);
}
BENCHMARK(writer_step)
    ->ArgNames({"payload", "sessions", "sealed"})
    ->Args({64, 16, 0})
    ->Args({64, 16, 1})
    ->Args({64, 1000, 0})
    ->Args({4096, 16, 0})
    ->Args({4096, 16, 1})
    ->UseRealTime();

void verify_log(benchmark::State& state) {
  MemoryFiles files;
  auto key = RootKey::load_or_create(files, "state", system_random());
  CHECK(key);
  auto ring = ByteRing::anonymous(limits::log_ring_size, 1, 0);
  CHECK(ring);
  Recorder recorder(*ring);
  auto writer =
      Writer::start(files, {.directory = "log", .instance = 1}, *key, {&*ring}, system_random(), start_ns);
  CHECK(writer);
  const std::string text(200, 's');
  for (uint64_t step = 1; step <= 50; step++) {
    for (uint64_t i = 0; i < 1000; i++) CHECK(recorder.reply(1 + i % 50, {}, std::as_bytes(std::span(text))));
    (*writer)->step(start_ns + step * 10'000'000);
  }
  CHECK((*writer)->close(start_ns * 2));
  auto root = read_public_key(files, "state/log.pub");
  uint64_t bytes = 0;
  for (auto _ : state) {
    auto report = verify(files, "log", *root);
    CHECK(report && report->whole());
    bytes += report->bytes;
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}
BENCHMARK(verify_log);

}  // namespace

BENCHMARK_MAIN();
