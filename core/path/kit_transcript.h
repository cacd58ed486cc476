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

// What happened in a real session, in its order: bytes of a leg (0 the client, 1 and up targets), or a step.
struct KitCapture {
  uint32_t leg = 0;
  std::string bytes = {};
  std::string step = {};  // instead of bytes: a line of a transcript, for example "end client"
};

struct KitRecorded {
  std::string text;           // of the transcript
  std::string client_output;  // all that the client was sent
  std::string ended;          // as KitHost::ended_why
  std::vector<std::string> violations;
};

// The text of a transcript made of captured bytes: plays them through the plugin, opens legs and finishes TLS
// handshakes as the plugin asks for them, and writes what comes out as `expect` lines, to be read and kept by
// a person. Plaintext only: what a TLS leg carried must be captured behind the TLS. Errors: bytes of a leg
// that the plugin has not opened.
//
// Where the capture was made with another target password than the script's (kit_capture.h), what the plugin
// sends to the target is made anew from the script's; of what the target sent, the proof of a SCRAM login is.
// `real_password` is nowhere in the text unless the target itself said it.
[[nodiscard]] Result<KitRecorded> record_session(const sp_plugin& plugin, std::string_view title,
                                                 const KitScript& script, std::span<const KitCapture> capture,
                                                 std::string_view real_password);

}  // namespace sallyport
