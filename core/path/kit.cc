#include "core/path/kit.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "core/path/kit_play.h"
#include "core/path/loader.h"

namespace sallyport {
namespace {

using Split = KitSplit::Kind;

// The runs of one transcript, compared with the run of the whole.
class Check {
 public:
  Check(const sp_plugin& plugin, const KitTranscript& transcript, const KitOptions& options, KitCase& result)
      : plugin_(plugin), transcript_(transcript), options_(options), result_(result) {}

  void run() {
    whole_ = play({.kind = Split::kWhole});
    if (!result_.failures.empty()) return;
    if (!same(play({.kind = Split::kWhole}), "run again, whole")) return;
    compare({.kind = Split::kBytes});
    const std::vector<KitSplit> positions = all_positions();
    result_.position_count = positions.size();
    const size_t stride = positions.size() / options_.position_count_max + 1;
    result_.sampled = stride > 1;
    for (size_t i = 0; i < positions.size() && !given_up(); i += stride) {
      KitSplit split = positions[i];
      if (split.position != 0) compare(split);
      split.kind = Split::kTruncate;
      truncate(split);
    }
    for (uint32_t i = 0; i < options_.random_count && !given_up(); ++i) {
      compare({.kind = Split::kRandom, .seed = options_.seed + i});
    }
  }

 private:
  std::vector<KitSplit> all_positions() const {
    std::vector<KitSplit> positions;
    for (size_t i = 0; i < transcript_.steps.size(); ++i) {
      if (transcript_.steps[i].kind != KitStep::Kind::kInput) continue;
      for (size_t at = 0; at < transcript_.steps[i].bytes.size(); ++at) {
        positions.push_back({.kind = Split::kAt, .step = i, .position = at});
      }
    }
    return positions;
  }

  KitOutcome play(const KitSplit& split) {
    ++result_.run_count;
    KitOutcome outcome = kit_play(plugin_, transcript_, split);
    for (const std::string& failure : outcome.failures) {
      result_.failures.push_back(
          split.kind == Split::kWhole ? failure : failure + " [" + split.text(transcript_) + "]");
    }
    return outcome;
  }

  bool same(const KitOutcome& outcome, const std::string& how) {
    if (!outcome.failures.empty()) return false;
    const std::string difference = kit_difference(transcript_, whole_, outcome);
    if (difference.empty()) return true;
    result_.failures.push_back(difference + " [" + how + "]");
    return false;
  }

  void compare(const KitSplit& split) { (void)same(play(split), split.text(transcript_)); }

  // What was sent before the peer went away is the beginning of what is sent when it stays.
  void truncate(const KitSplit& split) {
    const KitOutcome outcome = play(split);
    for (uint32_t leg = 0; leg < SP_LEG_COUNT_MAX && outcome.failures.empty(); ++leg) {
      if (whole_.output[leg].starts_with(outcome.output[leg])) continue;
      result_.failures.push_back("output of leg " + std::to_string(leg) +
                                 " is not the beginning of what comes whole [" + split.text(transcript_) +
                                 "]");
    }
  }

  [[nodiscard]] bool given_up() const { return result_.failures.size() >= options_.failure_count_max; }

  const sp_plugin& plugin_;
  const KitTranscript& transcript_;
  const KitOptions& options_;
  KitCase& result_;
  KitOutcome whole_;
};

std::string with_commas(uint64_t value) {
  std::string text = std::to_string(value);
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

}  // namespace

KitCase check_transcript(const sp_plugin& plugin, const std::string& name, std::string_view text,
                         const KitOptions& options) {
  KitCase result = {.transcript = name, .failures = {}};
  const Result<KitTranscript> transcript = parse_transcript(name, text);
  if (!transcript) {
    result.failures.push_back(transcript.error().text);
    return result;
  }
  Check(plugin, *transcript, options, result).run();
  return result;
}

KitReport check_plugin(const sp_plugin& plugin, const std::filesystem::path& transcripts,
                       const KitOptions& options) {
  KitReport report;
  report.seed = options.seed;
  if (const Result<void> sound = check_plugin_table(plugin); !sound) {
    report.plugin = "(unknown)";
    report.failures.push_back(sound.error().text);
    return report;
  }
  const sp_manifest& manifest = *plugin.manifest;
  report.plugin = std::string(manifest.name.data, manifest.name.size) + " " +
                  std::string(manifest.version.data, manifest.version.size);
  std::vector<std::filesystem::path> files;
  std::error_code code;
  for (std::filesystem::directory_iterator at(transcripts, code), end; !code && at != end;
       at.increment(code)) {
    if (at->path().extension() == ".transcript") files.push_back(at->path());
  }
  if (code) report.failures.push_back("cannot read " + transcripts.string() + ": " + code.message());
  if (!code && files.empty()) {
    report.failures.push_back(
        "no *.transcript file in " + transcripts.string() +
        ": write one (plugins/plugin.md), or record one with `sallyport plugin record`");
  }
  std::sort(files.begin(), files.end());
  for (const std::filesystem::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) {
      report.failures.push_back("cannot read " + file.string());
      continue;
    }
    report.cases.push_back(check_transcript(plugin, file.filename().string(), text.str(), options));
  }
  return report;
}

bool KitReport::passed() const {
  return failures.empty() &&
         std::all_of(cases.begin(), cases.end(), [](const KitCase& one) { return one.failures.empty(); });
}

uint64_t KitReport::run_count() const {
  uint64_t count = 0;
  for (const KitCase& one : cases) count += one.run_count;
  return count;
}

std::string KitReport::text() const {
  std::string out;
  for (const std::string& failure : failures) out += "failed  " + failure + "\n";
  for (const KitCase& one : cases) {
    out += one.failures.empty() ? "ok      " : "failed  ";
    out += one.transcript + "  (" + with_commas(one.run_count) + " runs";
    out += one.sampled ? ", positions sampled from " + with_commas(one.position_count) + ")\n" : ")\n";
    for (const std::string& failure : one.failures) out += "        " + failure + "\n";
  }
  return out + plugin + ": " + std::to_string(cases.size()) + " transcripts, " + with_commas(run_count()) +
         " runs, seed " + std::to_string(seed) + ": " + (passed() ? "passed" : "FAILED") + "\n";
}

}  // namespace sallyport
