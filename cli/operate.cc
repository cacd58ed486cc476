// sallyport status | reload: for the operator of a running gateway.
#include <stdio.h>

#include <CLI/CLI.hpp>

#include "cli/remote.h"
#include "cli/table.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;

void print_credentials(const json& credentials) {
  printf("leases     %d live, %d being made, %d ending; %d sessions; the oldest is %d s old\n",
         credentials.value("live", 0), credentials.value("minting", 0), credentials.value("ending", 0),
         credentials.value("sessions", 0), credentials.value("oldest_s", 0));
  for (const json& one : credentials.value("faults", json::array()))
    printf("lease      FAILED: %s\n", one_line(one.get<std::string>(), 300).c_str());
  for (const json& one : credentials.value("secrets", json::array())) {
    const std::string error = one.value("error", "");
    const int days = one.value("age_days", -1);
    std::string state = days < 0 ? "of unknown age" : std::to_string(days) + " days old";
    if (one.value("is_old", false))
      state += "; OLD: max_age is " + std::to_string(one.value("max_age_days", 0)) + " days, change it";
    if (!error.empty()) state += "; FAILED: " + one_line(error, 200);
    printf("secret     of %s, login %s: %s\n", one.value("target", "").c_str(),
           one.value("login", "").c_str(), state.c_str());
  }
}

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
  for (const json& way : log.value("witness", json::object()).value("ways", json::array())) {
    const std::string error = way.value("error", "");
    printf("witness    %s: %s\n", one_line(way.value("to", ""), 100).c_str(),
           error.empty()
               ? ("head taken " + std::to_string(way.value("age_s", int64_t{-1})) + " s ago").c_str()
               : ("TAKES NO HEADS: " + one_line(error, 200)).c_str());
  }
  if (const json kept = log.value("retention", json()); kept.is_object())
    printf("retention  %lld payloads erased since the start%s\n", kept.value("erased", 0LL),
           one_line(kept.value("failing", false) ? "; FAILS: " + kept.value("error", "") : "", 200).c_str());
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
  print_credentials(answer->value("credentials", json::object()));
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
