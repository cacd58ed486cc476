// The commands. Each file adds its own to the app and, when chosen, sets `context.run`. Exit codes: 0 done, 1
// the answer is no (a problem found, a refusal), 2 wrong use, 3 the gateway or a file cannot be reached.
#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace sallyport::cli {

enum Exit : int { exit_done = 0, exit_no = 1, exit_usage = 2, exit_unreachable = 3 };

struct Context {
  std::string config_file = "/etc/sallyport/sallyport.toml";
  bool json = false;
  std::function<int()> run;
};

using Add = void (*)(CLI::App&, Context&);

void add_approvals(CLI::App&, Context&);
void add_canary(CLI::App&, Context&);
void add_check(CLI::App&, Context&);
void add_demo(CLI::App&, Context&);
void add_explain(CLI::App&, Context&);
void add_grants(CLI::App&, Context&);
void add_init(CLI::App&, Context&);
void add_log(CLI::App&, Context&);
void add_kill(CLI::App&, Context&);
void add_login(CLI::App&, Context&);
void add_operate(CLI::App&, Context&);
void add_plugin(CLI::App&, Context&);
void add_replay(CLI::App&, Context&);
void add_report(CLI::App&, Context&);
void add_search(CLI::App&, Context&);
void add_serve(CLI::App&, Context&);
void add_sessions(CLI::App&, Context&);
void add_show(CLI::App&, Context&);
void add_tail(CLI::App&, Context&);
void add_targets(CLI::App&, Context&);
void add_tickets(CLI::App&, Context&);
void add_user(CLI::App&, Context&);

// In the order of --help.
inline constexpr Add commands[] = {
    add_demo,     add_serve,   add_init, add_check,  add_explain, add_targets, add_user,   add_approvals,
    add_sessions, add_search,  add_show, add_replay, add_tail,    add_report,  add_grants, add_canary,
    add_log,      add_operate, add_kill, add_login,  add_tickets, add_plugin};

}  // namespace sallyport::cli
