// The conformance kit: does a plugin keep plugins/plugin.md, whatever way its input is cut?
//
// Each transcript is run whole, byte by byte, cut in two at every position of every input, with random cuts
// from a printed seed, and with the peer gone at every position. Output of each leg, verdicts asked, notes,
// names and the fate of every input byte (passed, dropped or held: exactly one) must be the same each time; a
// peer's end must let nothing new pass. Misuse of the contract (kit_host.h) fails at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "config/error.h"
#include "core/path/kit_transcript.h"
#include "plugins/plugin.h"

namespace sallyport {

struct KitOptions {
  uint64_t seed = 1;                     // of the random cuts; printed in the report
  uint32_t random_count = 50;            // runs with random cuts, a transcript
  uint32_t position_count_max = 20'000;  // beyond it positions are sampled evenly, and the report says so
  uint32_t failure_count_max = 5;        // a transcript; then it is given up
};

struct KitCase {
  std::string transcript;  // file name
  uint64_t run_count = 0;
  uint64_t position_count = 0;  // all positions at which input can be cut
  bool sampled = false;         // not all of them were tried
  std::vector<std::string> failures;
};

struct KitReport {
  std::string plugin;  // name and version from the manifest
  uint64_t seed = 0;
  std::vector<KitCase> cases;
  std::vector<std::string> failures;  // that belong to no transcript: an unreadable directory, a bad manifest

  [[nodiscard]] bool passed() const;
  [[nodiscard]] uint64_t run_count() const;
  // Lines for people, the last one the sum: "lines 1.0.0: 7 transcripts, 3,412 runs, seed 1: passed".
  [[nodiscard]] std::string text() const;
};

// Runs every *.transcript of a directory, by name. No transcripts: a failure.
[[nodiscard]] KitReport check_plugin(const sp_plugin& plugin, const std::filesystem::path& transcripts,
                                     const KitOptions& options = {});
// One transcript's text.
[[nodiscard]] KitCase check_transcript(const sp_plugin& plugin, const std::string& name,
                                       std::string_view text, const KitOptions& options = {});

}  // namespace sallyport
