#include "core/path/kit_play.h"

#include <algorithm>
#include <random>

#include "config/check.h"
#include "core/path/kit_text.h"

namespace sallyport {
namespace {

using Kind = KitStep::Kind;

constexpr size_t random_part_max = 24;

std::string leg_name(uint32_t leg) { return leg == SP_LEG_CLIENT ? "client" : "leg " + std::to_string(leg); }

class Player {
 public:
  Player(const sp_plugin& plugin, const KitTranscript& transcript, const KitSplit& split)
      : transcript_(transcript), split_(split), host_(plugin, transcript.script), random_(split.seed) {}

  KitOutcome run() {
    for (size_t i = 0; i < transcript_.steps.size() && outcome_.failures.empty(); ++i) {
      const KitStep& step = transcript_.steps[i];
      if (split_.kind == KitSplit::Kind::kTruncate && i == split_.step) {
        truncate(step);
        return finish();
      }
      if (!play(step, i)) complain(step, host_.problem());
      take_violations(step);
      mark(step);
    }
    if (outcome_.failures.empty() && split_.kind != KitSplit::Kind::kTruncate) at_end();
    return finish();
  }

 private:
  bool play(const KitStep& step, size_t index) {
    switch (step.kind) {
      case Kind::kInput: return input(step, index);
      case Kind::kExpectOutput: expect_output(step); return true;
      case Kind::kExpectAsk: expect_trace(step, KitTrace::kAsk); return true;
      case Kind::kExpectNote: expect_trace(step, KitTrace::kNote); return true;
      case Kind::kExpectName: expect_trace(step, KitTrace::kName); return true;
      case Kind::kExpectControl: expect_trace(step, KitTrace::kControl); return true;
      case Kind::kExpectHeld: expect_held(step); return true;
      case Kind::kExpectEnded: expect_ended(step); return true;
      default: return kit_happen(host_, step);
    }
  }

  bool input(const KitStep& step, size_t index) {
    const std::string_view bytes = step.bytes;
    std::uniform_int_distribution<size_t> part_size(1, random_part_max);
    for (size_t at = 0; at < bytes.size();) {
      size_t part = bytes.size() - at;
      switch (split_.kind) {
        case KitSplit::Kind::kWhole:
        case KitSplit::Kind::kTruncate: break;
        case KitSplit::Kind::kBytes: part = 1; break;
        case KitSplit::Kind::kRandom: part = std::min(part, part_size(random_)); break;
        case KitSplit::Kind::kAt:
          if (index == split_.step && at == 0) part = split_.position;
          break;
      }
      if (!host_.receive(step.leg, bytes.substr(at, part))) return false;
      at += part;
    }
    return true;
  }

  // The peer goes away in the middle. Nothing of its input may be passed or asked because of that.
  void truncate(const KitStep& step) {
    if (split_.position != 0 &&
        !host_.receive(step.leg, std::string_view(step.bytes).substr(0, split_.position))) {
      return complain(step, host_.problem());
    }
    take_violations(step);
    mark(step);
    save_output();
    const uint64_t passed = host_.leg(step.leg).passed;
    const size_t asked = host_.trace(KitTrace::kAsk).size();
    if (!host_.end(step.leg)) return;  // closed by then: nothing to cut
    take_violations(step);
    if (host_.leg(step.leg).passed != passed)
      complain(step, "the end of a leg let bytes pass that were held before");
    for (size_t i = asked; i < host_.trace(KitTrace::kAsk).size(); ++i) {
      if (host_.trace(KitTrace::kAsk)[i].starts_with("allow")) {
        complain(step, "the end of a leg made the plugin ask: " + host_.trace(KitTrace::kAsk)[i]);
      }
    }
  }

  void expect_output(const KitStep& step) {
    const std::string found = host_.take(step.leg);
    if (found == step.bytes) return;
    const size_t same = static_cast<size_t>(
        std::mismatch(found.begin(), found.end(), step.bytes.begin(), step.bytes.end()).first -
        found.begin());
    complain(step, leg_name(step.leg) + " got " + kit_excerpt(found, 400) + ", expected " +
                       kit_excerpt(step.bytes, 400) + " (they differ at byte " + std::to_string(same) + ")");
  }

  void expect_trace(const KitStep& step, KitTrace trace) {
    size_t& next = expected_[static_cast<size_t>(trace)];
    const std::vector<std::string>& lines = host_.trace(trace);
    if (next >= lines.size()) {
      complain(step, std::string("no further entry in ") + kit_trace_name(trace));
    } else if (lines[next].find(step.bytes) == std::string::npos) {
      complain(step, "found `" + lines[next] + "`, expected " + kit_quote(step.bytes) + " in it");
    } else {
      ++next;
    }
  }

  void expect_held(const KitStep& step) {
    const size_t held = host_.leg(step.leg).unconsumed.size();
    if (held != step.number) {
      complain(step, std::to_string(held) + " bytes of " + leg_name(step.leg) + " are held, expected " +
                         std::to_string(step.number));
    }
    if (held == step.number) held_expected_[step.leg] = held;
  }

  void expect_ended(const KitStep& step) {
    if (!host_.ended()) return complain(step, "the session is not over");
    if (host_.ended_why().find(step.bytes) == std::string::npos) {
      complain(step, "the session ended with `" + host_.ended_why() + "`");
    }
    ended_expected_ = true;
  }

  // What no line of the transcript spoke of: output, held bytes, a session's end.
  void at_end() {
    const KitStep nowhere = {.line = transcript_.steps.empty() ? 0 : transcript_.steps.back().line};
    for (uint32_t leg = 0; leg < SP_LEG_COUNT_MAX; ++leg) {
      const size_t held = host_.leg(leg).unconsumed.size();
      if (held != held_expected_[leg] && !ended_expected_) {
        complain(nowhere, std::to_string(held) + " bytes of " + leg_name(leg) +
                              " are held at the end, and no `expect held` says so: " +
                              kit_excerpt(host_.leg(leg).unconsumed));
      }
      const std::string left = host_.take(leg);
      if (transcript_.names_output && !left.empty()) {
        complain(nowhere, leg_name(leg) + " got output that no `expect` names: " + kit_excerpt(left, 400));
      }
      if (!host_.leg(leg).waiting.empty() && !host_.ended()) {
        complain(nowhere, "bytes emitted to " + leg_name(leg) + " still wait for the end of a unit");
      }
    }
    if (host_.ended() && !ended_expected_) {
      complain(nowhere, "the session is over (" + host_.ended_why() + "), and no `expect ended` says so");
    }
  }

  void complain(const KitStep& step, const std::string& text) {
    outcome_.failures.push_back(transcript_.name + ":" + std::to_string(step.line) + ": " + text);
  }

  void take_violations(const KitStep& step) {
    for (; violations_ < host_.violations().size(); ++violations_) {
      complain(step, "contract broken: " + host_.violations()[violations_]);
    }
  }

  void mark(const KitStep& step) {
    KitMark mark = {.line = step.line};
    for (uint32_t leg = 0; leg < SP_LEG_COUNT_MAX; ++leg) mark.output[leg] = host_.output(leg).size();
    for (size_t i = 0; i < kKitTraceCount; ++i) mark.trace[i] = host_.trace(static_cast<KitTrace>(i)).size();
    outcome_.marks.push_back(mark);
  }

  void save_output() {
    for (uint32_t leg = 0; leg < SP_LEG_COUNT_MAX; ++leg) outcome_.output[leg] = host_.output(leg);
  }

  KitOutcome finish() {
    if (split_.kind != KitSplit::Kind::kTruncate) save_output();
    for (uint32_t leg = 0; leg < SP_LEG_COUNT_MAX; ++leg) {
      const KitLeg& at = host_.leg(leg);
      CHECK(at.received == at.passed + at.dropped + at.unconsumed.size());
      outcome_.fates[leg] = at.fates;
      outcome_.held[leg] = at.unconsumed.size();
    }
    for (size_t i = 0; i < kKitTraceCount; ++i) outcome_.trace[i] = host_.trace(static_cast<KitTrace>(i));
    outcome_.ended = host_.ended_why();
    outcome_.feed_count = host_.feed_count();
    return std::move(outcome_);
  }

  const KitTranscript& transcript_;
  const KitSplit& split_;
  KitHost host_;
  std::mt19937_64 random_;
  KitOutcome outcome_;
  size_t violations_ = 0;
  std::array<size_t, kKitTraceCount> expected_{};
  std::array<size_t, SP_LEG_COUNT_MAX> held_expected_{};
  bool ended_expected_ = false;
};

std::string line_of(const KitTranscript& transcript, size_t step) {
  return transcript.name + ":" + std::to_string(transcript.steps[step].line);
}

std::string describe_fates(const std::vector<KitFate>& fates) {
  std::string text;
  for (const KitFate& fate : fates) {
    if (!text.empty()) text += ", ";
    text += (fate.to == KitLeg::kDropped ? "drop " : "pass to " + std::to_string(fate.to) + " ") +
            std::to_string(fate.size);
    if (text.size() > 200) return text + ", ...";
  }
  return text.empty() ? "nothing" : text;
}

std::string first_difference(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const size_t same =
      static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  const auto at = [same](const std::vector<std::string>& list) {
    return same < list.size() ? "`" + list[same] + "`" : std::string("nothing");
  };
  return "entry " + std::to_string(same + 1) + " is " + at(b) + ", whole it is " + at(a);
}

}  // namespace

std::string KitSplit::text(const KitTranscript& transcript) const {
  switch (kind) {
    case Kind::kWhole: return "whole";
    case Kind::kBytes: return "byte by byte";
    case Kind::kAt:
      return "input of " + line_of(transcript, step) + " cut at byte " + std::to_string(position);
    case Kind::kRandom: return "random cuts, seed " + std::to_string(seed);
    case Kind::kTruncate:
      return "the peer gone at byte " + std::to_string(position) + " of " + line_of(transcript, step);
  }
  return "";
}

KitOutcome kit_play(const sp_plugin& plugin, const KitTranscript& transcript, const KitSplit& split) {
  return Player(plugin, transcript, split).run();
}

std::string kit_difference(const KitTranscript& transcript, const KitOutcome& whole,
                           const KitOutcome& other) {
  std::string where;
  for (size_t i = 0; i < std::min(whole.marks.size(), other.marks.size()) && where.empty(); ++i) {
    if (whole.marks[i] != other.marks[i]) {
      where = transcript.name + ":" + std::to_string(whole.marks[i].line) + ": ";
    }
  }
  for (uint32_t leg = 0; leg < SP_LEG_COUNT_MAX; ++leg) {
    const std::string& a = whole.output[leg];
    const std::string& b = other.output[leg];
    if (a == b) continue;
    const size_t same =
        static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
    return where + "output of " + leg_name(leg) + " differs at byte " + std::to_string(same) + ": " +
           kit_excerpt(std::string_view(b).substr(same)) + ", whole it is " +
           kit_excerpt(std::string_view(a).substr(same));
  }
  for (size_t i = 0; i < kKitTraceCount; ++i) {
    if (whole.trace[i] == other.trace[i]) continue;
    return where + kit_trace_name(static_cast<KitTrace>(i)) +
           " differ: " + first_difference(whole.trace[i], other.trace[i]);
  }
  for (uint32_t leg = 0; leg < SP_LEG_COUNT_MAX; ++leg) {
    if (whole.fates[leg] == other.fates[leg] && whole.held[leg] == other.held[leg]) continue;
    return where + "bytes of " + leg_name(leg) + " have another fate: " + describe_fates(other.fates[leg]) +
           ", held " + std::to_string(other.held[leg]) + "; whole: " + describe_fates(whole.fates[leg]) +
           ", held " + std::to_string(whole.held[leg]);
  }
  if (whole.ended != other.ended)
    return where + "the session ends with `" + other.ended + "`, whole `" + whole.ended + "`";
  if (!where.empty()) return where + "the same output comes at another step";
  return "";
}

}  // namespace sallyport
