// sallyport status | reload: for the operator of a running gateway.
#include <stdio.h>

#include <CLI/CLI.hpp>

#include "cli/remote.h"
#include "cli/table.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;

int status(const Context& context) {
  int exit = exit_done;
  const auto answer = ask_gateway(context, {{"act", "status"}}, "", exit);
  if (!answer) return exit;
  const json log = answer->value("log", json::object()), canary = answer->value("canary", json::object());
  const json locked = canary.value("locked", json::array());
  const json closed = answer->value("closed", json::object()),
             kept_out = closed.value("identities", json::object());
  const std::string locked_down = closed.value("all", "");
  const bool good = !log.value("failing", false) && locked.empty() && locked_down.empty();
  if (context.json) {
    printf("%s\n", answer->dump(2).c_str());
    return good ? exit_done : exit_no;
  }
  printf("sessions   %d\n", answer->value("sessions", 0));
  printf("approvals  %d waiting\n", answer->value("approvals", 0));
  printf("tickets    %d\n", answer->value("tickets", 0));
  printf("policy     version %d\n", answer->value("policy_version", 0));
  printf("canary     %s, %d runs, %d leaks\n", canary.value("last", "").c_str(), canary.value("runs", 0),
         canary.value("leaks", 0));
  for (const json& one : locked) {
    printf("LOCKED     %s since %s\n", one.value("target", "").c_str(), one.value("since", "").c_str());
  }
  if (!locked_down.empty()) printf("LOCKDOWN   %s\n", one_line(locked_down, 200).c_str());
  for (const auto& [name, why] : kept_out.items()) {
    printf("KEPT OUT   %s: %s\n", one_line(name, 100).c_str(), one_line(why.get<std::string>(), 200).c_str());
  }
  for (const json& one : answer->value("issuers", json::array())) {
    const std::string error = one.value("error", "");
    printf("issuer     %s, %d keys%s%s\n", one.value("name", "").c_str(), one.value("keys", 0),
           error.empty() ? "" : "; FAILED: ", one_line(error, 200).c_str());
  }
  printf("log        %s, in %s\n", log.value("failing", false) ? "FAILING: traffic stands still" : "good",
         log.value("directory", "").c_str());
  return good ? exit_done : exit_no;
}

int reload(const Context& context) {
  int exit = exit_done;
  const auto answer = ask_gateway(context, {{"act", "reload"}}, "", exit);
  if (!answer) return exit;
  if (context.json) {
    printf("%s\n", answer->dump(2).c_str());
  } else {
    printf("reloaded: policy version %d is in force\n", answer->value("version", 0));
  }
  return exit_done;
}

}  // namespace

void add_operate(CLI::App& app, Context& context) {
  CLI::App* status_command = app.add_subcommand("status", "how the running gateway is");
  status_command->footer("Example: sallyport status --json");
  status_command->callback([&context] { context.run = [&context] { return status(context); }; });

  CLI::App* reload_command =
      app.add_subcommand("reload", "put the changed configuration in force, whole or not at all");
  reload_command->footer("Example: sallyport check && sallyport reload");
  reload_command->callback([&context] { context.run = [&context] { return reload(context); }; });
}

}  // namespace sallyport::cli
