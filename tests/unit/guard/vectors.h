// Values written by hand that each detector must find, to the byte, or must leave alone.
//
// One value a line. «…» marks what is to be masked; ⏎ stands for a line end; ¦ stands for nothing and keeps
// the samples from looking like live secrets to other scanners. Empty lines are skipped.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/guard/detector.h"

namespace sallyport::guard {

struct Vectors {
  DetectorId detector;
  std::string_view hits;
  std::string_view misses;
};

[[nodiscard]] std::vector<Vectors> pii_vectors();
[[nodiscard]] std::vector<Vectors> secret_vectors();
[[nodiscard]] std::vector<Vectors> all_vectors();

struct Sample {
  std::string text;
  std::vector<Range> ranges;
};
[[nodiscard]] std::vector<Sample> samples(std::string_view lines);

}  // namespace sallyport::guard
