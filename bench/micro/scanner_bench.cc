// The guard on row-like data: about 50 fields a KiB of the kind that PostgreSQL sends, each behind a length
// of four bytes. Bytes per second count the whole buffer, framing included.
#include <benchmark/benchmark.h>
#include <hs.h>

#include <cstring>
#include <random>
#include <string>

#include "core/guard/masker.h"

namespace sallyport::guard {
namespace {

struct Rows {
  std::string buffer;
  std::vector<MaskField> fields;
  std::vector<Field> spans;
};

// `hits` in a thousand fields hold something to mask.
Rows rows(size_t size, unsigned hits, const MaskPlan* plan) {
  constexpr std::string_view plain[] = {"42",
                                        "1048576",
                                        "17.50",
                                        "2024-03-09",
                                        "open",
                                        "Main Street 5, Springfield",
                                        "2024-03-09 10:11:12.345678",
                                        "10458",
                                        "paid in full by invoice, second reminder",
                                        "550e8400-e29b-41d4-a716-446655440000",
                                        "Jane",
                                        "Smith-Robertson",
                                        "1700000000"};
  constexpr std::string_view hot[] = {"jane@example.com", "4111 1111 1111 1111", "123-45-6789",
                                      "+49 30 901820", "DE89370400440532013000"};
  std::mt19937 random(1);
  Rows rows;
  while (rows.buffer.size() < size) {
    const std::string_view value =
        random() % 1000 < hits ? hot[random() % std::size(hot)] : plain[random() % std::size(plain)];
    const auto length = static_cast<uint32_t>(value.size());
    rows.buffer += {0, 0, 0, static_cast<char>(length)};
    const auto offset = static_cast<uint32_t>(rows.buffer.size());
    rows.fields.push_back({offset, length, ValueKind::Text, plan});
    rows.spans.push_back({offset, length});
    rows.buffer += value;
  }
  return rows;
}

MaskPlan plan_of(MaskAction action) {
  MaskPlan plan;
  plan.add(DetectorSet::all(), action);
  return plan;
}

void count(benchmark::State& state, const Rows& rows) {
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * rows.buffer.size()));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * rows.fields.size()));
  state.SetLabel(std::string("hyperscan ") + hs_version());
}

// The whole pipeline. The buffer is restored from a copy each time, as a receive would fill it; that copy is
// in.
void mask(benchmark::State& state, MaskAction action) {
  const MaskPlan plan = plan_of(action);
  const Rows original =
      rows(static_cast<size_t>(state.range(0)), static_cast<unsigned>(state.range(1)), &plan);
  std::string buffer = original.buffer;
  const auto scanner = Scanner::compile(DetectorSet::all());
  Masker masker;
  if (!scanner || !masker.prepare(**scanner)) return state.SkipWithError("cannot compile");
  for (auto _ : state) {
    std::memcpy(buffer.data(), original.buffer.data(), buffer.size());
    benchmark::DoNotOptimize(
        masker.mask(**scanner, {reinterpret_cast<uint8_t*>(buffer.data()), buffer.size()}, original.fields));
  }
  count(state, original);
}

void BM_MaskPartial(benchmark::State& state) { mask(state, MaskAction::Partial); }
void BM_MaskRedact(benchmark::State& state) { mask(state, MaskAction::Redact); }
BENCHMARK(BM_MaskPartial)
    ->ArgNames({"bytes", "hits_per_mille"})
    ->ArgsProduct({{64, 1 << 10, 4 << 10, 16 << 10, 64 << 10}, {0, 10, 200}});
BENCHMARK(BM_MaskRedact)->ArgNames({"bytes", "hits_per_mille"})->ArgsProduct({{16 << 10}, {0, 10, 200}});

void BM_Scan(benchmark::State& state) {
  const Rows data = rows(16 << 10, static_cast<unsigned>(state.range(0)), nullptr);
  const auto scanner = Scanner::compile(state.range(1) == 0   ? *Catalogue::find("@secrets")
                                        : state.range(1) == 1 ? *Catalogue::find("@pii")
                                                              : DetectorSet::all());
  ScanScratch scratch;
  ScanResult result;
  if (!scanner || !scratch.prepare(**scanner)) return state.SkipWithError("cannot compile");
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        (*scanner)->scan({reinterpret_cast<const uint8_t*>(data.buffer.data()), data.buffer.size()},
                         data.spans, scratch, result));
  }
  count(state, data);
}
BENCHMARK(BM_Scan)->ArgNames({"hits_per_mille", "secrets_pii_all"})->ArgsProduct({{0, 10, 200}, {0, 1, 2}});

// One short value alone: what a call costs.
void BM_ScanOne(benchmark::State& state) {
  const std::string value = "Main Street 512";
  const auto scanner = Scanner::compile(DetectorSet::all());
  ScanScratch scratch;
  ScanResult result;
  if (!scanner || !scratch.prepare(**scanner)) return state.SkipWithError("cannot compile");
  const Field field{0, static_cast<uint32_t>(value.size())};
  for (auto _ : state) {
    benchmark::DoNotOptimize((*scanner)->scan({reinterpret_cast<const uint8_t*>(value.data()), value.size()},
                                              {&field, 1}, scratch, result));
  }
}
BENCHMARK(BM_ScanOne);

// One field in so many is scanned: where gathering begins to pay.
void BM_ScanSparse(benchmark::State& state) {
  Rows data = rows(16 << 10, 10, nullptr);
  std::vector<Field> sparse;
  for (size_t i = 0; i < data.spans.size(); i += static_cast<size_t>(state.range(0)))
    sparse.push_back(data.spans[i]);
  const auto scanner = Scanner::compile(DetectorSet::all());
  ScanScratch scratch;
  ScanResult result;
  if (!scanner || !scratch.prepare(**scanner)) return state.SkipWithError("cannot compile");
  for (auto _ : state) {
    benchmark::DoNotOptimize((*scanner)->scan(
        {reinterpret_cast<const uint8_t*>(data.buffer.data()), data.buffer.size()}, sparse, scratch, result));
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * sparse.size()));
}
BENCHMARK(BM_ScanSparse)->ArgName("one_in")->Arg(1)->Arg(2)->Arg(3)->Arg(4)->Arg(8);

void BM_Digits(benchmark::State& state) {
  const Rows data = rows(16 << 10, 10, nullptr);
  const auto engine = state.range(0) == 0 ? DigitEngine::Portable : DigitEngine::Avx2;
  if (engine == DigitEngine::Avx2 && digit_engine() != engine) return state.SkipWithError("no AVX2 here");
  DigitFindings findings;
  for (auto _ : state) {
    find_digits({reinterpret_cast<const uint8_t*>(data.buffer.data()), data.buffer.size()}, true, engine,
                findings);
    benchmark::DoNotOptimize(findings.runs.data());
  }
  count(state, data);
}
BENCHMARK(BM_Digits)->ArgName("avx2")->Arg(0)->Arg(1);

void BM_Compile(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Scanner::compile(DetectorSet::all()));
}
BENCHMARK(BM_Compile);

}  // namespace
}  // namespace sallyport::guard

BENCHMARK_MAIN();
