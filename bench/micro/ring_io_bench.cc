// What the engine pays per trip: a message in and out over loopback TCP, alone and in batches; an empty look;
// a close while many other connections are armed; a mailbox message.
//
//   ninja -C build bench/micro/ring_io_bench && build/bench/micro/ring_io_bench
//
// Everything runs on one thread (the peers' system calls included), so CPU time is the figure to read.
// Baselines without a Ring stand beside: the same bytes by plain system calls.
#include <benchmark/benchmark.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "config/check.h"
#include "core/io/mailbox.h"
#include "core/io/ring.h"
#include "core/io/sockets.h"

namespace sallyport {
namespace {

// A connected loopback pair: [0] the near end, nonblocking, and [1] the far end, blocking.
struct Pair {
  int near;
  int far;
};

Pair connect_pair() {
  int listener = sockets::open_listener(Address::parse("127.0.0.1:0").value(), false, 1).value();
  Address address = sockets::local_address(listener).value();
  int far = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(::connect(far, address.raw(), address.size) == 0);
  pollfd ready{.fd = listener, .events = POLLIN, .revents = 0};
  CHECK(::poll(&ready, 1, -1) == 1);
  int near = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  CHECK(near >= 0);
  sockets::set_no_delay(far);
  sockets::set_no_delay(near);
  ::close(listener);
  return {near, far};
}

void read_whole(int fd, std::string& into) {
  for (size_t have = 0; have < into.size();) {
    ssize_t size = ::read(fd, into.data() + have, into.size() - have);
    CHECK(size > 0);
    have += static_cast<size_t>(size);
  }
}

// `connections` far ends send a message each; the Ring receives all of them and echoes each from its block.
void ring_echo(benchmark::State& state) {
  auto connections = static_cast<size_t>(state.range(0));
  std::string message(static_cast<size_t>(state.range(1)), 'x');
  auto ring = Ring::open({}).value();
  std::vector<Pair> pairs;
  for (size_t i = 0; i < connections; ++i) {
    pairs.push_back(connect_pair());
    ring->receive(pairs.back().near, 1 + i);
  }
  constexpr uint64_t sent_flag = 1 << 20;
  std::vector<iovec> vectors(connections);
  std::vector<uint16_t> blocks(connections);
  Completion batch[256];
  for (auto _ : state) {
    for (Pair& pair : pairs)
      CHECK(::write(pair.far, message.data(), message.size()) == ssize_t(message.size()));
    for (size_t done = 0; done < connections * message.size();) {
      size_t count = ring->wait(batch, -1);
      for (const Completion& completion : std::span(batch, count)) {
        CHECK(completion.result > 0);
        size_t index = (completion.token & (sent_flag - 1)) - 1;
        if (completion.token & sent_flag) {
          done += static_cast<size_t>(completion.result);
          ring->release(blocks[index]);
          continue;
        }
        blocks[index] = completion.block;
        vectors[index] = {ring->block(completion.block).data(), static_cast<size_t>(completion.result)};
        ring->send(pairs[index].near, {&vectors[index], 1}, false, completion.token | sent_flag);
        if (!completion.more) ring->receive(pairs[index].near, completion.token);
      }
    }
    for (Pair& pair : pairs) read_whole(pair.far, message);
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * connections));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * connections * message.size()));
  state.counters["submits/message"] =
      static_cast<double>(ring->stats().submits) / static_cast<double>(state.iterations() * connections);
  for (Pair& pair : pairs) ::close(pair.near), ::close(pair.far);
}
BENCHMARK(ring_echo)->ArgNames({"connections", "size"})->Args({1, 256})->Args({16, 256})->Args({16, 16'384});

// The same by poll, recv and send.
void plain_echo(benchmark::State& state) {
  auto connections = static_cast<size_t>(state.range(0));
  std::string message(static_cast<size_t>(state.range(1)), 'x');
  std::string buffer(65'536, 0);
  std::vector<Pair> pairs;
  std::vector<pollfd> polls;
  for (size_t i = 0; i < connections; ++i) {
    pairs.push_back(connect_pair());
    polls.push_back({.fd = pairs.back().near, .events = POLLIN, .revents = 0});
  }
  for (auto _ : state) {
    for (Pair& pair : pairs)
      CHECK(::write(pair.far, message.data(), message.size()) == ssize_t(message.size()));
    for (size_t done = 0; done < connections * message.size();) {
      CHECK(::poll(polls.data(), polls.size(), -1) > 0);
      for (pollfd& one : polls) {
        if ((one.revents & POLLIN) == 0) continue;
        ssize_t size = ::recv(one.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
        CHECK(size > 0 && ::send(one.fd, buffer.data(), static_cast<size_t>(size), MSG_DONTWAIT) == size);
        done += static_cast<size_t>(size);
      }
    }
    for (Pair& pair : pairs) read_whole(pair.far, message);
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * connections));
  for (Pair& pair : pairs) ::close(pair.near), ::close(pair.far);
}
BENCHMARK(plain_echo)->ArgNames({"connections", "size"})->Args({1, 256})->Args({16, 256})->Args({16, 16'384});

void ring_empty_look(benchmark::State& state) {
  auto ring = Ring::open({}).value();
  Completion batch[16];
  for (auto _ : state) benchmark::DoNotOptimize(ring->wait(batch, 0));
}
BENCHMARK(ring_empty_look);

// A connection comes and goes while so many others stand armed.
void ring_close(benchmark::State& state) {
  auto ring = Ring::open({}).value();
  std::vector<std::array<int, 2>> idle(static_cast<size_t>(state.range(0)));
  uint64_t token = 100;
  Completion batch[256];
  for (auto& pair : idle) {
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()) != 0) {
      state.SkipWithError("too few descriptors: raise ulimit -n");
      return;
    }
    ring->receive(pair[0], ++token);
    ring->wait(batch, 0);
  }
  for (auto _ : state) {
    state.PauseTiming();
    std::array<int, 2> pair;
    CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()) == 0);
    ring->receive(pair[0], 1);
    CHECK(ring->wait(batch, 0) == 0);
    state.ResumeTiming();
    ring->close(pair[0]);
    CHECK(ring->wait(batch, -1) == 1);
    state.PauseTiming();
    ::close(pair[1]);
    state.ResumeTiming();
  }
  for (auto& pair : idle) ::close(pair[0]), ::close(pair[1]);
}
BENCHMARK(ring_close)->ArgName("armed")->Arg(0)->Arg(1000)->Arg(4000);

using Letter = std::unique_ptr<uint64_t>;

void mailbox_push_pop(benchmark::State& state) {
  auto mailbox = Mailbox<uint64_t, 1024>::open().value();
  uint64_t value = 0;
  for (auto _ : state) {
    CHECK(mailbox->push(uint64_t{++value}));
    benchmark::DoNotOptimize(mailbox->pop());
  }
}
BENCHMARK(mailbox_push_pop);

// One message a wake: the write and the read of the eventfd included, without the scheduler's part.
void mailbox_wake(benchmark::State& state) {
  auto mailbox = Mailbox<uint64_t, 1024>::open().value();
  for (auto _ : state) {
    CHECK(mailbox->prepare_sleep());
    CHECK(mailbox->push(1));
    mailbox->end_sleep();
    mailbox->acknowledge();
    benchmark::DoNotOptimize(mailbox->pop());
  }
}
BENCHMARK(mailbox_wake);

// Two threads, neither ever asleep.
void mailbox_two_threads(benchmark::State& state) {
  auto mailbox = Mailbox<Letter, 1024>::open().value();
  constexpr uint64_t batch = 100'000;
  for (auto _ : state) {
    std::thread producer([&] {
      for (uint64_t i = 0; i < batch; ++i) {
        Letter letter = std::make_unique<uint64_t>(i);
        while (!mailbox->push(std::move(letter))) std::this_thread::yield();
      }
    });
    for (uint64_t seen = 0; seen < batch;) {
      if (mailbox->pop()) {
        ++seen;
      } else {
        std::this_thread::yield();
      }
    }
    producer.join();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * batch));
}
BENCHMARK(mailbox_two_threads)->UseRealTime();

}  // namespace
}  // namespace sallyport

BENCHMARK_MAIN();
