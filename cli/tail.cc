// sallyport tail: records as they come, one line each.
#include <stdio.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "cli/log_source.h"
#include "cli/record_text.h"
#include "cli/remote.h"
#include "cli/table.h"

namespace sallyport::cli {

namespace {

constexpr unsigned look_interval_us = 50'000;
constexpr size_t text_width = 100;

struct Options {
  LogSource source;
  bool follow = false;
  bool all = false;
  size_t count = 20;
};

std::string line_of(const Context& context, const ringlog::RecordView& record) {
  if (context.json) return json_text(record_json(record), -1);
  char head[96];
  snprintf(head, sizeof head, "%s  %-8s %-9s ", time_text(static_cast<int64_t>(record.time_ns)).c_str() + 11,
           record.session == 0 ? "-" : ringlog::session_text(record.session).c_str(), kind_text(record.kind));
  std::string line = head + one_line(facts_text(record), 160);
  if (record.kind == ringlog::Kind::Request) line += "  " + bold(one_line(payload_text(record), text_width));
  return line;
}

// Bytes that only pass and the gateway's own bookkeeping are left out unless wanted.
bool is_wanted(const Options& options, const ringlog::RecordView& record) {
  return options.all || (record.kind != ringlog::Kind::Forward && record.kind != ringlog::Kind::Note &&
                         record.kind != ringlog::Kind::Reply);
}

int tail(const Context& context, const Options& options) {
  const auto directory = log_directory(context, options.source);
  if (!directory) return exit_unreachable;
  ringlog::Reader reader(ringlog::system_files(), *directory);
  std::vector<std::string> last;  // a ring of `count` lines until the present end is reached
  size_t seen = 0;
  bool live = false;
  while (true) {
    auto record = reader.next();
    if (!record) {
      print_error(context, record.error().text + "; `sallyport log verify` says more");
      return exit_no;
    }
    if (!*record) {
      for (size_t i = 0; i < last.size(); ++i) puts(last[(seen + i) % last.size()].c_str());
      last.clear();
      if (fflush(stdout) != 0) return exit_done;  // nobody reads any more
      if (!options.follow) return exit_done;
      live = true;
      usleep(look_interval_us);
      continue;
    }
    if (!is_wanted(options, **record)) continue;
    if (live) {
      if (puts(line_of(context, **record).c_str()) < 0) return exit_done;
    } else if (options.count > 0 && last.size() < options.count) {
      last.push_back(line_of(context, **record));
    } else if (options.count > 0) {
      last[seen++ % options.count] = line_of(context, **record);
    }
  }
}

}  // namespace

void add_tail(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("tail", "the newest records, one line each");
  command->add_flag("-f,--follow", options->follow, "stay, and print records as they come");
  command->add_flag("--all", options->all, "also notes, and bytes that only pass");
  command->add_option("-n", options->count, "start with so many")->capture_default_str();
  add_log_option(*command, options->source);
  command->footer("Example: sallyport tail -f --json");
  command->callback(
      [&context, options] { context.run = [&context, options] { return tail(context, *options); }; });
}

}  // namespace sallyport::cli
