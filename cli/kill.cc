// sallyport kill SID | kill --identity NAME | allow NAME | lockdown: the operator's switches.
#include <stdio.h>

#include <CLI/CLI.hpp>

#include "cli/remote.h"
#include "ringlog/session_name.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;

// Says what came of it, in a line or as it is.
int ask(const Context& context, const json& request, const std::function<std::string(const json&)>& line) {
  int exit = exit_done;
  const auto answer = ask_gateway(context, request, "", exit);
  if (!answer) return exit;
  printf("%s\n", context.json ? answer->dump(2).c_str() : line(*answer).c_str());
  return exit_done;
}

int kill_session(const Context& context, const std::string& sid) {
  const auto name = ringlog::parse_session_name(sid);
  if (!name) {
    print_error(context, name.error().text);
    return exit_usage;
  }
  return ask(context, {{"act", "kill"}, {"session", name->session}},
             [&sid](const json&) { return "session " + sid + " is ended"; });
}

int kill_identity(const Context& context, const std::string& name, const std::string& reason) {
  return ask(context, {{"act", "kill"}, {"identity", name}, {"reason", reason}}, [&name](const json& answer) {
    return name + " is kept out: " + std::to_string(answer.value("sessions", 0)) + " sessions and " +
           std::to_string(answer.value("tickets", 0)) + " tickets are ended; `sallyport allow " + name +
           "` lets it in again";
  });
}

int lockdown(const Context& context, const std::string& reason, bool lift) {
  if (lift)
    return ask(context, {{"act", "lift"}},
               [](const json&) { return std::string("callers are let in again"); });
  return ask(context, {{"act", "lockdown"}, {"reason", reason}}, [](const json& answer) {
    return "nobody new is let in; " + std::to_string(answer.value("sessions", 0)) +
           " sessions live on (`sallyport kill` ends them); `sallyport lockdown --lift` lets callers in "
           "again";
  });
}

}  // namespace

void add_kill(CLI::App& app, Context& context) {
  struct Options {
    std::string sid, identity, reason;
    bool lift = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* kill = app.add_subcommand("kill", "end a live session, or all that an identity does, at once");
  auto* sid = kill->add_option("SID", options->sid, "the session, as `sallyport sessions --live` lists it");
  auto* identity = kill->add_option("--identity", options->identity,
                                    "its sessions and tickets end, and it is kept out until `allow`")
                       ->excludes(sid);
  kill->add_option("--reason", options->reason, "which it is told")->needs(identity);
  kill->footer(
      "Example: sallyport kill 0.17\n         sallyport kill --identity corp:agent-7 --reason 'it ran wild'");
  kill->callback([&context, options] {
    if (options->sid.empty() && options->identity.empty())
      throw CLI::ValidationError("kill", "a session's SID, or --identity NAME");
    context.run = [&context, options] {
      return options->identity.empty() ? kill_session(context, options->sid)
                                       : kill_identity(context, options->identity, options->reason);
    };
  });

  CLI::App* allow = app.add_subcommand("allow", "let an identity in again that `kill --identity` keeps out");
  allow->add_option("NAME", options->identity, "as `sallyport status` lists it")->required();
  allow->footer("Example: sallyport allow corp:agent-7");
  allow->callback([&context, options] {
    context.run = [&context, options] {
      return ask(context, {{"act", "allow"}, {"identity", options->identity}},
                 [options](const json&) { return options->identity + " is let in again"; });
    };
  });

  CLI::App* closed = app.add_subcommand("lockdown", "let nobody new in, until it is lifted");
  auto* reason = closed->add_option("--reason", options->reason, "which callers are told");
  closed->add_flag("--lift", options->lift, "let callers in again")->excludes(reason);
  closed->footer(
      "Example: sallyport lockdown --reason 'incident 12: ask #security'\n         sallyport lockdown "
      "--lift");
  closed->callback([&context, options] {
    if (options->reason.empty() && !options->lift)
      throw CLI::ValidationError("lockdown", "--reason TEXT, or --lift");
    context.run = [&context, options] { return lockdown(context, options->reason, options->lift); };
  });
}

}  // namespace sallyport::cli
