// sallyport request TARGET | grants | grants revoke ID: targets that open on request. Asked of the gateway of
// this config, or with a ticket of one elsewhere.
#include <stdio.h>

#include <CLI/CLI.hpp>

#include "cli/remote.h"
#include "cli/table.h"
#include "cli/way.h"
#include "cli/web.h"
#include "config/clock.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;

constexpr const char* act_as = "act as this local user";

struct Options {
  Way way;
  std::string target, life = "1h", reason, id;
};

int print_json(const json& what) {
  puts(what.dump(2, ' ', false, json::error_handler_t::replace).c_str());
  return exit_done;
}

int request(const Context& context, const Options& options) {
  json body = {{"target", options.target}, {"for", options.life}, {"reason", options.reason}};
  json act = body;
  act["act"] = "request";
  int exit = exit_done;
  const auto answer = ask(context, options.way, {std::move(act), "POST", "/v1/grants", body.dump()}, exit);
  if (!answer) return exit;
  const json approval = answer->value("approval", json::object());
  if (context.json) return print_json(approval);
  std::string groups;
  for (const std::string& group : texts_in(approval, "approvers")) groups += " " + visible(group);
  printf("request %s waits for a yes of%s; once it is granted, log in to %s as always\n",
         visible(text_in(approval, "approval")).c_str(), groups.c_str(), visible(options.target).c_str());
  return exit_done;
}

int list(const Context& context, const Options& options) {
  int exit = exit_done;
  const auto answer = ask(context, options.way, {{{"act", "grants"}}, "GET", "/v1/grants", ""}, exit);
  if (!answer) return exit;
  const json& grants = list_in(*answer, "grants");
  if (context.json) return print_json(grants);
  std::vector<Row> rows;
  for (const json& grant : grants) {
    const std::string actor = text_in(grant, "actor"), who = text_in(grant, "identity");
    const int64_t left_ns = number_in(grant, "expires_ns", 0) - wall_ns();
    rows.push_back({visible(text_in(grant, "id")), visible(actor.empty() ? who : actor + " for " + who),
                    visible(text_in(grant, "target")), left_ns > 0 ? "in " + duration_text(left_ns) : "over",
                    std::to_string(number_in(grant, "sessions", 0)), visible(text_in(grant, "granted_by")),
                    one_line(text_in(grant, "reason"), 60)});
  }
  print_table({"ID", "WHO", "TARGET", "ENDS", "SESSIONS", "GRANTED BY", "REASON"}, rows,
              "nothing is granted");
  return exit_done;
}

int revoke(const Context& context, const Options& options) {
  const json act = {{"act", "revoke-grant"}, {"id", options.id}, {"reason", options.reason}};
  std::string path = "/v1/grants/" + escape_url(options.id);
  if (!options.reason.empty()) path += "?reason=" + escape_url(options.reason);
  int exit = exit_done;
  const auto answer = ask(context, options.way, {act, "DELETE", path, ""}, exit);
  if (!answer) return exit;
  if (context.json) return print_json({{"ok", true}, {"id", options.id}});
  printf("grant %s is revoked; its sessions are ended\n", visible(options.id).c_str());
  return exit_done;
}

using Command = int (*)(const Context&, const Options&);

void run(CLI::App* command, Context& context, const std::shared_ptr<Options>& options, Command what) {
  command->callback([&context, options, what] {
    context.run = [&context, options, what] { return what(context, *options); };
  });
}

}  // namespace

void add_grants(CLI::App& app, Context& context) {
  auto asked = std::make_shared<Options>();
  CLI::App* ask = app.add_subcommand("request", "ask to open a target for a while");
  ask->add_option("TARGET", asked->target, "one that opens on request; `sallyport whoami` lists them")
      ->required();
  ask->add_option("--for", asked->life, "how long, from the last yes on")->capture_default_str();
  ask->add_option("--reason", asked->reason, "why, for the approvers and the record");
  add_way(ask, asked->way, act_as);
  ask->footer("Example: sallyport request orders-db --for 1h --reason 'ticket 4711'");
  run(ask, context, asked, request);

  auto listed = std::make_shared<Options>();
  CLI::App* group = app.add_subcommand("grants", "what is granted for a while: list, revoke");
  group->fallthrough();
  add_way(group, listed->way, act_as);
  group->footer("Example: sallyport grants revoke g-23456789");
  group->callback([&context, listed, group] {
    if (group->get_subcommands().empty()) context.run = [&context, listed] { return list(context, *listed); };
  });
  CLI::App* command = group->add_subcommand("revoke", "take one back; sessions that stand on it end at once");
  command->add_option("ID", listed->id, "the grant, as `sallyport grants` lists it")->required();
  command->add_option("--reason", listed->reason, "a few words for the record and the caller");
  command->footer("Example: sallyport grants revoke g-23456789");
  run(command, context, listed, revoke);
}

}  // namespace sallyport::cli
