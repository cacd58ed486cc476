// sallyport serve: runs the gateway in the foreground. SIGTERM and SIGINT drain it, SIGHUP reloads the
// config.
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "cli/canary_postgresql.h"
#include "cli/commands.h"
#include "core/control/gateway.h"

namespace sallyport::cli {

namespace {

void say(const std::string& line) { fprintf(stderr, "sallyport: %s\n", line.c_str()); }

// Signals are read from a descriptor by a thread of their own, so that no handler interrupts anything.
void watch_signals(int fd, Gateway& gateway) {
  signalfd_siginfo info{};
  while (read(fd, &info, sizeof info) == sizeof info) {
    if (info.ssi_signo == SIGUSR2) return;  // the gateway has ended
    if (info.ssi_signo == SIGHUP) {
      gateway.reload();
    } else {
      say("draining; sessions end at their next idle point");
      gateway.drain();
    }
  }
}

int serve(const Context& context) {
  // Secrets live in this process: no core dumps, no tracing by others.
  prctl(PR_SET_DUMPABLE, 0);
  const rlimit none = {.rlim_cur = 0, .rlim_max = 0};
  setrlimit(RLIMIT_CORE, &none);
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  sigset_t signals;
  sigemptyset(&signals);
  for (int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  auto gateway = Gateway::start(context.config_file, say, probe_target);
  if (!gateway) {
    for (const config::Problem& problem : gateway.error()) {
      fprintf(stderr, "%s: %s\n", problem.place.text().c_str(), problem.text.c_str());
    }
    return exit_no;
  }
  for (const std::string& address : (*gateway)->addresses()) say("listening at " + address);
  const int fd = signalfd(-1, &signals, SFD_CLOEXEC);
  std::thread watcher([fd, &gateway] { watch_signals(fd, **gateway); });
  (*gateway)->run();
  pthread_kill(watcher.native_handle(), SIGUSR2);
  watcher.join();
  close(fd);
  gateway->reset();
  say("ended");
  return exit_done;
}

}  // namespace

void add_serve(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("serve", "run the gateway in the foreground");
  command->footer("Example: sallyport --config /etc/sallyport/sallyport.toml serve");
  command->callback([&context] { context.run = [&context] { return serve(context); }; });
}

}  // namespace sallyport::cli
