// The system's clocks, in nanoseconds. What the simulation drives asks its Ring instead. Any thread.
#pragma once

#include <time.h>

#include <cstdint>

namespace sallyport {

[[nodiscard]] inline int64_t clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Since 1970.
[[nodiscard]] inline int64_t wall_ns() { return clock_ns(CLOCK_REALTIME); }
// Since some moment, never backwards.
[[nodiscard]] inline int64_t steady_ns() { return clock_ns(CLOCK_MONOTONIC); }

}  // namespace sallyport
