// sallyport approvals | approve ID | deny ID: what waits for a person, and the person's answer.
#include <stdio.h>

#include <CLI/CLI.hpp>

#include "cli/remote.h"
#include "cli/table.h"
#include "config/clock.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;

struct Options {
  std::string id, as, reason;
  bool all = false;
};

// No line of a caller's text may look like one of ours.
std::string indented(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "          ";
  }
  return out;
}

// Everything that a decision should rest on.
void print_approval(const json& approval) {
  const auto text = [&approval](const char* key) { return visible(approval.value(key, "")); };
  printf("%s  %s\n", bold(text("id")).c_str(), text("state").c_str());
  printf("  who     %s from %s\n", text("identity").c_str(), text("peer").c_str());
  printf("  where   %s, database %s, login %s\n", text("target").c_str(), text("database").c_str(),
         text("login").c_str());
  printf("  rule    %s\n", text("rule").c_str());
  if (approval.value("in_transaction", false)) {
    printf("  inside a transaction that has been open for %s\n",
           duration_text(approval.value("transaction_age_ms", int64_t{0}) * 1'000'000).c_str());
  }
  printf("  asked   %s ago", duration_text(wall_ns() - approval.value("created_ns", int64_t{0})).c_str());
  const std::string state = text("state");
  if (state == "pending" || state == "approved") {
    printf(", good for another %s",
           duration_text(approval.value("expires_ns", int64_t{0}) - wall_ns()).c_str());
  }
  if (state == "pending") printf(", %d waiting", approval.value("waiting", 0));
  putchar('\n');
  printf("  runs    %s\n", indented(text("text")).c_str());
  for (const json& value : approval.value("values", json::array())) {
    printf("          %s = %s\n", visible(value.value("name", "")).c_str(),
           indented(visible(value.value("value", ""))).c_str());
  }
}

// One of them whole, to be read before it is decided.
int show(const Context& context, const json& approvals, const std::string& id) {
  for (const json& approval : approvals) {
    if (approval.value("id", "") != id) continue;
    if (context.json) {
      printf("%s\n", approval.dump(2).c_str());
    } else {
      print_approval(approval);
    }
    return exit_done;
  }
  print_error(context, "no approval " + id + ": `sallyport approvals --all` lists those that are known");
  return exit_no;
}

int list(const Context& context, const Options& options) {
  int exit = exit_done;
  const bool all = options.all || !options.id.empty();
  const auto answer = ask_gateway(context, {{"act", "approvals"}, {"all", all}}, options.as, exit);
  if (!answer) return exit;
  const json& approvals = (*answer)["approvals"];
  if (!options.id.empty()) return show(context, approvals, options.id);
  if (context.json) {
    printf("%s\n", approvals.dump(2).c_str());
    return exit_done;
  }
  std::vector<Row> rows;
  for (const json& approval : approvals) {
    rows.push_back({approval.value("id", ""), approval.value("state", ""),
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
  const json request = {{"act", act}, {"id", options.id}, {"reason", options.reason}};
  const auto answer = ask_gateway(context, request, options.as, exit);
  if (!answer) return exit;
  if (context.json) {
    printf("%s\n", (*answer)["approval"].dump(2).c_str());
  } else {
    print_approval((*answer)["approval"]);
  }
  return exit_done;
}

void add_decision(CLI::App& app, Context& context, const char* act, const char* help, const char* example) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(act, help);
  command->add_option("ID", options->id, "the approval, as `sallyport approvals` lists it")->required();
  command->add_option("--as", options->as,
                      "act as this local user; its secret is asked for, or SALLYPORT_SECRET");
  command->add_option("--reason", options->reason, "a few words for the record and the caller");
  command->footer(example);
  command->callback([&context, options, act] {
    context.run = [&context, options, act] { return decide(context, *options, act); };
  });
}

}  // namespace

void add_approvals(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("approvals", "list what waits for an approval, or show one whole");
  command->add_option("ID", options->id, "show this one, with the whole request");
  command->add_flag("--all", options->all, "also those that ended lately");
  command->add_option("--as", options->as, "ask as this local user");
  command->footer("Example: sallyport approvals 7F3KM");
  command->callback(
      [&context, options] { context.run = [&context, options] { return list(context, *options); }; });
  add_decision(app, context, "approve", "say yes to one request, once",
               "Example: sallyport approve 7F3KM --as dana --reason 'agreed in the change meeting'");
  add_decision(app, context, "deny", "say no to one request",
               "Example: sallyport deny 7F3KM --as dana --reason 'not today'");
}

}  // namespace sallyport::cli
