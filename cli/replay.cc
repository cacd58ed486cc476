// sallyport replay SID: the session again, as its caller saw it: masked, and paced as it was.
#include <stdio.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "cli/log_source.h"
#include "cli/record_text.h"
#include "cli/retelling.h"
#include "cli/table.h"

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
  Replay(const Context& context, const Options& options) : context_(context), options_(options) {}

  void show(const Piece& piece) {
    pace(piece);
    if (context_.json) {
      puts(json_text(piece_json(piece), -1).c_str());
    } else {
      print(piece);
    }
    fflush(stdout);
  }

 private:
  static nlohmann::json piece_json(const Piece& piece) {
    if (!piece.reply.empty()) return {{"time_ns", piece.time_ns}, {"reply", piece.reply}};
    nlohmann::json line = {{"time_ns", piece.time_ns}, {"kind", piece.kind}, {"facts", piece.facts}};
    if (!piece.request.empty()) line["request"] = piece.request;
    return line;
  }

  static void print(const Piece& piece) {
    fputs(piece.reply.c_str(), stdout);
    const std::string& text = piece.request;
    if (!text.empty()) fputs(bold("> " + text.substr(0, text.size() - 1) + "\n").c_str(), stdout);
    if (piece.facts.empty()) return;
    puts(dim("-- " + (text.empty() ? piece.kind + std::string(": ") : "") + piece.facts).c_str());
  }

  void pace(const Piece& piece) {
    const uint64_t last = std::exchange(last_ns_, piece.time_ns);
    if (options_.no_wait || last == 0 || piece.time_ns <= last) return;
    const auto pause = static_cast<double>(std::min(piece.time_ns - last, pause_ns_max));
    usleep(static_cast<useconds_t>(std::min(pause / 1000 / options_.speed, 4e9)));
  }

  const Context& context_;
  const Options& options_;
  uint64_t last_ns_ = 0;
};

int replay(const Context& context, const Options& options) {
  const auto directory = log_directory(context, options.source);
  if (!directory) return exit_unreachable;
  int exit = exit_done;
  const auto filter = find_session(context, *directory, options.sid, exit);
  if (!filter) return exit;
  Replay replay(context, options);
  Retelling retelling(context, [&replay](const Piece& piece) { replay.show(piece); });
  return each_record(
      context, *directory, *filter,
      [&retelling](const ringlog::RecordView& record) { retelling.take(record); }, options.source.key);
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
  add_key_option(*command, options->source);
  add_log_option(*command, options->source);
  command->footer("Example: sallyport replay 0.17 --speed 4");
  command->callback(
      [&context, options] { context.run = [&context, options] { return replay(context, *options); }; });
}

}  // namespace sallyport::cli
