// A private PostgreSQL cluster on loopback, for the demo: its own folder, port, roles; no Unix socket, no
// service.
#pragma once

#include <filesystem>

#include "cli/process.h"

namespace sallyport::cli {

// What the demo's data holds in truth; none of it may come out through the gateway.
inline constexpr const char* demo_emails[] = {"ann.smith@example.com", "bob.jones@example.org",
                                              "zoe.brown@example.net"};

class DemoCluster {
 public:
  // Makes the cluster in `directory` where there is none yet, starts it at `port`, and (re)makes the sample
  // data. Passwords of the superuser and the owner of the data lie in the two files, made where they are
  // missing.
  static Result<DemoCluster> start(const std::filesystem::path& directory, uint16_t port);

  // psql as the data's owner, past the gateway: the truth.
  [[nodiscard]] Result<std::string> truth(const std::string& query) const;
  // psql as the superuser, a statement each.
  [[nodiscard]] Result<std::string> as_superuser(const std::vector<std::string>& statements) const {
    return psql("postgres", superuser_password_, "postgres", statements);
  }
  [[nodiscard]] const std::string& owner_password() const { return owner_password_; }
  void stop();

 private:
  DemoCluster(std::filesystem::path directory, uint16_t port)
      : directory_(std::move(directory)), port_(port) {}
  Result<void> find_programs();
  Result<void> create();
  Result<void> serve();
  Result<void> fill();
  Result<std::string> psql(const std::string& user, const std::string& password, const std::string& database,
                           const std::vector<std::string>& statements) const;
  [[nodiscard]] ProcessOptions as_owner(std::vector<std::string> argv) const;

  std::filesystem::path directory_;
  uint16_t port_;
  std::filesystem::path programs_;
  std::optional<uid_t> uid_;
  std::optional<gid_t> gid_;
  std::string superuser_password_, owner_password_;
  std::optional<Process> server_;
};

}  // namespace sallyport::cli
