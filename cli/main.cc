// sallyport: one binary, one file a command. `main` is the table of contents.
#include <CLI/CLI.hpp>

#include "cli/commands.h"

int main(int argc, char** argv) {
  CLI::App app{
      "Sallyport: the guarded gate between agents, jobs and people and the databases, hosts and APIs they "
      "use"};
  app.set_version_flag("--version", SALLYPORT_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(28);
  sallyport::cli::Context context;
  app.add_option("-c,--config", context.config_file, "the configuration file")
      ->envname("SALLYPORT_CONFIG")
      ->capture_default_str();
  app.add_flag("--json", context.json, "answer in JSON");
  app.fallthrough();  // inherited: --json and --config may stand behind the command too
  for (const auto add : sallyport::cli::commands) add(app, context);
  CLI11_PARSE(app, argc, argv);
  return context.run ? context.run() : 2;
}
