// sallyport canary: has the running gateway prove its masks; opens a target that a leak has closed.
#include <stdio.h>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/remote.h"
#include "cli/table.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;

constexpr int exit_unproven = 2;  // nothing came out, but not all was tried

struct Options {
  std::string target, unlock;
};

int exit_of(const json& report) {
  if (report.value("leaked", 0) > 0) return exit_no;
  return report.value("unproven", 0) > 0 || report.value("masked", 0) == 0 ? exit_unproven : exit_done;
}

int run(const Context& context, const Options& options) {
  json request = {{"act", "canary"}};
  if (!options.target.empty()) request["target"] = options.target;
  int exit = exit_done;
  const auto report = ask_gateway(context, request, "", exit);
  if (!report) return exit;
  if (context.json) {
    printf("%s\n", report->dump(2).c_str());
    return exit_of(*report);
  }
  std::vector<Row> rows;
  for (const json& target : report->value("targets", json::array())) {
    for (const json& row : target.value("rows", json::array())) {
      const std::string outcome = row.value("outcome", "");
      rows.push_back({target.value("target", ""), row.value("mask", ""), row.value("what", ""),
                      outcome == "leaked"   ? "LEAKED"
                      : outcome == "masked" ? outcome
                                            : "not proven",
                      one_line(row.value("why", ""), 160)});
    }
  }
  print_table({"TARGET", "MASK", "WHAT", "RESULT", "WHERE OR WHY"}, rows,
              options.target.empty() ? "no target has a mask: nothing to prove"
                                     : "no mask covers this target: nothing to prove");
  if (!rows.empty()) {
    printf("\n%d masked, %d leaked, %d not proven\n", report->value("masked", 0), report->value("leaked", 0),
           report->value("unproven", 0));
  }
  return exit_of(*report);
}

int unlock(const Context& context, const std::string& target) {
  int exit = exit_done;
  const auto answer = ask_gateway(context, {{"act", "unlock"}, {"target", target}}, "", exit);
  if (!answer) return exit;
  if (context.json) {
    printf("%s\n", answer->dump(2).c_str());
  } else {
    printf("target %s is open again\n", target.c_str());
  }
  return exit_done;
}

}  // namespace

void add_canary(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "canary",
      "plant fake values at masked targets and look whether they come out: 0 none, 1 some, 2 not proven");
  CLI::Option* target = command->add_option("--target", options->target, "this one only");
  command->add_option("--unlock", options->unlock, "open a target that a leak has locked down")
      ->excludes(target);
  command->footer("Example: sallyport canary --target orders-db");
  command->callback([&context, options] {
    context.run = [&context, options] {
      return options->unlock.empty() ? run(context, *options) : unlock(context, options->unlock);
    };
  });
}

}  // namespace sallyport::cli
