#include "cli/demo_shell.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/demo_cluster.h"
#include "cli/table.h"

namespace sallyport::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr int pause_timeout_ms = 30'000;

}  // namespace

void show_command(const std::string& line) { printf("   %s %s\n", dim("$").c_str(), bold(line).c_str()); }

void show_output(const std::string& output) {
  for (size_t at = 0; at < output.size();) {
    const size_t end = std::min(output.find('\n', at), output.size());
    if (end > at) printf("   %s\n", visible(output.substr(at, end - at)).c_str());
    at = end + 1;
  }
  fflush(stdout);
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

std::string leaked_email(const std::string& text) {
  for (const char* email : demo_emails) {
    if (holds(text, email)) return email;
  }
  return "";
}

Result<json> parsed(const Result<Finished>& done) {
  if (!done) return std::unexpected(done.error());
  json value = json::parse(done->output, nullptr, false);
  if (done->exit != 0 || value.is_discarded()) return fail("no answer: " + done->output);
  return value;
}

std::string shell_quoted(const std::string& word) {
  if (word.find_first_of(" $;'\"\\`*?[]()<>|&!#~") == word.npos) return word;
  if (word.find('\'') == word.npos) return "'" + word + "'";
  std::string out = "\"";
  for (const char c : word) {
    if (c == '"' || c == '$' || c == '`' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

ProcessOptions DemoShell::psql(const DemoCaller& caller, const std::vector<std::string>& statements,
                               const std::string& output) const {
  ProcessOptions options;
  options.argv = {"psql", "-X",        "-v",      "VERBOSITY=verbose", "-v", "SHOW_CONTEXT=never",
                  "-P",   "pager=off", caller.url};
  std::string line = caller.shown;
  for (const std::string& statement : statements) {
    options.argv.insert(options.argv.end(), {"-c", statement});
    line += " -c " + shell_quoted(statement);
  }
  options.environment = caller.environment;
  options.environment.emplace_back("PGCONNECT_TIMEOUT=30");
  options.output = output;
  show_command(line);
  fflush(stdout);
  return options;
}

Result<Finished> DemoShell::sallyport(const std::vector<std::string>& words,
                                      std::vector<std::string> environment, const std::string& shown) const {
  std::error_code error;
  ProcessOptions options;
  options.argv = {fs::read_symlink("/proc/self/exe", error), "--config", setup_.config_file};
  options.argv.insert(options.argv.end(), words.begin(), words.end());
  options.environment = std::move(environment);
  options.output = scratch("demo-command.out");
  if (!shown.empty()) show_command(shown);
  Result<Finished> done = run(options, demo_query_timeout_ms);
  if (!shown.empty() && done) show_output(done->output);
  return done;
}

Result<Process> DemoShell::start_paused(const ProcessOptions& options) {
  Result<Process> process = Process::start(options);
  if (!process) return process;
  for (int waited_ms = 0; !holds(process->output(), "WARNING"); waited_ms += 50) {
    if (process->ended() || waited_ms > pause_timeout_ms)
      return fail("psql was not paused: " + process->output());
    usleep(50'000);
  }
  show_output(process->output());
  return process;
}

}  // namespace sallyport::cli
