// sallyport log export: one session taken out of the log.
#include "cli/log_export.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <CLI/CLI.hpp>

#include "cli/log_source.h"
#include "cli/record_text.h"
#include "cli/remote.h"

namespace sallyport::cli {

namespace {

struct Options {
  LogSource source;
  std::string sid;
  std::string proof;   // file or folder
  std::string output;  // file; empty: standard output
  bool jsonl = false, asciicast = false, ocsf = false;
};

int export_text(const Context& context, const Options& options, ExportTo to) {
  to.out = stdout;
  if (!options.output.empty()) {
    const int fd = open(options.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    to.out = fd < 0 ? nullptr : fdopen(fd, "w");
  }
  if (to.out == nullptr) {
    print_error(context, options.output + ": " + strerror(errno));
    return exit_unreachable;
  }
  const auto run = options.jsonl ? export_jsonl : options.asciicast ? export_asciicast : export_ocsf;
  int exit = run(context, to);
  // A full disk shows when the buffer goes out, at the latest here.
  const bool written = fflush(to.out) == 0 && !ferror(to.out);
  if (to.out != stdout) fclose(to.out);
  if (written) return exit;
  print_error(context, "the export could not be written whole");
  return exit_unreachable;
}

int export_session(const Context& context, const Options& options) {
  const auto directory = log_directory(context, options.source);
  if (!directory) return exit_unreachable;
  int exit = exit_done;
  const auto filter = find_session(context, *directory, options.sid, exit);
  if (!filter) return exit;
  if (options.proof.empty())
    return export_text(
        context, options,
        {.directory = *directory, .session = *filter, .key = options.source.key, .out = nullptr});
  return export_proof(context, *directory, *filter->instance, *filter->session, options.proof);
}

}  // namespace

int export_jsonl(const Context& context, const ExportTo& to) {
  return each_record(
      context, to.directory, to.session,
      [&to](const ringlog::RecordView& record) {
        fprintf(to.out, "%s\n", json_text(record_json(record), -1).c_str());
      },
      to.key);
}

void add_log_export(CLI::App& group, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = group.add_subcommand("export", "one session taken out of the log");
  command->add_option("--session", options->sid, "the session, as `sallyport sessions` lists it")->required();
  CLI::Option_group* form = command->add_option_group("Form", "one of");
  form->require_option(1);
  form->add_option("--proof", options->proof, "with its proof, into this file or folder");
  form->add_flag("--jsonl", options->jsonl, "a JSON object a record");
  form->add_flag("--asciicast", options->asciicast, "a recording that asciinema plays (asciicast 2)");
  form->add_flag("--ocsf", options->ocsf,
                 "events of OCSF 1.3.0, Datastore Activity (6005), a JSON object a line");
  command->add_option("--output", options->output, "the file to write; else standard output");
  add_key_option(*command, options->source);
  add_log_option(*command, options->source);
  command->footer("Example: sallyport log export --session 0.17 --proof /mnt/evidence");
  command->callback([&context, options] {
    context.run = [&context, options] { return export_session(context, *options); };
  });
}

}  // namespace sallyport::cli
