// sallyport log export: one session taken out of the log.
#include "cli/log_export.h"

#include <CLI/CLI.hpp>

#include "cli/log_source.h"

namespace sallyport::cli {

namespace {

struct Options {
  LogSource source;
  std::string sid;
  std::string proof;  // file or folder
};

int export_session(const Context& context, const Options& options) {
  const auto directory = log_directory(context, options.source);
  if (!directory) return exit_unreachable;
  int exit = exit_done;
  const auto filter = find_session(context, *directory, options.sid, exit);
  if (!filter) return exit;
  return export_proof(context, *directory, *filter->instance, *filter->session, options.proof);
}

}  // namespace

void add_log_export(CLI::App& group, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = group.add_subcommand("export", "one session taken out of the log");
  command->add_option("--session", options->sid, "the session, as `sallyport sessions` lists it")->required();
  command->add_option("--proof", options->proof, "with its proof, into this file or folder")->required();
  add_log_option(*command, options->source);
  command->footer("Example: sallyport log export --session 0.17 --proof /mnt/evidence");
  command->callback([&context, options] {
    context.run = [&context, options] { return export_session(context, *options); };
  });
}

}  // namespace sallyport::cli
