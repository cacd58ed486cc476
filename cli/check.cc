// sallyport check: every problem of the configuration at once.
#include <stdio.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "core/control/world.h"

namespace sallyport::cli {

namespace {

int report(const Context& context, const Problems& problems) {
  if (context.json) {
    nlohmann::json all = nlohmann::json::array();
    for (const config::Problem& problem : problems) {
      all.push_back({{"file", problem.place.file}, {"line", problem.place.line}, {"text", problem.text}});
    }
    printf("%s\n", nlohmann::json({{"ok", problems.empty()}, {"problems", all}}).dump(2).c_str());
  } else {
    for (const config::Problem& problem : problems) {
      fprintf(stderr, "%s: %s\n", problem.place.text().c_str(), problem.text.c_str());
    }
    if (problems.empty()) printf("%s is good\n", context.config_file.c_str());
  }
  return problems.empty() ? exit_done : exit_no;
}

int check(const Context& context) {
  Plugins plugins;
  auto policy = load_policy(context.config_file, plugins);
  if (!policy) return report(context, policy.error());
  auto snapshot = build_snapshot(*policy, plugins, true);
  return report(context, snapshot ? Problems{} : snapshot.error());
}

}  // namespace

void add_check(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("check", "find every problem of the configuration at once");
  command->footer("Example: sallyport --config sallyport.toml check");
  command->callback([&context] { context.run = [&context] { return check(context); }; });
}

}  // namespace sallyport::cli
