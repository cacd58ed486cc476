// sallyport plugin list | check | new (and record, in plugin_record.cc): for who writes or installs a
// protocol plugin.
#include <stdio.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "cli/plugin_record.h"
#include "cli/record_text.h"
#include "cli/remote.h"
#include "cli/table.h"
#include "core/guard/permissions.h"
#include "core/path/kit.h"
#include "core/path/kit_skeleton.h"
#include "core/path/loader.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;

struct Options {
  std::string file, transcripts, name, directory;
  uint64_t seed = 1;
};

std::string text_of(sp_text text) { return {text.data, text.size}; }

std::string abilities(const sp_manifest& manifest) {
  std::string all;
  const auto add = [&](uint32_t bit, const char* word) {
    if (manifest.capabilities & bit) all += std::string(all.empty() ? "" : " ") + word;
  };
  add(SP_CAN_MASK, "mask");
  add(SP_CAN_HOLD, "hold");
  add(SP_CAN_MULTIPLEX, "multiplex");
  add(SP_CAN_TLS, "tls");
  return all;
}

json manifest_json(const Plugin& plugin) {
  const sp_manifest& manifest = *plugin.abi->manifest;
  json facts = json::array(), sets = json::array(), permissions = json::array();
  for (size_t i = 0; i < manifest.fact_count; ++i) {
    facts.push_back({{"name", text_of(manifest.facts[i].name)}, {"help", text_of(manifest.facts[i].help)}});
  }
  for (size_t i = 0; i < manifest.set_count; ++i) {
    sets.push_back({{"name", text_of(manifest.sets[i].name)}, {"help", text_of(manifest.sets[i].help)}});
  }
  for (const sp_permission& one : guard::permissions_of(manifest)) {
    permissions.push_back({{"name", text_of(one.name)}, {"help", text_of(one.help)}});
  }
  return {{"name", text_of(manifest.name)},
          {"version", text_of(manifest.version)},
          {"summary", text_of(manifest.summary)},
          {"capabilities", abilities(manifest)},
          {"file", plugin.path.string()},
          {"sha256", plugin.digest},
          {"facts", facts},
          {"sets", sets},
          {"permissions", permissions}};
}

void print_manifest(const Plugin& plugin) {
  const sp_manifest& manifest = *plugin.abi->manifest;
  printf("%s %s  %s\n", bold(visible(text_of(manifest.name))).c_str(),
         visible(text_of(manifest.version)).c_str(), visible(text_of(manifest.summary)).c_str());
  printf("  file    %s\n  sha256  %s\n  can     %s\n", plugin.path.c_str(), plugin.digest.c_str(),
         abilities(manifest).c_str());
  for (size_t i = 0; i < manifest.fact_count; ++i) {
    printf("  %-18s %s\n", visible(text_of(manifest.facts[i].name)).c_str(),
           visible(text_of(manifest.facts[i].help)).c_str());
  }
  for (size_t i = 0; i < manifest.set_count; ++i) {
    printf("  %-18s %s\n", visible(text_of(manifest.sets[i].name)).c_str(),
           visible(text_of(manifest.sets[i].help)).c_str());
  }
  for (const sp_permission& one : guard::permissions_of(manifest)) {
    printf("  permit %-11s %s\n", visible(text_of(one.name)).c_str(), visible(text_of(one.help)).c_str());
  }
}

int list(const Context& context) {
  const auto config = read_config(context);
  if (!config) return exit_unreachable;
  json all = json::array();
  int exit = exit_done;
  for (const std::string& name : config->server.plugins) {
    const auto pin = config->server.plugin_digests.find(name);
    LoadOptions options;
    if (pin != config->server.plugin_digests.end()) options.digest = pin->second;
    const Result<Plugin> plugin = load_plugin(config->server.plugin_dir / (name + ".so"), options);
    if (!plugin) {
      exit = exit_no;
      if (context.json) {
        all.push_back({{"name", name}, {"error", plugin.error().text}});
      } else {
        print_error(context, plugin.error().text);
      }
    } else if (context.json) {
      all.push_back(manifest_json(*plugin));
    } else {
      print_manifest(*plugin);
    }
  }
  if (context.json) puts(json_text(all).c_str());
  return exit;
}

json report_json(const KitReport& report) {
  json cases = json::array();
  for (const KitCase& one : report.cases) {
    cases.push_back({{"transcript", one.transcript},
                     {"runs", one.run_count},
                     {"positions", one.position_count},
                     {"sampled", one.sampled},
                     {"failures", one.failures}});
  }
  return {{"ok", report.passed()},      {"plugin", report.plugin}, {"seed", report.seed},
          {"runs", report.run_count()}, {"cases", cases},          {"failures", report.failures}};
}

int check(const Context& context, const Options& options) {
  const Result<Plugin> plugin =
      load_plugin(std::filesystem::absolute(options.file), {.digest = "", .check_ownership = false});
  if (!plugin) {
    print_error(context, plugin.error().text);
    return exit_no;
  }
  if (options.transcripts.empty()) {
    if (context.json) {
      puts(json_text(manifest_json(*plugin)).c_str());
    } else {
      print_manifest(*plugin);
      printf("its table and manifest are good; --transcripts DIR runs the conformance kit\n");
    }
    return exit_done;
  }
  KitOptions kit;
  kit.seed = options.seed;
  const KitReport report = check_plugin(*plugin->abi, options.transcripts, kit);
  if (context.json) {
    puts(json_text(report_json(report)).c_str());
  } else {
    const std::string text = report.text();
    printf("%s%s", visible(text).c_str(), text.ends_with('\n') ? "" : "\n");
  }
  return report.passed() ? exit_done : exit_no;
}

int make(const Context& context, const Options& options) {
  const std::string directory = options.directory.empty() ? options.name : options.directory;
  if (const Result<void> made = write_skeleton(directory, options.name); !made) {
    print_error(context, made.error().text);
    return exit_no;
  }
  if (context.json) {
    puts(json_text({{"ok", true}, {"directory", directory}}).c_str());
    return exit_done;
  }
  printf("%s holds a plugin that works. Build and check it:\n", directory.c_str());
  printf("  cc -std=c11 -shared -fPIC -fvisibility=hidden -I %s -o %s.so %s/*.c\n", directory.c_str(),
         options.name.c_str(), directory.c_str());
  printf("  sallyport plugin check %s.so --transcripts %s/transcripts\n", options.name.c_str(),
         directory.c_str());
  return exit_done;
}

}  // namespace

void add_plugin(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* group =
      app.add_subcommand("plugin", "protocol plugins: what is installed, and a kit for new ones");
  group->require_subcommand(1);
  group->fallthrough();

  CLI::App* list_command =
      group->add_subcommand("list", "the configuration's plugins, their digests, facts and ready sets");
  list_command->footer("Example: sallyport plugin list");
  list_command->callback([&context] { context.run = [&context] { return list(context); }; });

  CLI::App* check_command = group->add_subcommand("check", "hold a plugin to the contract");
  check_command->add_option("FILE", options->file, "the shared object")->required();
  check_command->add_option("--transcripts", options->transcripts,
                            "run every *.transcript of this folder, cut in every way");
  check_command->add_option("--seed", options->seed, "of the random cuts")->capture_default_str();
  check_command->footer("Example: sallyport plugin check ./lines.so --transcripts lines/transcripts");
  check_command->callback(
      [&context, options] { context.run = [&context, options] { return check(context, *options); }; });

  CLI::App* new_command = group->add_subcommand("new", "a working plugin to begin with");
  new_command->add_option("NAME", options->name, "the protocol's name")->required();
  new_command->add_option("--dir", options->directory, "where; else ./NAME");
  new_command->footer("Example: sallyport plugin new lines");
  new_command->callback(
      [&context, options] { context.run = [&context, options] { return make(context, *options); }; });

  add_plugin_record(*group, context);
}

}  // namespace sallyport::cli
