#include "cli/setup_config.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

#include "config/limits.h"

namespace sallyport::cli {

namespace {

constexpr const char* text =
    R"(# Written by `sallyport init`. `sallyport check` finds every mistake at once, `sallyport reload` puts a changed
# file in force, `sallyport explain` says what would become of a statement and why.

[server]
@WORKERS@state_dir  = "state"
plugin_dir = "@PLUGIN_DIR@"
plugins    = ["postgresql"]
@LOG@
[[listener]]
protocol = "postgresql"
address  = "@LISTEN@"
tls      = { certificate = "file:@CERTIFICATE@", key = "file:@KEY@" }

# Secrets of users never stand here: these are SCRAM verifiers, made by `sallyport user hash`.
[[user]]
name   = "agent"
groups = ["agents"]
secret = "@AGENT@"

[[user]]
name   = "approver"
groups = ["approvers"]
secret = "@APPROVER@"

[[target]]
name     = "@TARGET@"
protocol = "postgresql"
address  = "@ADDRESS@"
tls      = "@TLS@"
database = "@DATABASE@"
allow    = ["agents", "approvers"]
default  = "deny"                     # when no rule below matches
logins   = { main = { credential = { user = "@USER@", password = "file:secrets/@TARGET@" } } }
record   = { responses = "1 MiB" }

# Personal data and secrets, found by their content; fields = ["customers.email", "*.ssn"] would add columns by name.
[[mask]]
name     = "personal-data"
targets  = ["@TARGET@"]
detect   = ["@pii", "@secrets"]
action   = "partial"

# The first rule that matches decides.
[[rule]]
name      = "no-escape"
targets   = ["@TARGET@"]
use       = "sql/escape"
action    = "deny"
reason    = "runs what the statement does not show"

[[rule]]
name      = "destructive-sql"
targets   = ["@TARGET@"]
use       = "sql/destructive"
action    = "approve"
approvers = ["approvers"]
hold      = "1m"                      # how long the connection waits; then it is told to come back
timeout   = "10m"                     # how long the request stays open

[[rule]]
name      = "reading"
targets   = ["@TARGET@"]
use       = "sql/read-only"
action    = "allow"

[[rule]]
name      = "writing"
targets   = ["@TARGET@"]
match     = { verb = ["INSERT", "UPDATE", "DELETE"] }
action    = "allow"
)";

void put(std::string& in, const std::string& name, const std::string& value) {
  for (size_t at = in.find(name); at != in.npos; at = in.find(name, at + value.size()))
    in.replace(at, name.size(), value);
}

// Each core keeps its last records in shared memory. Containers often have little of it: then the rings are
// small, and if need be there are fewer cores.
void fit_memory(std::string& workers, std::string& log) {
  struct statvfs info {};
  if (statvfs("/dev/shm", &info) != 0) return;
  const uint64_t room = uint64_t{info.f_bavail} * info.f_frsize / 10 * 8;
  const auto cores = static_cast<uint64_t>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
  if (room >= cores * limits::log_ring_size) return;
  constexpr uint64_t small = 4 * limits::record_size_max;
  log = "\n[log]\nring_size = \"" + std::to_string(small / limits::MiB) +
        " MiB\"   # a core's; /dev/shm is small here\n";
  if (room < cores * small) {
    workers = "workers    = " + std::to_string(std::max<uint64_t>(1, room / small)) +
              "   # as many rings as /dev/shm holds\n";
  }
}

}  // namespace

std::string setup_config(const SetupOptions& options, const SetupSecrets& secrets,
                         const std::string& plugin_dir) {
  std::string workers, log, made = text;
  fit_memory(workers, log);
  put(made, "@WORKERS@", workers);
  put(made, "@LOG@", log);
  put(made, "@PLUGIN_DIR@", plugin_dir);
  put(made, "@LISTEN@", options.listen);
  put(made, "@CERTIFICATE@", options.certificate.empty() ? "tls/server.crt" : options.certificate.string());
  put(made, "@KEY@", options.key.empty() ? "tls/server.key" : options.key.string());
  put(made, "@AGENT@", secrets.agent);
  put(made, "@APPROVER@", secrets.approver);
  put(made, "@TARGET@", options.target_name);
  put(made, "@ADDRESS@", options.target_address);
  put(made, "@TLS@", options.target_tls);
  put(made, "@DATABASE@", options.target_database);
  put(made, "@USER@", options.target_user);
  return made;
}

}  // namespace sallyport::cli
