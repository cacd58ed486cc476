#include "cli/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "cli/policy_source.h"
#include "cli/secret.h"
#include "config/quantity.h"
#include "core/control/admin.h"

namespace sallyport::cli {

std::optional<config::Config> read_config(const Context& context) {
  auto config = config::load(context.config_file);
  if (config) return std::move(*config);
  report_problems(context, config.error());
  return std::nullopt;
}

namespace {

// The gateway does not say which of the two is wrong; who reads its config may know.
std::string doubt(const config::Config& config, const std::string& as, const Error& error) {
  if (error.code != 0 || error.text.find("secret is wrong") == std::string::npos) return "";
  std::vector<std::string> names;
  for (const config::User& user : config.users) names.push_back(user.name);
  if (std::ranges::find(names, as) == names.end())
    return ": the config has no user " + config::in_quotes(as) + config::did_you_mean(as, names);
  return std::string(": the secret of ") + as + " was read from " +
         (getenv("SALLYPORT_SECRET") ? "SALLYPORT_SECRET" : "the prompt or standard input");
}

}  // namespace

std::optional<nlohmann::json> ask_gateway(const Context& context, nlohmann::json request,
                                          const std::string& as, int& exit) {
  exit = exit_unreachable;
  // The gateway that runs may have started from a better file than stands there now: only the way to it
  // matters.
  config::Loading loading = config::load_all(context.config_file);
  if (!loading.readable) {
    report_problems(context, std::move(loading).sorted());
    return std::nullopt;
  }
  if (!as.empty()) {
    const Result<std::string> secret = secret_of(as);
    if (!secret) {
      exit = exit_usage;
      print_error(context, secret.error().text);
      return std::nullopt;
    }
    request["as"] = as;
    request["secret"] = *secret;
  }
  Result<nlohmann::json> answer = ask_admin(loading.config.admin.socket.string(), request);
  if (answer) {
    exit = exit_done;
    return std::move(*answer);
  }
  // A refusal is an answer; only silence is being unreachable.
  exit = answer.error().code == 0 ? exit_no : exit_unreachable;
  print_error(context, answer.error().text + (as.empty() ? "" : doubt(loading.config, as, answer.error())));
  return std::nullopt;
}

Result<std::string> secret_of(const std::string& as) {
  const char* given = getenv("SALLYPORT_SECRET");
  std::string secret = given ? given : read_secret_line("secret of " + as + ": ");
  if (!secret.empty()) return secret;
  return fail("no secret of " + as + (given ? ": SALLYPORT_SECRET is empty" : "") +
              ": put it into SALLYPORT_SECRET, or give it at the prompt or on standard input");
}

std::string read_secret_line(const std::string& prompt) {
  std::string line;
  termios old{};
  const bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &old) == 0;
  if (terminal) {
    termios silent = old;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &silent);
    fprintf(stderr, "%s", prompt.c_str());  // not before: who answers at once must not see the secret
  }
  std::getline(std::cin, line);
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSANOW, &old);
    fputc('\n', stderr);
  }
  return line;
}

void print_error(const Context& context, const std::string& text) {
  if (context.json) {
    printf("%s\n", nlohmann::json({{"ok", false}, {"error", text}}).dump(2).c_str());
  } else {
    fprintf(stderr, "sallyport: %s\n", text.c_str());
  }
}

}  // namespace sallyport::cli
