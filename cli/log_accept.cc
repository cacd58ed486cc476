// sallyport log accept: lets the next start go on from a log that lacks what was witnessed of it.
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "cli/log_export.h"
#include "cli/remote.h"
#include "cli/table.h"
#include "core/control/record_json.h"
#include "core/control/witness.h"

namespace sallyport::cli {

namespace {

std::string operator_name() {
  const passwd* user = getpwuid(getuid());
  return "uid " + std::to_string(getuid()) + (user != nullptr ? " (" + std::string(user->pw_name) + ")" : "");
}

int accept(const Context& context, const std::string& reason) {
  const auto config = read_config(context);
  if (!config) return exit_unreachable;
  const auto lost = find_lost_heads(*config);
  if (!lost) {
    print_error(context, lost.error().text);
    return exit_unreachable;
  }
  nlohmann::json all = nlohmann::json::array();
  for (const LostHead& one : *lost)
    all.push_back({{"head", ringlog::to_text(one.head)}, {"kept_in", one.kept_in}, {"why", one.why}});
  if (!lost->empty()) {
    const std::string who = operator_name();
    if (!become_owner(context, config->server.state_dir.string())) return exit_no;
    if (const auto done = accept_lost_heads(*config, *lost, who, reason); !done) {
      print_error(context, done.error().text);
      return exit_unreachable;
    }
  }
  if (context.json) {
    puts(json_text({{"ok", true}, {"accepted", all}}).c_str());
    return exit_done;
  }
  for (const LostHead& one : *lost)
    printf("accepted for the next start: %s in %s: %s\n", ringlog::to_text(one.head).c_str(),
           visible(one.kept_in).c_str(), visible(one.why).c_str());
  puts(lost->empty()
           ? "the log holds what was witnessed last: there is nothing to accept"
           : "keep the witness's file as evidence: `log verify --witness` will go on to show the loss");
  return exit_done;
}

}  // namespace

void add_log_accept(CLI::App& group, Context& context) {
  auto reason = std::make_shared<std::string>();
  CLI::App* command =
      group.add_subcommand("accept", "start from a log that lacks what was witnessed; it is a record");
  command->add_option("--reason", *reason, "why it is lost, for the record")->required();
  command->footer("Example: sallyport log accept --reason 'disk 3 died on Monday, restored from Sunday'");
  command->callback(
      [&context, reason] { context.run = [&context, reason] { return accept(context, *reason); }; });
}

}  // namespace sallyport::cli
