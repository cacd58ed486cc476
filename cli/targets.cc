// sallyport targets: what callers can reach; --test NAME proves one.
#include <stdio.h>

#include <CLI/CLI.hpp>

#include "cli/record_text.h"
#include "cli/remote.h"
#include "cli/table.h"
#include "cli/target_test.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;

struct Options {
  std::string test, as;
};

const char* tls_text(config::TargetTls tls) {
  switch (tls) {
    case config::TargetTls::off: return "off";
    case config::TargetTls::require: return "require";
    case config::TargetTls::verify_ca: return "verify-ca";
    case config::TargetTls::verify_full: return "verify-full";
  }
  return "";
}

const char* action_text(config::Action action) {
  switch (action) {
    case config::Action::allow: return "allow";
    case config::Action::approve: return "approve";
    case config::Action::deny: return "deny";
  }
  return "";
}

std::string joined(const std::vector<std::string>& items) {
  std::string all;
  for (const std::string& item : items) all += (all.empty() ? "" : " ") + item;
  return all.empty() ? "-" : all;
}

int list(const Context& context) {
  const auto config = read_config(context);
  if (!config) return exit_unreachable;
  std::vector<Row> rows;
  json all = json::array();
  for (const config::Target& target : config->targets) {
    std::vector<std::string> addresses, logins;
    for (const config::Address& address : target.addresses) addresses.push_back(address.text());
    for (const config::Login& login : target.logins) logins.push_back(login.name);
    std::vector<std::string> allowed = target.allow;
    if (target.on_request.is_offered()) allowed.emplace_back(config::on_request_name);
    rows.push_back({target.name, target.protocol, joined(addresses), tls_text(target.tls),
                    target.database.empty() ? "-" : target.database, joined(logins), joined(allowed),
                    target.is_opaque() ? "-" : action_text(target.default_action)});
    all.push_back({{"name", target.name},
                   {"protocol", target.protocol},
                   {"addresses", addresses},
                   {"tls", tls_text(target.tls)},
                   {"database", target.database},
                   {"logins", logins},
                   {"allow", target.allow},
                   {"default", action_text(target.default_action)},
                   {"observe", target.observe}});
  }
  if (context.json) {
    puts(json_text(all).c_str());
  } else {
    print_table({"NAME", "PROTOCOL", "ADDRESS", "TLS", "DATABASE", "LOGINS", "ALLOW", "DEFAULT"}, rows,
                "no targets in the configuration");
  }
  return exit_done;
}

int test(const Context& context, const Options& options) {
  const TargetReport report = test_target(context, options.test, options.as);
  json steps = json::array();
  for (const TargetFinding& finding : report.findings) {
    if (context.json) {
      steps.push_back({{"step", finding.step}, {"ok", finding.good}, {"text", finding.text}});
    } else {
      printf("%s %-7s %s\n", finding.good ? "✓" : "✗", finding.step, visible(finding.text).c_str());
    }
  }
  if (context.json) {
    puts(json_text({{"ok", report.good()}, {"steps", steps}, {"pg_hba", report.pg_hba}}).c_str());
  } else if (!report.pg_hba.empty()) {
    printf(
        "\nThese lines at the head of the target's pg_hba.conf close the way around the gate (adjust the "
        "address if the\n"
        "gateway has several), then SELECT pg_reload_conf():\n");
    for (const std::string& line : report.pg_hba) printf("  %s\n", line.c_str());
  }
  return report.good() ? exit_done : exit_no;
}

}  // namespace

void add_targets(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("targets", "what callers can reach");
  CLI::Option* name = command->add_option(
      "--test", options->test, "dial this one, verify it, log in through the gateway, prove its mask");
  command
      ->add_option("--as", options->as,
                   "the local user to log in as; its secret is asked for, or SALLYPORT_SECRET")
      ->needs(name);
  command->footer("Example: sallyport targets --test orders-db --as ci-backup");
  command->callback([&context, options] {
    context.run = [&context, options] {
      return options->test.empty() ? list(context) : test(context, *options);
    };
  });
}

}  // namespace sallyport::cli
