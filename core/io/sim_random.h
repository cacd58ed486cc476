// SimRandom is the simulation's only source of chance: the same seed gives the same numbers on every machine
// and library (the standard distributions do not promise that). SplitMix64 (Steele, Lea, Flood 2014).
#pragma once

#include <cstddef>
#include <cstdint>

namespace sallyport {

class SimRandom {
 public:
  explicit SimRandom(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // 0 <= result < count.
  size_t below(size_t count) { return static_cast<size_t>(next() % count); }
  // 1 <= result <= most.
  size_t up_to(size_t most) { return 1 + below(most); }
  bool chance(uint32_t per_mille) { return per_mille != 0 && below(1000) < per_mille; }

 private:
  uint64_t state_;
};

}  // namespace sallyport
