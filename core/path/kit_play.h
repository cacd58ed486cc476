// Runs a transcript through a plugin, whole or with its input cut, and says what came of it.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/path/kit_host.h"
#include "core/path/kit_transcript.h"

namespace sallyport {

// How input is cut.
struct KitSplit {
  enum class Kind {
    kWhole,
    kBytes,     // byte by byte
    kAt,        // input step `step` in two parts, at `position`; the rest whole
    kRandom,    // parts of random sizes, from `seed`
    kTruncate,  // everything before `position` of input step `step`, then the end of that step's leg
  };
  Kind kind = Kind::kWhole;
  size_t step = 0;
  size_t position = 0;
  uint64_t seed = 0;

  [[nodiscard]] std::string text(const KitTranscript& transcript) const;
};

// Sizes of all outputs and traces after a step: they locate the first difference between two plays.
struct KitMark {
  size_t line = 0;
  std::array<size_t, SP_LEG_COUNT_MAX> output{};
  std::array<size_t, kKitTraceCount> trace{};
  bool operator==(const KitMark&) const = default;
};

struct KitOutcome {
  std::array<std::string, SP_LEG_COUNT_MAX> output;
  std::array<std::vector<KitFate>, SP_LEG_COUNT_MAX> fates;  // of each input byte
  std::array<uint64_t, SP_LEG_COUNT_MAX> held{};
  std::array<std::vector<std::string>, kKitTraceCount> trace;
  std::vector<KitMark> marks;
  std::string ended;
  std::vector<std::string> failures;  // violations, and what the transcript expected and did not find
  size_t feed_count = 0;
};

// What a step says that happens, be it bytes, a decision or a change of the script, happens. False: it cannot
// now, and host.problem() says why. An `expect` is no such step: true, and nothing happens.
[[nodiscard]] bool kit_happen(KitHost& host, const KitStep& step);

[[nodiscard]] KitOutcome kit_play(const sp_plugin& plugin, const KitTranscript& transcript,
                                  const KitSplit& split);

// What differs, or empty.
[[nodiscard]] std::string kit_difference(const KitTranscript& transcript, const KitOutcome& whole,
                                         const KitOutcome& other);

}  // namespace sallyport
