// sallyport: one binary, one file a command. `main` is the table of contents.
#include <stdio.h>

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
  // CLI11 has an exit code for each kind of mistake; ours is one for all wrong use.
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const std::vector<std::string> unknown = app.remaining();
    if (app.get_subcommands().empty() && !unknown.empty()) {
      const bool option = unknown[0].starts_with("-");
      fprintf(stderr, "sallyport: no %s \"%s\"; `sallyport --help` lists them\n",
              option ? "option" : "command", unknown[0].c_str());
      return sallyport::cli::exit_usage;
    }
    return app.exit(error) == 0 ? sallyport::cli::exit_done : sallyport::cli::exit_usage;
  }
  return context.run ? context.run() : sallyport::cli::exit_usage;
}
