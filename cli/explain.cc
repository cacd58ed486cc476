// sallyport explain: which rule and mask apply to a statement, for this identity, on this target, and why.
#include <stdio.h>

#include <CLI/CLI.hpp>

#include "cli/policy_source.h"
#include "cli/record_text.h"
#include "cli/remote.h"
#include "cli/table.h"
#include "core/control/explain_json.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;

struct Options {
  std::string as, target, statement;
  std::vector<std::string> groups;
};

void print_command(const guard::CommandNote& command) {
  std::string objects;
  for (const std::string& object : command.objects) objects += " " + object;
  printf("%s  %s\n", bold(visible(command.verb)).c_str(),
         visible(objects.empty() ? "" : objects.substr(1)).c_str());
  for (const auto& [name, value] : command.fields) {
    if (!value.empty()) printf("  %-18s %s\n", name.c_str(), visible(value).c_str());
  }
  for (const guard::RuleNote& rule : command.rules) {
    printf("  rule %-24s %s\n", (rule.rule->name + (rule.matched ? " matches:" : " passes by:")).c_str(),
           visible(rule.why).c_str());
  }
  printf("  => %s: %s\n", guard::action_text(command.action), visible(command.why).c_str());
}

void print_explanation(const guard::Explanation& explanation, const Options& options) {
  for (const guard::CommandNote& command : explanation.commands) print_command(command);
  for (const guard::MaskNote& mask : explanation.masks) {
    printf("mask %s %s: %s\n", mask.mask->name.c_str(), mask.applies ? "applies" : "does not apply",
           visible(mask.why).c_str());
  }
  if (!explanation.may_open) {
    printf("%s: may not open target %s at all\n", bold("deny").c_str(), options.target.c_str());
    return;
  }
  const guard::Verdict& verdict = explanation.verdict;
  if (blocks(explanation)) {
    printf("%s, %s\n", bold("deny").c_str(), visible(explanation.blocked->message()).c_str());
    return;
  }
  std::string by = verdict.rule ? "rule \"" + verdict.rule->name + "\" at " + verdict.rule->place.text()
                                : "the target's default";
  if (verdict.action == config::Action::approve && verdict.rule) {
    by += "; approvers:";
    for (const std::string& group : verdict.rule->approvers) by += " " + group;
  }
  printf("%s, by %s\n", bold(guard::action_text(verdict.action)).c_str(), by.c_str());
}

int explain(const Context& context, const Options& options) {
  const auto source = read_policy(context);
  if (!source) return exit_unreachable;
  const config::Target* target = source->policy->target(options.target);
  const config::User* user = options.as.empty() ? nullptr : source->policy->user(options.as);
  if (!target || (!options.as.empty() && !user)) {
    print_error(context, target ? "no user \"" + options.as + "\" in the configuration"
                                : "no target \"" + options.target + "\"");
    return exit_no;
  }
  std::vector<std::string> groups = options.groups;
  if (user) groups.insert(groups.end(), user->groups.begin(), user->groups.end());
  if (target->is_opaque()) {
    print_error(context, "nobody reads what passes to " + target->name + ", so nothing there is judged");
    return exit_no;
  }
  const sp_plugin& plugin = *source->plugins.at(target->protocol).abi;
  const auto explanation = guard::explain(*source->policy, *target, groups, plugin, options.statement);
  if (!explanation) {
    print_error(context, explanation.error().text);
    return exit_no;
  }
  if (context.json) {
    puts(json_text(explanation_json(*explanation)).c_str());
  } else {
    print_explanation(*explanation, options);
  }
  return exit_done;
}

}  // namespace

void add_explain(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("explain", "which rule and mask would apply to a statement, and why");
  command->add_option("--as", options->as, "the local user who would send it");
  command->add_option("--group", options->groups, "or an identity of these groups");
  command->add_option("--target", options->target, "where it would be sent")->required();
  command->add_option("STATEMENT", options->statement, "the statement; it is sent nowhere")->required();
  command->footer("Example: sallyport explain --as ci-backup --target orders-db 'DROP TABLE orders'");
  command->callback(
      [&context, options] { context.run = [&context, options] { return explain(context, *options); }; });
}

}  // namespace sallyport::cli
