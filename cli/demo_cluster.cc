#include "cli/demo_cluster.h"

#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "cli/setup.h"
#include "config/file.h"

namespace sallyport::cli {

namespace {

namespace fs = std::filesystem;

constexpr int initdb_timeout_ms = 120'000;
constexpr int start_timeout_ms = 60'000;
constexpr int query_timeout_ms = 30'000;
constexpr int stop_timeout_ms = 20'000;
constexpr size_t password_size_max = 200;

Result<std::string> kept_secret(const fs::path& file) {
  if (fs::exists(file)) {
    Result<std::string> text = config::read_file(file, password_size_max);
    if (!text) return text;
    return text->substr(0, text->find('\n'));
  }
  const std::string made = random_secret();
  std::ofstream out(file);
  out << made << '\n';
  out.close();
  if (!out || chmod(file.c_str(), 0600) != 0) return fail("cannot write " + file.string());
  return made;
}

// What a program said last, for an error.
std::string last_lines(const std::string& output) {
  const size_t size = std::min<size_t>(output.size(), 600);
  return output.substr(output.size() - size);
}

}  // namespace

Result<DemoCluster> DemoCluster::start(const fs::path& directory, uint16_t port) {
  DemoCluster cluster(directory, port);
  for (auto step :
       {&DemoCluster::find_programs, &DemoCluster::create, &DemoCluster::serve, &DemoCluster::fill}) {
    if (Result<void> done = (cluster.*step)(); !done) return std::unexpected(done.error());
  }
  return cluster;
}

Result<void> DemoCluster::find_programs() {
  std::error_code error;
  // The newest version that stands there.
  int newest = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator("/usr/lib/postgresql", error)) {
    const int version = atoi(entry.path().filename().c_str());
    if (version > newest && fs::exists(entry.path() / "bin/initdb")) {
      newest = version;
      programs_ = entry.path() / "bin";
    }
  }
  if (newest == 0) return fail("PostgreSQL's server is missing: apt install postgresql-15");
  // PostgreSQL refuses to run as root.
  if (geteuid() != 0) return {};
  const passwd* user = getpwnam("postgres");
  if (!user) return fail("PostgreSQL does not run as root, and there is no user \"postgres\" to drop to");
  uid_ = user->pw_uid;
  gid_ = user->pw_gid;
  return {};
}

ProcessOptions DemoCluster::as_owner(std::vector<std::string> argv) const {
  ProcessOptions options;
  options.argv = std::move(argv);
  options.environment = {"LC_ALL=C.UTF-8"};
  options.output = (directory_ / "postgres.log").string();
  options.uid = uid_;
  options.gid = gid_;
  options.death_signal = SIGINT;  // PostgreSQL's fast shutdown
  return options;
}

Result<void> DemoCluster::create() {
  std::error_code error;
  fs::create_directories(directory_, error);
  if (error) return fail("make the folder " + directory_.string() + ": " + error.message());
  const Result<std::string> superuser = kept_secret(directory_ / "superuser.txt"),
                            owner = kept_secret(directory_ / "owner.txt");
  if (!superuser) return std::unexpected(superuser.error());
  if (!owner) return std::unexpected(owner.error());
  superuser_password_ = *superuser;
  owner_password_ = *owner;
  if (uid_ && (chown(directory_.c_str(), *uid_, *gid_) != 0 ||
               chown((directory_ / "superuser.txt").c_str(), *uid_, *gid_) != 0)) {
    return fail_errno("give " + directory_.string() + " to the user postgres", errno);
  }
  if (fs::exists(directory_ / "data/PG_VERSION")) return {};
  const Result<Finished> made =
      run(as_owner({programs_ / "initdb", "-D", directory_ / "data", "-U", "postgres", "-A", "scram-sha-256",
                    "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--pwfile", directory_ / "superuser.txt"}),
          initdb_timeout_ms);
  if (!made) return std::unexpected(made.error());
  if (made->exit != 0) return fail("initdb: " + last_lines(made->output));
  return {};
}

Result<void> DemoCluster::serve() {
  Result<Process> server =
      Process::start(as_owner({programs_ / "postgres", "-D", directory_ / "data", "-p", std::to_string(port_),
                               "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c",
                               "fsync=off", "-c", "logging_collector=off"}));
  if (!server) return std::unexpected(server.error());
  server_ = std::move(*server);
  for (int waited_ms = 0; waited_ms < start_timeout_ms; waited_ms += 100) {
    if (server_->ended()) return fail("PostgreSQL did not start: " + last_lines(server_->output()));
    if (psql("postgres", superuser_password_, "postgres", {"SELECT 1"})) return {};
    usleep(100'000);
  }
  return fail("PostgreSQL did not answer: " + last_lines(server_->output()));
}

Result<void> DemoCluster::fill() {
  const std::string role =
      "DO $$ BEGIN CREATE ROLE app LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$";
  const auto made = psql("postgres", superuser_password_, "postgres",
                         {role, "ALTER ROLE app PASSWORD '" + owner_password_ + "'"});
  if (!made) return std::unexpected(made.error());
  const auto there = psql("postgres", superuser_password_, "postgres",
                          {"SELECT count(*) FROM pg_database WHERE datname = 'shop'"});
  if (!there) return std::unexpected(there.error());
  if (!there->starts_with("1")) {
    const auto database =
        psql("postgres", superuser_password_, "postgres", {"CREATE DATABASE shop OWNER app"});
    if (!database) return std::unexpected(database.error());
  }
  std::string rows;
  const char* names[] = {"Ann Smith", "Bob Jones", "Zoe Brown"};
  for (size_t i = 0; i < std::size(demo_emails); ++i) {
    rows += std::string(i == 0 ? "(" : ", (") + std::to_string(i + 1) + ", '" + names[i] + "', '" +
            demo_emails[i] + "')";
  }
  const auto filled = psql("app", owner_password_, "shop",
                           {"SET client_min_messages = error", "DROP TABLE IF EXISTS customers, old_orders",
                            "CREATE TABLE customers (id int PRIMARY KEY, name text, email text)",
                            "INSERT INTO customers VALUES " + rows, "CREATE TABLE old_orders (id int)"});
  if (!filled) return std::unexpected(filled.error());
  return {};
}

Result<std::string> DemoCluster::psql(const std::string& user, const std::string& password,
                                      const std::string& database,
                                      const std::vector<std::string>& statements) const {
  ProcessOptions options;
  options.argv = {"psql",
                  "-X",
                  "-q",
                  "-A",
                  "-t",
                  "-v",
                  "ON_ERROR_STOP=1",
                  "-h",
                  "127.0.0.1",
                  "-p",
                  std::to_string(port_),
                  "-U",
                  user,
                  "-d",
                  database};
  for (const std::string& statement : statements) options.argv.insert(options.argv.end(), {"-c", statement});
  options.environment = {"PGPASSWORD=" + password, "PGSSLMODE=disable", "PGCONNECT_TIMEOUT=5"};
  options.output = (directory_ / "psql.out").string();
  Result<Finished> done = run(options, query_timeout_ms);
  if (!done) return std::unexpected(done.error());
  if (done->exit != 0) return fail("psql: " + last_lines(done->output));
  return done->output;
}

Result<std::string> DemoCluster::truth(const std::string& query) const {
  return psql("app", owner_password_, "shop", {query});
}

void DemoCluster::stop() {
  if (server_) server_->stop(SIGINT, stop_timeout_ms);
}

}  // namespace sallyport::cli
