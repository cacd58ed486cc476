#include "cli/login_output.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "cli/login_state.h"
#include "cli/table.h"
#include "config/clock.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;

Result<void> rewrite(const std::string& path,
                     const std::function<Result<std::string>(const std::string&)>& change) {
  const Result<std::string> old = read_private(path);
  if (!old) return std::unexpected(old.error());
  const Result<std::string> fresh = change(*old);
  if (!fresh) return std::unexpected(Error(fresh.error()).in(path));
  return write_private(path, *fresh);
}

Result<std::string> from_home(const char* variable, const char* name) {
  if (const char* given = getenv(variable); given && given[0] != '\0') return given;
  const Result<std::string> home = home_folder();
  return home ? Result<std::string>(*home + "/" + name) : home;
}

Result<void> write_passwords(const Ticketed& login, const std::string& path) {
  std::vector<PasswordEntry> entries;
  for (const ReadyLine& line : login.lines) entries.push_back(line.password_entry(login.ticket));
  return rewrite(path, [&entries](const std::string& old) { return with_passwords(old, entries); });
}

Result<void> write_services(const Ticketed& login, const std::string& prefix, const std::string& path) {
  std::vector<Service> services;
  for (const ReadyLine& line : login.lines) services.push_back(line.service(login.ticket, prefix));
  const std::string mark = "# by sallyport login at " + login.gateway.url;
  return rewrite(path, [&](const std::string& old) { return with_services(old, services, mark); });
}

std::string own_passfile() {
  const Result<std::string> folder = login_state_folder();
  return folder ? *folder + "/pgpass" : "";
}

// What a line's reader needs beside it to find the password: nothing where it stands in libpq's own file.
std::string line_of(const ReadyLine& line, const Ticketed& login, const OutputWish& wish) {
  if (wish.show) return line.url(login.ticket.text, "");
  return line.url("", wish.pgpass ? "" : own_passfile());
}

bool may_show(const OutputWish& wish) { return wish.show || !isatty(STDOUT_FILENO); }

std::string utc_text(int64_t ns) {
  const time_t seconds = static_cast<time_t>(ns / 1'000'000'000);
  tm parts{};
  char text[32];
  gmtime_r(&seconds, &parts);
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

void print_json(const Ticketed& login, const OutputWish& wish, const std::vector<std::string>& written) {
  json targets = json::array();
  for (const ReadyLine& line : login.lines) {
    targets.push_back({{"name", line.target},
                       {"login", line.login},
                       {"protocol", line.protocol},
                       {"host", line.host},
                       {"port", line.port},
                       {"user", line.user},
                       {"database", line.database},
                       {"sslmode", line.sslmode},
                       {"sslrootcert", line.ca},
                       {"service", wish.service ? wish.service_prefix + line.name : ""},
                       {"url", line_of(line, login, wish)}});
  }
  json out = {{"ok", true},
              {"gateway", login.gateway.url},
              {"identity", login.ticket.identity},
              {"id", login.ticket.id},
              {"expires", utc_text(login.ticket.expires_ns)},
              {"targets", targets},
              {"written", written}};
  if (may_show(wish)) out["ticket"] = login.ticket.text;
  puts(out.dump(2, ' ', false, json::error_handler_t::replace).c_str());
}

Result<void> print_env(const Ticketed& login, const OutputWish& wish) {
  const auto& lines = login.lines;
  std::string names;
  for (const ReadyLine& line : lines) names += (names.empty() ? "" : ", ") + line.name;
  const auto found = wish.env_target.empty() && lines.size() == 1
                         ? lines.begin()
                         : std::ranges::find(lines, wish.env_target, &ReadyLine::name);
  if (found == lines.end()) {
    return fail("--env is for one target: --target NAME, one of " + (names.empty() ? "none" : names));
  }
  for (const auto& [name, value] : found->environment())
    printf("export %s=%s\n", name.c_str(), shell_word(value).c_str());
  printf("export PGPASSWORD=%s\n", shell_word(login.ticket.text).c_str());
  printf("export SALLYPORT_GATEWAY=%s\nexport SALLYPORT_TICKET=%s\n", shell_word(login.gateway.url).c_str(),
         shell_word(login.ticket.text).c_str());
  return {};
}

void print_text(const Ticketed& login, const OutputWish& wish, const std::vector<std::string>& written) {
  const Granted& ticket = login.ticket;
  // A second more: eight hours are not seven.
  const int64_t left_ns = std::max<int64_t>(ticket.expires_ns - wall_ns(), 0) + 1'000'000'000;
  printf("Logged in as %s until %s (%s).\n", bold(visible(ticket.identity)).c_str(),
         time_text(ticket.expires_ns).c_str(), duration_text(left_ns).c_str());
  for (const ReadyLine& line : login.lines) {
    const std::string url = line_of(line, login, wish);
    printf("\n  %s%s\n", bold(line.name).c_str(),
           line.database.empty() ? "" : dim("  database " + visible(line.database)).c_str());
    if (wish.service) printf("    psql service=%s\n", shell_word(wish.service_prefix + line.name).c_str());
    if (!wish.service || wish.show) printf("    psql \"%s\"\n", url.c_str());
  }
  for (const OpenTarget& target : ticket.targets) {
    const auto has = std::ranges::find(login.lines, target.name, &ReadyLine::target);
    if (has == login.lines.end())
      printf("\n  %s  %s\n", bold(target.name).c_str(),
             dim("speaks " + target.protocol + ": tickets open PostgreSQL targets").c_str());
  }
  if (ticket.targets.empty()) printf("\nIt opens no target: ask who writes the gateway's configuration.\n");
  printf("\n");
  for (const std::string& path : written) printf("%s\n", dim("The ticket stands in " + path).c_str());
  printf("%s\n", dim("To end it: sallyport tickets revoke " + ticket.id).c_str());
}

}  // namespace

Result<void> write_login(const Ticketed& login, const OutputWish& wish, std::vector<std::string>& written) {
  const Result<LoginLock> lock = LoginLock::take();
  if (!lock) return std::unexpected(lock.error());
  const Granted& ticket = login.ticket;
  Result<void> done = keep_ticket({.gateway = login.gateway,
                                   .text = ticket.text,
                                   .id = ticket.id,
                                   .identity = ticket.identity,
                                   .expires_ns = ticket.expires_ns});
  if (done) done = write_passwords(login, own_passfile());
  if (done && !wish.pgpass && !wish.service) written.push_back(own_passfile());
  if (done && wish.pgpass) {
    const Result<std::string> path = from_home("PGPASSFILE", ".pgpass");
    if (!path) return std::unexpected(path.error());
    done = write_passwords(login, *path);
    written.push_back(*path);
  }
  if (done && wish.service) {
    const Result<std::string> path = from_home("PGSERVICEFILE", ".pg_service.conf");
    if (!path) return std::unexpected(path.error());
    done = write_services(login, wish.service_prefix, *path);
    written.push_back(*path);
  }
  return done;
}

Result<void> check_output(const OutputWish& wish) {
  if (wish.env && !may_show(wish)) {
    return fail(
        "--env prints the ticket, and this is a terminal: write  eval \"$(sallyport login … --env)\"  or add "
        "--show");
  }
  return {};
}

Result<void> print_login(const Ticketed& login, const OutputWish& wish,
                         const std::vector<std::string>& written) {
  Result<void> done;
  if (wish.env) {
    done = print_env(login, wish);
  } else if (wish.json) {
    print_json(login, wish, written);
  } else {
    print_text(login, wish, written);
  }
  fflush(stdout);
  return done;
}

}  // namespace sallyport::cli
