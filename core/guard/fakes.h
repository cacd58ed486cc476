// A fake value for each built-in detector: what the canary plants, because a mask that works must catch it.
// Nobody's data: made up, from documents, or with check sums of numbers that nobody was given on purpose.
#pragma once

#include <string>

#include "core/guard/detector.h"

namespace sallyport::guard {

struct Fake {
  std::string text;    // as it stands in a value, with the words that the detector needs near it
  std::string hidden;  // the part of it that no mask leaves as it is
};

[[nodiscard]] Fake fake_of(DetectorId detector);  // of a built-in one

}  // namespace sallyport::guard
