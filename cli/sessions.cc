// sallyport sessions: who was where. From the log's files; --live asks the running gateway.
#include <stdio.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "cli/log_source.h"
#include "cli/record_text.h"
#include "cli/remote.h"
#include "cli/table.h"
#include "config/clock.h"
#include "ringlog/sessions.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;
using ringlog::SessionSummary;

struct Options {
  LogSource source;
  bool live = false;
  std::string identity, target, since;
  size_t limit = 50;
};

// Short for the newest instance that has the session, in full for an older one.
std::vector<std::string> names_of(const std::vector<SessionSummary>& sessions) {
  std::map<uint64_t, uint64_t> newest;
  for (const SessionSummary& session : sessions) {
    uint64_t& instance = newest[session.session];
    instance = std::max(instance, session.instance);
  }
  std::vector<std::string> names;
  for (const SessionSummary& session : sessions) {
    const bool is_newest = newest[session.session] == session.instance;
    names.push_back(is_newest ? ringlog::session_text(session.session)
                              : ringlog::session_text(session.instance, session.session));
  }
  return names;
}

std::string end_of(const SessionSummary& session) {
  return session.closed ? session.reason : "open, or its gateway died";
}

std::string bytes_of(const SessionSummary& session, uint64_t count) {
  return session.closed ? bytes_text(count) : "-";
}

void print_summaries(const Context& context, const std::vector<SessionSummary>& sessions,
                     const std::vector<std::string>& names, const std::vector<size_t>& chosen, size_t limit) {
  json all = json::array();
  std::vector<Row> rows;
  for (size_t i = chosen.size() - std::min(chosen.size(), limit); i < chosen.size(); ++i) {
    const SessionSummary& one = sessions[chosen[i]];
    all.push_back({{"sid", names[chosen[i]]},  {"instance", one.instance},
                   {"session", one.session},   {"started_ns", one.opened_ns},
                   {"last_ns", one.last_ns},   {"identity", one.identity},
                   {"target", one.target},     {"login", one.login},
                   {"database", one.database}, {"peer", one.peer},
                   {"protocol", one.protocol}, {"requests", one.requests},
                   {"denied", one.denied},     {"paused", one.waited},
                   {"masked", one.masked},     {"withheld", one.withheld},
                   {"bytes_in", one.bytes_in}, {"bytes_out", one.bytes_out},
                   {"closed", one.closed},     {"reason", one.reason}});
    rows.push_back({names[chosen[i]], time_text(static_cast<int64_t>(one.opened_ns)),
                    duration_text(static_cast<int64_t>(one.last_ns - one.opened_ns)),
                    one.identity.empty() ? "-" : one_line(one.identity, 30),
                    one.target.empty() ? "-" : one_line(one.target, 30),
                    one.login.empty() ? "-" : one_line(one.login, 20), std::to_string(one.requests),
                    std::to_string(one.denied), std::to_string(one.waited), bytes_of(one, one.bytes_in),
                    bytes_of(one, one.bytes_out), one_line(end_of(one), 60)});
  }
  if (context.json) {
    puts(json_text(all).c_str());
    return;
  }
  print_table({"SID", "STARTED", "LASTED", "WHO", "TARGET", "LOGIN", "REQUESTS", "DENIED", "PAUSED", "IN",
               "OUT", "ENDED"},
              rows, "no such sessions in the log");
  if (chosen.size() > limit) {
    printf("%s\n",
           dim(std::to_string(chosen.size() - limit) + " earlier ones are not shown: --limit 0 shows all")
               .c_str());
  }
}

int recorded(const Context& context, const Options& options) {
  const auto since = since_ns(options.since);
  if (!since) {
    print_error(context, since_help);
    return exit_usage;
  }
  const auto directory = log_directory(context, options.source);
  if (!directory) return exit_unreachable;
  const auto sessions = ringlog::list_sessions(ringlog::system_files(), *directory);
  if (!sessions) {
    print_error(context, sessions.error().text + "; `sallyport log verify` says more");
    return exit_no;
  }
  const std::vector<std::string> names = names_of(*sessions);
  std::vector<size_t> chosen;
  for (size_t i = 0; i < sessions->size(); ++i) {
    const SessionSummary& one = (*sessions)[i];
    const bool fits = (options.identity.empty() || one.identity == options.identity) &&
                      (options.target.empty() || one.target == options.target) && one.last_ns >= *since;
    if (fits) chosen.push_back(i);
  }
  std::ranges::stable_sort(chosen, {}, [&](size_t i) { return (*sessions)[i].opened_ns; });
  print_summaries(context, *sessions, names, chosen, options.limit == 0 ? SIZE_MAX : options.limit);
  return exit_done;
}

int live(const Context& context, const Options& options) {
  int exit = exit_done;
  const auto answer = ask_gateway(context, {{"act", "sessions"}}, "", exit);
  if (!answer) return exit;
  json all = json::array();
  std::vector<Row> rows;
  const int64_t now_ns = wall_ns();
  for (json session : (*answer)["sessions"]) {
    const auto text = [&session](const char* key) { return session.value(key, ""); };
    if (!options.identity.empty() && text("identity") != options.identity) continue;
    if (!options.target.empty() && text("target") != options.target) continue;
    const std::string sid = ringlog::session_text(session.value("session", uint64_t{0}));
    const int64_t age = now_ns - session.value("since_ns", int64_t{0});
    rows.push_back({sid, duration_text(std::max<int64_t>(age, 0)), one_line(text("identity"), 30),
                    one_line(text("target"), 30), one_line(text("login"), 20), one_line(text("database"), 20),
                    text("peer")});
    session["sid"] = sid;
    all.push_back(std::move(session));
  }
  if (context.json) {
    puts(json_text(all).c_str());
  } else {
    print_table({"SID", "AGE", "WHO", "TARGET", "LOGIN", "DATABASE", "FROM"}, rows, "no session is open");
  }
  return exit_done;
}

}  // namespace

void add_sessions(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("sessions", "who was where, from the log");
  command->add_flag("--live", options->live, "those open now, from the running gateway");
  command->add_option("--identity", options->identity, "only of this identity");
  command->add_option("--target", options->target, "only at this target");
  command->add_option("--since", options->since,
                      "only with records since then: 2h, 2026-11-23, \"2026-11-23 03:12\"");
  command->add_option("--limit", options->limit, "at most the newest so many; 0: all")->capture_default_str();
  add_log_option(*command, options->source);
  command->footer("Example: sallyport sessions --identity ci-backup --since 24h");
  command->callback([&context, options] {
    context.run = [&context, options] {
      return options->live ? live(context, *options) : recorded(context, *options);
    };
  });
}

}  // namespace sallyport::cli
