// What the actors of one seed share.
#pragma once

#include "core/io/sim_network.h"
#include "ringlog/ring.h"
#include "tests/sim/journal.h"

namespace sallyport::sim {

inline constexpr int64_t ms = 1'000'000;

struct Scene {
  SimNetwork& network;
  Journal& journal;
  const ringlog::ByteRing& ring;
  bool calm = false;  // actors behave from now on
  // Where columns come from may have stayed unknown: then masks hide more than they must.
  bool catalogue_trouble = false;

  [[nodiscard]] SimRandom& random() const { return network.random(); }
  [[nodiscard]] bool mishap(uint32_t per_mille) const { return !calm && network.random().chance(per_mille); }
  [[nodiscard]] int64_t delay(int64_t most_ms) const {
    return static_cast<int64_t>(network.random().below(static_cast<size_t>(most_ms) * 1000)) * 1000;
  }
};

}  // namespace sallyport::sim
