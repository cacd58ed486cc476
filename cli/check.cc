// sallyport check: every problem of the configuration at once; --cases judges statements and compares.
#include <stdio.h>

#include <CLI/CLI.hpp>

#include "cli/policy_source.h"
#include "cli/record_text.h"
#include "config/clock.h"
#include "core/guard/cases.h"
#include "core/guard/custom.h"

namespace sallyport::cli {

namespace {

int run_cases(const Context& context, const PolicySource& source, const std::string& file) {
  std::vector<const sp_plugin*> plugins;
  for (const auto& [name, plugin] : source.plugins) plugins.push_back(plugin.abi);
  const auto report = guard::run_cases(*source.policy, file, plugins);
  if (!report) return report_problems(context, report.error());
  if (!report->differences.empty()) return report_problems(context, report->differences);
  if (context.json) {
    puts(json_text({{"ok", true}, {"cases", report->count}}).c_str());
  } else {
    printf("%zu cases, all as expected\n", report->count);
  }
  return exit_done;
}

// No problem yet: nothing stops working at that age.
void warn_of_old_secrets(const Snapshot& snapshot) {
  constexpr int64_t day_ns = 86'400'000'000'000;
  for (const TargetState& target : snapshot.targets) {
    for (size_t i = 0; i < target.logins.size(); ++i) {
      const config::Login& login = target.target->logins[i];
      const int64_t written_ns = target.logins[i].file.written_ns;
      const int64_t days = (wall_ns() - written_ns) / day_ns;
      const uint32_t most = login.credential.age_max_days;
      if (written_ns == 0 || most == 0 || days <= int64_t{most}) continue;
      fprintf(
          stderr,
          "%s: warning: the secret of target %s, login %s is %lld days old; max_age is %u days: change it\n",
          login.password.place.text().c_str(), target.target->name.c_str(), login.name.c_str(),
          static_cast<long long>(days), most);
    }
  }
}

// Of a config that has mistakes, too: who misspelt one looks for it here.
int list_detectors(const Context& context) {
  const config::Loading loading = config::load_all(context.config_file);
  const auto custom = guard::CustomDetectors::compile(loading.config.detectors);
  const std::vector<std::string> names = guard::detector_names(custom ? custom->get() : nullptr);
  if (context.json) {
    puts(json_text(names).c_str());
  } else {
    for (const std::string& name : names) puts(name.c_str());
  }
  return exit_done;
}

int check(const Context& context, const std::string& cases) {
  if (!cases.empty()) {
    const auto source = read_policy(context);
    return source ? run_cases(context, *source, cases) : exit_no;
  }
  Plugins plugins;
  const auto snapshot = load_snapshot(context.config_file, plugins, Purpose::check);
  const int exit = report_problems(context, snapshot ? Problems{} : snapshot.error());
  if (snapshot && !context.json) warn_of_old_secrets(**snapshot);
  if (exit == exit_done && !context.json) printf("%s is good\n", context.config_file.c_str());
  return exit;
}

}  // namespace

void add_check(CLI::App& app, Context& context) {
  auto cases = std::make_shared<std::string>();
  auto detectors = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("check", "find every problem of the configuration at once");
  command->add_option("--cases", *cases,
                      "judge the statements of this file and compare with what it expects");
  command->add_flag("--detectors", *detectors, "list what `detect` of a mask may name, and check nothing");
  command->footer("Example: sallyport --config sallyport.toml check --cases cases.toml");
  command->callback([&context, cases, detectors] {
    context.run = [&context, cases, detectors] {
      return *detectors ? list_detectors(context) : check(context, *cases);
    };
  });
}

}  // namespace sallyport::cli
