// sallyport tickets | tickets revoke ID | whoami: asked of a gateway's admin API with a ticket, from
// anywhere.
#include <stdio.h>

#include <CLI/CLI.hpp>

#include "cli/bearer.h"
#include "cli/login_state.h"
#include "cli/private_file.h"
#include "cli/remote.h"
#include "cli/table.h"
#include "config/clock.h"
#include "core/identity/ticket.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;

struct Options {
  std::string gateway, ca, id;
};

int failed(const Context& context, const Error& error) {
  print_error(context, error.text);
  return error.code == 0 ? exit_no : exit_unreachable;
}

// Asks; -1 where there is an answer, else the exit code.
int ask(const Context& context, const Options& options, const char* method, const std::string& path,
        json& out) {
  const Result<Bearer> bearer = find_bearer(options.gateway, options.ca);
  if (!bearer) return failed(context, bearer.error());
  Result<json> answer = ask_api(bearer->gateway, bearer->ticket, method, path);
  if (!answer) return failed(context, answer.error());
  out = std::move(*answer);
  return -1;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + visible(word);
  return text;
}

std::string left_text(int64_t expires_ns) {
  const int64_t left_ns = expires_ns - wall_ns();
  return left_ns > 0 ? "in " + duration_text(left_ns) : "expired";
}

int list(const Context& context, const Options& options) {
  json answer;
  if (const int exit = ask(context, options, "GET", "/v1/tickets", answer); exit >= 0) return exit;
  const json& tickets = list_in(answer, "tickets");
  if (context.json) {
    puts(tickets.dump(2, ' ', false, json::error_handler_t::replace).c_str());
    return exit_done;
  }
  std::vector<Row> rows;
  for (const json& ticket : tickets) {
    const std::string targets = joined(texts_in(ticket, "targets"));
    rows.push_back({visible(text_in(ticket, "id")), visible(text_in(ticket, "identity")),
                    targets.empty() ? "all of its" : targets, time_text(number_in(ticket, "created_ns", 0)),
                    left_text(number_in(ticket, "expires_ns", 0)), visible(text_in(ticket, "from"))});
  }
  print_table({"ID", "WHO", "TARGETS", "MADE", "ENDS", "FROM"}, rows, "no tickets");
  return exit_done;
}

// Where it was kept it is of no use any more.
Result<void> forget(const std::string& id) {
  const Result<LoginLock> lock = LoginLock::take();
  if (!lock) return std::unexpected(lock.error());
  Result<void> done = forget_ticket(id);
  const Result<std::string> folder = login_state_folder();
  if (!done || !folder) return done;
  const std::string path = *folder + "/pgpass";
  const Result<std::string> text = read_private(path);
  if (!text) return std::unexpected(text.error());
  const std::string rest = without_passwords(*text, id);
  return rest == *text ? Result<void>() : write_private(path, rest);
}

int revoke(const Context& context, const Options& options) {
  if (!identity::is_ticket_id(options.id)) {
    print_error(context, "\"" + visible(options.id.substr(0, identity::ticket_id_size)) +
                             "\" is no ticket's id: `sallyport tickets` lists them");
    return exit_usage;
  }
  json answer;
  if (const int exit = ask(context, options, "DELETE", "/v1/tickets/" + escape_url(options.id), answer);
      exit >= 0)
    return exit;
  const Result<void> forgotten = forget(options.id);
  if (!forgotten)
    return failed(context, Error(forgotten.error()).in("it is revoked, but is still kept here"));
  if (context.json) {
    puts(json({{"ok", true}, {"id", options.id}}).dump(2).c_str());
  } else {
    printf("ticket %s is revoked; its sessions are ended\n", options.id.c_str());
  }
  return exit_done;
}

int whoami(const Context& context, const Options& options) {
  json answer;
  if (const int exit = ask(context, options, "GET", "/v1/whoami", answer); exit >= 0) return exit;
  if (context.json) {
    puts(answer.dump(2, ' ', false, json::error_handler_t::replace).c_str());
    return exit_done;
  }
  const std::string name =
      text_in(answer, "identity").empty() ? text_in(answer, "name") : text_in(answer, "identity");
  printf("%s\n", bold(visible(name)).c_str());
  const auto line = [](const char* what, const std::string& text) {
    if (!text.empty()) printf("  %-8s %s\n", what, text.c_str());
  };
  line("groups", joined(texts_in(answer, "groups")));
  line("roles", joined(texts_in(answer, "roles")));
  for (const json& target : list_in(answer, "targets")) {
    const std::string access = text_in(target, "access");
    const int64_t until_ns = number_in(target, "until_ns", 0);
    const char* more = access == "on-request" ? ", on request" : "";
    line("target", visible(text_in(target, "name")) +
                       (until_ns > 0 ? ", granted until " + time_text(until_ns) : std::string(more)));
  }
  line("ticket", visible(text_in(answer, "ticket")));
  if (const int64_t expires_ns = number_in(answer, "expires_ns", 0); expires_ns > 0)
    line("ends", time_text(expires_ns) + " (" + left_text(expires_ns) + ")");
  return exit_done;
}

void add_gateway(CLI::App* command, const std::shared_ptr<Options>& options) {
  command
      ->add_option("--gateway", options->gateway, "the gateway's address; left out: that of the last login")
      ->envname("SALLYPORT_GATEWAY");
  command->add_option("--ca", options->ca, "the authority that signed its certificate, a PEM file");
}

}  // namespace

void add_tickets(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* group =
      app.add_subcommand("tickets", "the tickets that were got by `sallyport login`: list, revoke");
  group->fallthrough();
  add_gateway(group, options);
  group->footer("Example: sallyport tickets revoke spt_0123456789");
  group->callback([&context, options, group] {
    if (group->get_subcommands().empty())
      context.run = [&context, options] { return list(context, *options); };
  });
  CLI::App* command = group->add_subcommand("revoke", "take one back; sessions that it opened end");
  command->add_option("ID", options->id, "the ticket, as `sallyport tickets` lists it")->required();
  command->footer("Example: sallyport tickets revoke spt_0123456789");
  command->callback(
      [&context, options] { context.run = [&context, options] { return revoke(context, *options); }; });

  auto asked = std::make_shared<Options>();
  CLI::App* who = app.add_subcommand("whoami", "who the gateway takes you for, by your ticket");
  add_gateway(who, asked);
  who->footer("Example: sallyport whoami --gateway https://gate:8420");
  who->callback([&context, asked] { context.run = [&context, asked] { return whoami(context, *asked); }; });
}

}  // namespace sallyport::cli
