// sallyport replay SID: the session again, as its caller saw it: masked, and paced as it was.
#include <stdio.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <set>

#include "cli/log_source.h"
#include "cli/record_text.h"
#include "cli/renderer.h"
#include "cli/table.h"
#include "ringlog/facts.h"

namespace sallyport::cli {

namespace {

constexpr uint64_t pause_ns_max = 3'600'000'000'000;  // of one gap; nobody replays a weekend

struct Options {
  LogSource source;
  std::string sid;
  double speed = 1;
  bool no_wait = false;
};

class Replay {
 public:
  Replay(const Context& context, const Options& options)
      : context_(context), options_(options), renderer_(context) {}

  void take(const ringlog::RecordView& record) {
    const auto* header = ringlog::facts_of(record);
    if (!header) return;
    using ringlog::Kind;
    switch (record.kind) {
      case Kind::SessionOpened:
        protocol_ = ringlog::text_of(header->facts_as_SessionOpened()->protocol());
        return print(record, "", facts_text(record));
      case Kind::Request: return request(record, *header->facts_as_Request());
      // A chunk may end inside a message: chunks are joined up to the reply's end.
      case Kind::Reply: reply_ += payload_text(record); return;
      case Kind::ReplyEnd: open_count_ -= open_count_ > 0 ? 1 : 0; return flush_reply(record);
      case Kind::Decision:
      case Kind::SessionClosed: flush_reply(record); return print(record, "", facts_text(record));
      case Kind::Login:
      case Kind::Admin:
      case Kind::Fault:
      case Kind::Gap: return print(record, "", facts_text(record));
      case Kind::None:
      case Kind::Boot:
      case Kind::Policy:
      case Kind::Note:
      case Kind::Forward: return;
    }
  }

 private:
  void request(const ringlog::RecordView& record, const ringlog::fbs::Request& facts) {
    if (facts.ours()) return;
    // What the gateway itself said to the one before has no end of its own on the record.
    if (open_count_ == 0) flush_reply(record);
    const bool runs = facts.stage() == static_cast<uint8_t>(ringlog::Stage::Execute);
    const auto verdict = static_cast<ringlog::Verdict>(facts.verdict());
    if (verdict == ringlog::Verdict::Wait) paused_.insert(facts.ticket());
    const bool passes = verdict == ringlog::Verdict::Allow || verdict == ringlog::Verdict::Observe;
    if (runs && passes) ++open_count_;
    if (verdict == ringlog::Verdict::Allow && paused_.erase(facts.ticket()) > 0) {
      return print(record, "", "what was paused runs now");
    }
    std::string text = renderer_.render(protocol_, SP_REQUEST, payload_text(record));
    if (record.erased) text = "(erased)\n";
    std::string state;
    if (verdict == ringlog::Verdict::Deny) state = "denied by ";
    if (verdict == ringlog::Verdict::Wait) state = "paused by ";
    if (verdict == ringlog::Verdict::Observe) state = "observed; would not have passed ";
    if (!state.empty()) {
      const std::string rule(ringlog::text_of(facts.rule()));
      state += rule.empty() ? "the target's default" : "rule \"" + visible(rule) + "\"";
    }
    print(record, text, state);
  }

  void flush_reply(const ringlog::RecordView& record) {
    if (reply_.empty()) return;
    const std::string text = renderer_.render(protocol_, SP_REPLY, reply_);
    reply_.clear();
    pace(record);
    if (context_.json) {
      puts(json_text({{"time_ns", record.time_ns}, {"reply", text}}, -1).c_str());
    } else {
      fputs(text.c_str(), stdout);
    }
    fflush(stdout);
  }

  void print(const ringlog::RecordView& record, const std::string& text, const std::string& facts) {
    pace(record);
    if (context_.json) {
      nlohmann::json line = {{"time_ns", record.time_ns}, {"kind", kind_text(record.kind)}, {"facts", facts}};
      if (!text.empty()) line["request"] = text;
      puts(json_text(line, -1).c_str());
    } else {
      if (!text.empty()) fputs(bold("> " + text.substr(0, text.size() - 1) + "\n").c_str(), stdout);
      if (!facts.empty())
        printf("%s\n", dim("-- " + std::string(text.empty() ? kind_text(record.kind) : "") +
                           (text.empty() ? ": " : "") + facts)
                           .c_str());
    }
    fflush(stdout);
  }

  void pace(const ringlog::RecordView& record) {
    const uint64_t last = std::exchange(last_ns_, record.time_ns);
    if (options_.no_wait || last == 0 || record.time_ns <= last) return;
    const auto pause = static_cast<double>(std::min(record.time_ns - last, pause_ns_max));
    usleep(static_cast<useconds_t>(std::min(pause / 1000 / options_.speed, 4e9)));
  }

  const Context& context_;
  const Options& options_;
  Renderer renderer_;
  std::string protocol_, reply_;
  uint64_t last_ns_ = 0;
  size_t open_count_ = 0;      // requests that passed and whose reply is not over
  std::set<uint64_t> paused_;  // tickets whose request was shown when it was paused
};

int replay(const Context& context, const Options& options) {
  const auto directory = log_directory(context, options.source);
  if (!directory) return exit_unreachable;
  int exit = exit_done;
  const auto filter = find_session(context, *directory, options.sid, exit);
  if (!filter) return exit;
  Replay replay(context, options);
  return each_record(context, *directory, *filter,
                     [&replay](const ringlog::RecordView& record) { replay.take(record); });
}

}  // namespace

void add_replay(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("replay", "a session again, as its caller saw it");
  command->add_option("SID", options->sid, "the session, as `sallyport sessions` lists it")->required();
  command->add_option("--speed", options->speed, "so many times as fast")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_flag("--no-wait", options->no_wait, "at once, without the pauses");
  add_log_option(*command, options->source);
  command->footer("Example: sallyport replay 0.17 --speed 4");
  command->callback(
      [&context, options] { context.run = [&context, options] { return replay(context, *options); }; });
}

}  // namespace sallyport::cli
