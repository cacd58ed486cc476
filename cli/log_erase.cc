// sallyport log erase: the payloads of what is old, while the log goes on to verify.
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "cli/log_export.h"
#include "cli/log_source.h"
#include "cli/record_text.h"
#include "cli/remote.h"
#include "cli/table.h"
#include "ringlog/erase.h"

namespace sallyport::cli {

namespace {

struct Options {
  LogSource source;
  std::string before;
  bool dry = false;
};

void print_report(const ringlog::EraseReport& report, bool dry) {
  printf("%s %llu payloads, %s, in %llu segments\n", dry ? "would erase" : "erased",
         static_cast<unsigned long long>(report.records), bytes_text(report.bytes).c_str(),
         static_cast<unsigned long long>(report.segments));
  if (report.kept > 0) {
    printf("%llu stay in the segment that is still written: erase again when it is closed\n",
           static_cast<unsigned long long>(report.kept));
  }
}

int erase(const Context& context, const Options& options) {
  const auto before = since_ns(options.before);
  if (!before) {
    print_error(context, std::string("--before") + (since_help + std::string_view("--since").size()));
    return exit_usage;
  }
  const auto directory = log_directory(context, options.source);
  if (!directory) return exit_unreachable;
  if (!become_owner(context, *directory)) return exit_no;
  const int lock = open(directory->c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) != 0) {
    print_error(context, *directory + ": another `sallyport log erase` is at work there");
    if (lock >= 0) close(lock);
    return exit_no;
  }
  const auto report = ringlog::erase_payloads(ringlog::system_files(), *directory, *before, options.dry);
  close(lock);
  if (!report) {
    print_error(context, report.error().text + "; what was erased before stays erased");
    return exit_unreachable;
  }
  if (context.json) {
    puts(json_text({{"ok", true},
                    {"records", report->records},
                    {"bytes", report->bytes},
                    {"segments", report->segments},
                    {"kept", report->kept}})
             .c_str());
  } else {
    print_report(*report, options.dry);
  }
  return exit_done;
}

}  // namespace

void add_log_erase(CLI::App& group, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      group.add_subcommand("erase", "the texts and replies of what is old; the log still verifies");
  command
      ->add_option("--before", options->before,
                   "older than 30d, or before 2026-11-23 or \"2026-11-23 03:12\"")
      ->required();
  command->add_flag("--dry-run", options->dry, "only say how much it would be");
  add_log_option(*command, options->source);
  command->footer("Example: sallyport log erase --before 30d");
  command->callback(
      [&context, options] { context.run = [&context, options] { return erase(context, *options); }; });
}

}  // namespace sallyport::cli
