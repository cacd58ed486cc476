#include "cli/log_source.h"

#include <stdio.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/remote.h"
#include "config/clock.h"
#include "config/quantity.h"

namespace sallyport::cli {

void add_log_option(CLI::App& command, LogSource& source) {
  command.add_option("--log", source.directory, "the log's folder; needs no configuration then");
}

void add_key_option(CLI::App& command, LogSource& source) {
  command.add_option("--key", source.key, "the auditor's private key, where texts are sealed");
}

std::optional<std::string> log_directory(const Context& context, const LogSource& source) {
  std::string directory = source.directory;
  if (directory.empty()) {
    const auto config = read_config(context);
    if (!config) return std::nullopt;
    directory = config->log.directory.string();
  }
  struct stat info {};
  if (stat(directory.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return directory;
  print_error(context, "no log in " + directory + ": a gateway makes it when it first runs");
  return std::nullopt;
}

std::optional<uint64_t> since_ns(const std::string& text) {
  if (text.empty()) return 0;
  tm parts{};
  for (const char* format : {"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"}) {
    parts = {};
    parts.tm_isdst = -1;
    const char* end = strptime(text.c_str(), format, &parts);
    if (end && *end == '\0') return static_cast<uint64_t>(mktime(&parts)) * 1'000'000'000;
  }
  const auto age_ms = config::parse_age(text);
  if (!age_ms) return std::nullopt;
  const auto now_ns = static_cast<uint64_t>(wall_ns());
  return now_ns - std::min(now_ns / 1'000'000, *age_ms) * 1'000'000;
}

int each_record(const Context& context, const std::string& directory, ringlog::Reader::Filter filter,
                const std::function<void(const ringlog::RecordView&)>& take, const std::string& key_file) {
  ringlog::Reader reader(ringlog::system_files(), directory, filter);
  std::optional<ringlog::Opener> opener;
  if (!key_file.empty()) {
    auto loaded = ringlog::Opener::load(ringlog::system_files(), key_file);
    if (!loaded) {
      print_error(context, loaded.error().text);
      return exit_unreachable;
    }
    opener.emplace(std::move(*loaded));
    reader.open_with(&*opener);
  }
  bool has_refused = false;
  while (true) {
    auto record = reader.next();
    if (!record) {
      print_error(context, record.error().text + "; `sallyport log verify` says more");
      return exit_no;
    }
    if (!*record) return exit_done;
    if (opener && (*record)->sealed && !(*record)->erased && !std::exchange(has_refused, true))
      fprintf(stderr, "sallyport: some of it is sealed to another key than %s\n", key_file.c_str());
    take(**record);
  }
}

std::optional<ringlog::Reader::Filter> find_session(const Context& context, const std::string& directory,
                                                    const std::string& name, int& exit) {
  const Result<ringlog::SessionName> parsed = ringlog::parse_session_name(name);
  if (!parsed) {
    print_error(context, parsed.error().text);
    exit = exit_usage;
    return std::nullopt;
  }
  std::optional<uint64_t> newest;
  exit = each_record(context, directory, {.instance = parsed->instance, .session = parsed->session},
                     [&newest](const ringlog::RecordView& record) { newest = record.instance; });
  if (exit != exit_done) return std::nullopt;
  if (newest) return ringlog::Reader::Filter{.instance = newest, .session = parsed->session};
  print_error(context, "no session " + name + " in the log; `sallyport sessions` lists them");
  exit = exit_no;
  return std::nullopt;
}

}  // namespace sallyport::cli
