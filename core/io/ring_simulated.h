// The inside of the simulated Ring, for its two source files: ring_simulated.cc takes operations and waits,
// sim_complete.cc decides how each of them ends.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "core/io/blocks.h"
#include "core/io/ring.h"
#include "core/io/sim_network.h"
#include "core/io/sim_stream.h"

namespace sallyport {

enum class SimKind : uint8_t { accept, receive, send, connect, poll, cancel, close };

struct SimOperation {
  SimKind kind;
  int fd = -1;
  uint64_t token = 0;
  SimStream* stream = nullptr;
  SimListener* listener = nullptr;
  std::vector<iovec> vectors;
  Address address;
  uint64_t target = 0;
  uint32_t mask = 0;
  bool wait = false;
  bool reset = false;  // of a close
  bool attempted = false;
  bool cancelled = false;
  int32_t result = 0;  // of a cancel, known when it was taken
};

enum class SimOutcome : uint8_t { not_yet, more, last };

struct Ring::State {
  State(Blocks&& pool, SimNetwork& world) : blocks(std::move(pool)), network(world), random(world.random()) {}

  void enqueue(SimOperation operation);
  void submit();
  void take(SimOperation& operation);
  void take_cancel(SimOperation& operation);
  void take_close(const SimOperation& operation);
  bool complete_one();
  SimOutcome complete(SimOperation& operation);
  SimOutcome complete_accept(SimOperation& operation);
  SimOutcome complete_receive(SimOperation& operation);
  SimOutcome complete_send(SimOperation& operation);
  SimOutcome complete_connect(SimOperation& operation);
  SimOutcome complete_poll(SimOperation& operation);
  SimOutcome post(const SimOperation& operation, int32_t result, bool more = false);
  SimOutcome receive_bytes(SimOperation& operation, size_t size);
  SimOutcome fail_stream(SimOperation& operation);
  [[nodiscard]] bool can_run(const SimOperation& operation) const;
  [[nodiscard]] uint32_t poll_mask(const SimOperation& operation) const;
  size_t return_posted(std::span<Completion> out);

  Blocks blocks;
  std::vector<uint16_t> free_blocks;
  // What pipes hold, by `read_fd`; a closed one is absent.
  std::vector<std::optional<std::string>> pipes;
  SimNetwork& network;
  SimRandom& random;
  std::vector<SimOperation> queued;  // since the last wait()
  std::vector<SimOperation> armed;
  std::deque<Completion> posted;
  uint32_t in_flight = 0;
  RingStats stats;
};

}  // namespace sallyport
