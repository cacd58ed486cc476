// What a plugin costs over the C ABI. The shared objects are loaded as the gateway loads them, and the host's
// functions only count (plugin_stage.h): hardly anything but the plugin is measured, no sockets, no record,
// no rules, no copy of what is emitted. Bytes per second count request and reply; a reply comes in blocks of
// 64 KiB, as the gateway's receive buffers hold it.
#include <benchmark/benchmark.h>

#include <cstring>
#include <string>

#include "bench/micro/plugin_stage.h"

namespace sallyport {
namespace {

using namespace std::string_literals;

std::span<uint8_t> bytes_of(std::string& text) {
  return {reinterpret_cast<uint8_t*>(text.data()), text.size()};
}

std::string big_endian(uint64_t value, int size) {
  std::string out;
  for (int shift = (size - 1) * 8; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  return out;
}

// A PostgreSQL message: type, length, contents.
std::string message(char type, const std::string& contents) {
  return type + big_endian(contents.size() + 4, 4) + contents;
}

std::string text_z(const std::string& text) { return text + '\0'; }

std::string row(std::initializer_list<std::string> values) {
  std::string contents = big_endian(values.size(), 2);
  for (const std::string& value : values) contents += big_endian(value.size(), 4) + value;
  return message('D', contents);
}

// Text columns of computed values: no table, so that the catalogue is not asked.
std::string description(std::initializer_list<std::string> names) {
  std::string contents = big_endian(names.size(), 2);
  for (const std::string& name : names)
    contents += text_z(name) + big_endian(0, 6) + big_endian(25, 4) + big_endian(0xffff, 2) +
                big_endian(~0U, 4) + "\0\0"s;
  return message('T', contents);
}

std::string completion(size_t rows) {
  return message('C', text_z("SELECT " + std::to_string(rows))) + message('Z', "I");
}

// About 190 bytes a row in four values; one value in a hundred is an e-mail address.
std::string result(size_t rows) {
  const std::string words =
      "shipped on Tuesday with the second half of the order, the rest follows as soon as the supplier "
      "delivers it to us "
      "again";
  std::string out = description({"id", "name", "note", "text"});
  for (size_t i = 0; i < rows; ++i) {
    out += row({std::to_string(10'000 + i), "Jane Smith-Robertson",
                i % 25 == 0 ? "jane.smith@example.com" : "Main Street 5, Springfield", words});
  }
  return out + completion(rows);
}

Stage postgresql(Masking masking) {
  return {POSTGRESQL, TRANSCRIPTS "/postgresql/transcripts/simple.transcript", masking};
}

void count(benchmark::State& state, uint64_t bytes) {
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
  state.counters["rounds"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void BM_Skeleton(benchmark::State& state) {
  Stage stage(SKELETON, TRANSCRIPTS "/skeleton/transcripts/session.transcript", Masking::none);
  std::string request = "GET a\n", reply = "VALUE a first value\nOK\n";
  uint64_t bytes = 0;
  for (auto _ : state) {
    stage.feed(SP_LEG_CLIENT, bytes_of(request));
    stage.feed(SP_LEG_TARGET, bytes_of(reply));
    bytes += request.size() + reply.size();
  }
  count(state, bytes);
}
BENCHMARK(BM_Skeleton);

// A select by key with one row back. distinct: another text each time, as an ORM without parameters sends it.
void BM_PgSimple(benchmark::State& state) {
  Stage stage = postgresql(Masking::none);
  std::string reply = description({"name"}) + row({"Jane Smith-Robertson"}) + completion(1);
  std::string request = message('Q', text_z("SELECT name FROM customers WHERE id = 1000000"));
  uint64_t bytes = 0, number = 1'000'000;
  for (auto _ : state) {
    if (state.range(0) != 0) {
      const std::string digits = std::to_string(++number);
      std::memcpy(request.data() + request.size() - 1 - digits.size(), digits.data(), digits.size());
    }
    stage.feed(SP_LEG_CLIENT, bytes_of(request));
    stage.feed(SP_LEG_TARGET, bytes_of(reply));
    bytes += request.size() + reply.size();
  }
  count(state, bytes);
}
BENCHMARK(BM_PgSimple)->ArgName("distinct")->Arg(0)->Arg(1);

// prepared: Bind, Execute, Sync of a named statement; else Parse of the same text and Describe before it.
void BM_PgExtended(benchmark::State& state) {
  Stage stage = postgresql(Masking::none);
  const bool prepared = state.range(0) != 0;
  const std::string name = prepared ? "s1" : "";
  std::string parse =
      message('P', text_z(name) + text_z("SELECT name FROM customers WHERE id = $1") + big_endian(0, 2));
  const std::string bind =
      message('B', text_z("") + text_z(name) + "\0\0\0\1"s + big_endian(7, 4) + "1000000" + "\0\0"s);
  const std::string execute = message('E', text_z("") + big_endian(0, 4)), sync = message('S', "");
  const std::string rows = row({"Jane Smith-Robertson"}) + completion(1);
  std::string request = bind + execute + sync, reply = message('2', "") + rows;
  if (prepared) {
    std::string first = parse + sync, parsed = message('1', "") + message('Z', "I");
    stage.feed(SP_LEG_CLIENT, bytes_of(first));
    stage.feed(SP_LEG_TARGET, bytes_of(parsed));
  } else {
    request = parse + bind + message('D', "P"s + '\0') + execute + sync;
    reply = message('1', "") + message('2', "") + description({"name"}) + rows;
  }
  uint64_t bytes = 0;
  for (auto _ : state) {
    stage.feed(SP_LEG_CLIENT, bytes_of(request));
    stage.feed(SP_LEG_TARGET, bytes_of(reply));
    bytes += request.size() + reply.size();
  }
  count(state, bytes);
}
BENCHMARK(BM_PgExtended)->ArgName("prepared")->Arg(0)->Arg(1);

// A result of text rows. With the guard the reply is restored first, as a receive would fill it, and not
// counted.
void BM_PgRows(benchmark::State& state) {
  const auto masking = static_cast<Masking>(state.range(1));
  Stage stage = postgresql(masking);
  const std::string original = result(static_cast<size_t>(state.range(0)));
  std::string request = message('Q', text_z("SELECT id, name, note, text FROM orders")), reply = original;
  uint64_t bytes = 0;
  for (auto _ : state) {
    if (masking == Masking::guard) {
      state.PauseTiming();
      std::memcpy(reply.data(), original.data(), original.size());
      state.ResumeTiming();
    }
    stage.feed(SP_LEG_CLIENT, bytes_of(request));
    stage.feed(SP_LEG_TARGET, bytes_of(reply));
    bytes += request.size() + reply.size();
  }
  count(state, bytes);
  state.counters["rows"] = benchmark::Counter(static_cast<double>(state.iterations() * state.range(0)),
                                              benchmark::Counter::kIsRate);
  const auto values = static_cast<double>(state.iterations() * state.range(0) * 4);
  state.counters["masked_share"] = static_cast<double>(stage.masked()) / values;
  state.counters["emitted_share"] = static_cast<double>(stage.emitted()) / static_cast<double>(bytes);
}
BENCHMARK(BM_PgRows)->ArgNames({"rows", "none_listed_guard"})->ArgsProduct({{1000, 20'000}, {0, 1, 2}});

}  // namespace
}  // namespace sallyport

BENCHMARK_MAIN();
