// sallyport approvals | approve ID | deny ID | revoke ID | plan FILE: what waits for people, and their
// answers.
#include <stdio.h>

#include <CLI/CLI.hpp>
#include <fstream>

#include "cli/approval_text.h"
#include "cli/remote.h"
#include "cli/table.h"
#include "cli/way.h"
#include "cli/web.h"
#include "config/clock.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;

struct Options {
  Way way;
  std::string id, reason;
  bool all = false, mine = false, reveal = false, again = false;
};

int print(const Context& context, const json& approval) {
  if (context.json) {
    puts(approval.dump(2).c_str());
  } else {
    print_approval(approval);
  }
  return exit_done;
}

std::string path_of(const std::string& id, const std::string& act) {
  return "/v1/approvals/" + escape_url(id) + "/" + act;
}

// One of them whole, to be read before it is decided.
int show(const Context& context, const json& approvals, const std::string& id) {
  for (const json& approval : approvals) {
    if (approval.value("id", approval.value("approval", "")) == id) return print(context, approval);
  }
  print_error(context, "no approval " + id + ": `sallyport approvals --all` lists those that are known");
  return exit_no;
}

int reveal(const Context& context, const Options& options) {
  int exit = exit_done;
  const json act = {{"act", "reveal"}, {"id", options.id}};
  const auto answer = ask(context, options.way, {act, "POST", path_of(options.id, "reveal"), "{}"}, exit);
  if (!answer) return exit;
  if (context.json) {
    puts(answer->dump(2).c_str());
    return exit_done;
  }
  print_approval((*answer)["approval"]);
  print_revealed((*answer)["revealed"]);
  return exit_done;
}

int list(const Context& context, const Options& options) {
  if (options.reveal) return reveal(context, options);
  int exit = exit_done;
  const bool all = options.all || !options.id.empty();
  const json request = {{"act", "approvals"}, {"all", all}, {"mine", options.mine}};
  const std::string path = std::string("/v1/approvals?all=") + (all ? "true" : "false") +
                           "&mine=" + (options.mine ? "true" : "false");
  const auto answer = ask(context, options.way, {request, "GET", path, ""}, exit);
  if (!answer) return exit;
  const json& approvals = (*answer)["approvals"];
  if (!options.id.empty()) return show(context, approvals, options.id);
  if (context.json) {
    puts(approvals.dump(2).c_str());
    return exit_done;
  }
  std::vector<Row> rows;
  for (const json& approval : approvals) {
    rows.push_back({approval.value("id", approval.value("approval", "")), approval.value("state", ""),
                    visible(approval.value("identity", "")), approval.value("target", ""),
                    approval.value("rule", ""),
                    duration_text(wall_ns() - approval.value("created_ns", int64_t{0})),
                    one_line(approval.value("text", ""), 60)});
  }
  print_table({"ID", "STATE", "WHO", "TARGET", "RULE", "AGE", "RUNS"}, rows, "nothing waits for an approval");
  return exit_done;
}

int decide(const Context& context, const Options& options, const char* act) {
  int exit = exit_done;
  json body = {{"reason", options.reason}};
  if (options.again) body["again"] = true;
  json request = body;
  request.update({{"act", act}, {"id", options.id}});
  const auto answer =
      ask(context, options.way, {request, "POST", path_of(options.id, act), body.dump()}, exit);
  return answer ? print(context, (*answer)["approval"]) : exit;
}

CLI::App* add_decision(CLI::App& app, Context& context, std::shared_ptr<Options> options, const char* act,
                       const char* help, const char* example) {
  CLI::App* command = app.add_subcommand(act, help);
  command->add_option("ID", options->id, "the approval, as `sallyport approvals` lists it")->required();
  add_way(command, options->way, "act as this local user");
  command->add_option("--reason", options->reason, "a few words for the record and the caller");
  command->footer(example);
  command->callback([&context, options, act] {
    context.run = [&context, options, act] { return decide(context, *options, act); };
  });
  return command;
}

struct PlanOptions {
  Way way;
  std::string file, target, login, database, reason;
};

// A JSON list of texts, each a request to the letter; or a request a line, empty lines left out.
std::optional<json> read_plan(const Context& context, const std::string& file) {
  std::ifstream in(file);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in) {
    print_error(context, "cannot read " + file);
    return std::nullopt;
  }
  if (file.ends_with(".json")) {
    json requests = json::parse(text, nullptr, false);
    if (requests.is_array()) return requests;
    print_error(context, file + " is no JSON list: write [\"a request\", \"the next\"]");
    return std::nullopt;
  }
  json requests = json::array();
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) requests.push_back(line);
  }
  return requests;
}

int plan(const Context& context, const PlanOptions& options) {
  const std::optional<json> requests = read_plan(context, options.file);
  if (!requests) return exit_unreachable;
  int exit = exit_done;
  const json body = {{"requests", *requests},
                     {"target", options.target},
                     {"login", options.login},
                     {"database", options.database},
                     {"reason", options.reason}};
  json request = body;
  request["act"] = "plan";
  const auto answer = ask(context, options.way, {request, "POST", "/v1/plans", body.dump()}, exit);
  return answer ? print(context, (*answer)["approval"]) : exit;
}

void add_plan(CLI::App& app, Context& context) {
  auto options = std::make_shared<PlanOptions>();
  CLI::App* command = app.add_subcommand("plan", "ask ahead for a list of requests, to be approved at once");
  command->add_option("FILE", options->file, "a request a line, or a .json list of texts")->required();
  command->add_option("--target", options->target, "where they will run")->required();
  command->add_option("--login", options->login, "the login that will be used; without: the target's first");
  command->add_option("--database", options->database, "the database; without: the target's own");
  command->add_option("--reason", options->reason, "why, for the approvers");
  add_way(command, options->way, "the local user who will run them");
  command->footer("Example: sallyport plan migration.json --target orders-db --as ci-backup");
  command->callback(
      [&context, options] { context.run = [&context, options] { return plan(context, *options); }; });
}

}  // namespace

void add_approvals(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("approvals", "list what waits for an approval, or show one whole");
  command->add_option("ID", options->id, "show this one, with the whole request");
  command->add_flag("--all", options->all, "also those that ended lately");
  CLI::Option* mine =
      command->add_flag("--mine", options->mine, "those of one's own requests, ended ones too");
  command->add_flag("--reveal", options->reveal, "with ID: also what the detectors hide of it; is recorded")
      ->excludes(mine);
  add_way(command, options->way, "ask as this local user");
  command->footer("Example: sallyport approvals 7F3KM");
  command->callback(
      [&context, options] { context.run = [&context, options] { return list(context, *options); }; });
  auto approve = std::make_shared<Options>();
  add_decision(app, context, approve, "approve", "say yes to one request, once",
               "Example: sallyport approve 7F3KM --as dana --reason 'agreed in the change meeting'")
      ->add_flag("--again", approve->again, "also to the very same again, for as long as the rule allows");
  add_decision(app, context, std::make_shared<Options>(), "deny", "say no to one request",
               "Example: sallyport deny 7F3KM --as dana --reason 'not today'");
  add_decision(app, context, std::make_shared<Options>(), "revoke",
               "take back a yes that has not been used yet",
               "Example: sallyport revoke 7F3KM --as dana --reason 'the wrong database'");
  add_plan(app, context);
}

}  // namespace sallyport::cli
