// sallyport demo: a private PostgreSQL, a new installation beside it, and every promise shown with psql.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "cli/demo_oidc.h"
#include "cli/demo_steps.h"
#include "cli/remote.h"
#include "cli/table.h"

namespace sallyport::cli {

namespace {

namespace fs = std::filesystem;

constexpr int gateway_start_timeout_ms = 60'000;
constexpr int gateway_stop_timeout_ms = 40'000;

struct Options {
  bool once = false, oidc = false;
  std::string directory;
};

volatile sig_atomic_t interrupted = 0;
void on_signal(int) { interrupted = 1; }

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaction(number, &action, nullptr);
}

class Demo {
 public:
  Demo(const Context& context, const Options& options) : context_(context), options_(options) {}
  ~Demo() { clean(); }

  int run() {
    if (Result<void> ready = prepare(); !ready) return failed(ready.error());
    introduce();
    DemoSteps steps(setup_, *cluster_);
    const std::vector<DemoStep> story = oidc_ ? oidc_->all() : steps.all();
    int number = 0;
    bool proven = true;
    for (const DemoStep& step : story) {
      printf("\n%s\n", bold(std::to_string(++number) + "  " + step.title).c_str());
      fflush(stdout);
      const Result<std::string> outcome = step.prove();
      if (interrupted) return failed({"interrupted"});
      printf("   %s %s\n", outcome ? "✓" : "✗",
             visible(outcome ? *outcome : "NOT PROVEN: " + outcome.error().text).c_str());
      proven = proven && outcome.has_value();
      // What follows a failed pause or approval would only wait for nothing.
      if (!proven) break;
    }
    printf("\n%s\n", bold(proven ? "all " + std::to_string(number) + " steps proven"
                                 : "step " + std::to_string(number) + " of " + std::to_string(story.size()) +
                                       " is not proven")
                         .c_str());
    fflush(stdout);
    if (!options_.once && proven) stay();
    return proven ? exit_done : exit_no;
  }

 private:
  int failed(const Error& error) {
    print_error(context_, error.text);
    return exit_no;
  }

  void progress(const char* what) {
    printf("%s\n", dim(what).c_str());
    fflush(stdout);
  }

  Result<void> prepare() {
    if (Result<void> made = make_directory(); !made) return made;
    const bool exists = fs::exists(directory_ / "sallyport.toml");
    uint16_t port = 0;
    if (exists) {
      Result<Setup> setup = read_setup(directory_);
      if (!setup) return std::unexpected(setup.error());
      setup_ = std::move(*setup);
      port = setup_.target_address.port;
    } else {
      const Result<uint16_t> found = free_port();
      if (!found) return std::unexpected(found.error());
      port = *found;
    }
    progress("starting a private PostgreSQL on loopback …");
    Result<DemoCluster> cluster = DemoCluster::start(directory_ / "cluster", port);
    if (!cluster) return std::unexpected(cluster.error());
    cluster_ = std::move(*cluster);
    if (!exists) {
      progress("sallyport init …");
      if (Result<void> made = install(port); !made) return made;
    }
    if (options_.oidc) {
      Result<std::unique_ptr<DemoOidc>> story = DemoOidc::open(setup_, *cluster_);
      if (!story) return std::unexpected(story.error());
      oidc_ = std::move(*story);
    }
    progress("sallyport serve …");
    return start_gateway();
  }

  // Of this demo alone and removed with it, unless the caller named one. The user postgres must get through
  // it.
  Result<void> make_directory() {
    std::error_code error;
    if (!options_.directory.empty()) {
      directory_ = fs::absolute(options_.directory);
      fs::create_directories(directory_, error);
      return error ? Result<void>(fail("make the folder " + directory_.string() + ": " + error.message()))
                   : Result<void>();
    }
    std::string name = (fs::temp_directory_path(error) / "sallyport-demo-XXXXXX").string();
    if (!mkdtemp(name.data())) return fail_errno("make a folder " + name, errno);
    directory_ = name;
    is_ours_ = true;
    if (chmod(name.c_str(), 0711) != 0) return fail_errno("open the folder " + name, errno);
    return {};
  }

  Result<void> install(uint16_t cluster_port) {
    const Result<uint16_t> port = free_port();
    if (!port) return std::unexpected(port.error());
    SetupOptions setup;
    setup.directory = directory_;
    setup.target_address = "127.0.0.1:" + std::to_string(cluster_port);
    setup.target_database = "shop";
    setup.target_user = "app";
    setup.target_password = cluster_->owner_password();
    setup.listen = "127.0.0.1:" + std::to_string(*port);
    Result<Setup> made = make_setup(setup);
    if (!made) return std::unexpected(made.error());
    setup_ = std::move(*made);
    return options_.oidc ? DemoOidc::install(setup_, *cluster_) : Result<void>();
  }

  Result<void> start_gateway() {
    std::error_code error;
    ProcessOptions options;
    options.argv = {fs::read_symlink("/proc/self/exe", error), "--config", setup_.config_file, "serve"};
    options.output = (directory_ / "gateway.log").string();
    Result<Process> gateway = Process::start(options);
    if (!gateway) return std::unexpected(gateway.error());
    gateway_ = std::move(*gateway);
    for (int waited_ms = 0; waited_ms < gateway_start_timeout_ms; waited_ms += 50) {
      const std::string said = gateway_->output();
      if (gateway_->ended()) return fail("the gateway did not start: " + said);
      if (said.find("listening at") != said.npos) return {};
      usleep(50'000);
    }
    return fail("the gateway did not start in time");
  }

  void introduce() {
    printf("\nThe gateway listens at %s, in front of PostgreSQL at %s. These lines make your shell ready:\n",
           setup_.listen.text().c_str(), setup_.target_address.text().c_str());
    std::error_code error;
    const std::string self = fs::read_symlink("/proc/self/exe", error).parent_path().string();
    printf("   export PATH=\"%s:$PATH\" SALLYPORT_CONFIG=%s\n", self.c_str(), setup_.config_file.c_str());
    printf("   export PGPASSWORD=$(cat %s)\n", setup_.secret_file(setup_agent).c_str());
    printf("   AGENT='%s'\n", setup_.url(setup_agent).c_str());
  }

  void stay() {
    printf("\nIt stays up; paste the lines from the top into another terminal, then for example\n");
    printf("   psql \"$AGENT\"\n");
    printf("   sallyport approvals\n");
    printf("   SALLYPORT_SECRET=$(cat %s) sallyport approve ID --as %s\n",
           setup_.secret_file(setup_approver).c_str(), setup_approver);
    printf("   sallyport tail -f\n   sallyport explain --as %s --target %s 'DELETE FROM customers'\n",
           setup_agent, setup_.target.c_str());
    printf(
        "The configuration is %s; change it, then `sallyport reload`.\nCtrl-C ends it all and removes it.\n",
        setup_.config_file.c_str());
    fflush(stdout);
    while (!interrupted && gateway_ && !gateway_->ended()) usleep(200'000);
    printf("\nending …\n");
  }

  void clean() {
    if (gateway_) gateway_->stop(SIGTERM, gateway_stop_timeout_ms);
    if (cluster_) cluster_->stop();
    std::error_code error;
    // The log's rings lie in shared memory; the gateway has emptied their folder.
    if (const auto config = config::load(directory_ / "sallyport.toml"))
      fs::remove(config->log.ring_dir, error);
    if (is_ours_) fs::remove_all(directory_, error);
  }

  const Context& context_;
  const Options& options_;
  fs::path directory_;
  bool is_ours_ = false;
  Setup setup_;
  std::optional<DemoCluster> cluster_;
  std::unique_ptr<DemoOidc> oidc_;  // the story with providers, where it is asked for
  std::optional<Process> gateway_;
};

int demo(const Context& context, const Options& options) {
  catch_signals();
  return Demo(context, options).run();
}

}  // namespace

void add_demo(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "demo", "see it all: a private PostgreSQL, the gateway, masked, paused, approved, verified");
  command->add_flag("--once", options->once,
                    "end after the last step; exits 0 only if every step was proven");
  command->add_flag("--oidc", options->oidc,
                    "another story: a CI job's token, a role made for it, a webhook, an approver elsewhere");
  command->add_option(
      "--dir", options->directory,
      "keep everything in this folder; a configuration that is there already is used as it is");
  command->footer("Example: sallyport demo --once");
  command->callback(
      [&context, options] { context.run = [&context, options] { return demo(context, *options); }; });
}

}  // namespace sallyport::cli
