// A transcript: what happens to one session and what must come of it, one step a line; plugins/plugin.md has
// the format's table. Text to steps and back; kit_play.h runs them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/error.h"
#include "core/path/kit_script.h"

namespace sallyport {

struct KitStep {
  enum class Kind {
    kInput,          // bytes arrive on `leg`
    kScript,         // `change` is applied to the host's script
    kOpened,         // `leg`
    kFailed,         // `leg`, reason in `bytes`
    kTls,            // `leg`
    kEnd,            // `leg`
    kDecide,         // ticket `number` (0: the oldest), `verdict`, `state`, message in `bytes`
    kReady,          // `verdict` for prove
    kAdvance,        // `number` ms
    kSignal,         //
    kPolicy,         // the policy is swapped
    kShutdown,       // reason in `bytes`
    kExpectOutput,   // exactly `bytes` on `leg` since the last such step
    kExpectAsk,      // the next verdict's trace line holds `bytes`
    kExpectNote,     // likewise
    kExpectName,     // likewise
    kExpectControl,  // likewise
    kExpectHeld,     // `number` bytes of `leg` are neither passed nor dropped
    kExpectEnded,    // the session is over; the reason holds `bytes`
  };
  Kind kind = Kind::kInput;
  size_t line = 0;
  uint32_t leg = 0;
  std::string bytes;
  uint64_t number = 0;
  sp_verdict verdict = SP_ALLOW;
  sp_state state = SP_STATE_DECIDED;
  std::function<void(KitScript&)> change;
};

struct KitTranscript {
  std::string name;
  KitScript script;            // what stood before the first thing that happens
  std::vector<KitStep> steps;  // neighbouring inputs of one leg are one step: they may come together
  bool names_output = false;   // it has kExpectOutput steps: then all output must be expected
};

// Errors: "name:line: what is wrong".
[[nodiscard]] Result<KitTranscript> parse_transcript(std::string name, std::string_view text);

// Bytes of a real session in the order of their arrival: leg 0 from the client, 1 and up from targets.
struct KitCapture {
  uint32_t leg = 0;
  std::string bytes;
};

// The text of a transcript made of captured bytes: plays them through the plugin, opens legs and finishes TLS
// handshakes as the plugin asks for them, and writes what comes out as `expect` lines, to be read and kept by
// a person. Plaintext only: what a TLS leg carried must be captured behind the TLS. Errors: bytes of a leg
// that the plugin has not opened.
[[nodiscard]] Result<std::string> record_transcript(const sp_plugin& plugin, std::string_view title,
                                                    const KitScript& script,
                                                    std::span<const KitCapture> capture);

}  // namespace sallyport
