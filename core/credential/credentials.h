// Credentials: keys for sessions whose login has none that stands in a file. Keeps the Leases, has workers of
// its own make, renew and take back what they are of, and sweeps what earlier runs of this gateway left
// behind. Control thread.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/control/messages.h"
#include "core/control/workers.h"
#include "core/credential/keeper.h"
#include "core/credential/leases.h"
#include "core/credential/role_keeper.h"
#include "core/credential/vault_keeper.h"

namespace sallyport::credential {

class Credentials {
 public:
  struct Ports {
    std::function<void(uint16_t core, ToCore&& message)> send;
    std::function<void(const std::string&)> say;  // a line for the operator
  };

  // `wake_fd`: an eventfd that is written when run() has something to do.
  Credentials(Ports ports, const std::filesystem::path& state_dir, int wake_fd);
  ~Credentials();
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  void wanted(CredentialWanted&& wanted);
  void left(const SessionRef& session) { leases_.left(session); }
  void on_snapshot(SnapshotPointer snapshot);
  // What workers have done, and what time brings. `now_ns` of steady_ns().
  void run(int64_t now_ns);
  // Takes everything back, for limits::lease_end_timeout_ms at most.
  void finish();
  [[nodiscard]] nlohmann::json status(int64_t now_ns) const;

 private:
  struct Held {
    Task task;
    std::string handle;  // the role, the vault's lease
    KeyPointer key;
    bool has_said = false;  // that it cannot be taken back
  };
  struct Sweep {
    Task task;
    int64_t due_ns = 0;
    uint32_t tries = 0;
    bool is_at_work = false;
    std::string fault;
  };

  void apply(Leases::Effects&& effects);
  void start(const Leases::Job& job);
  void start_mint(const Leases::Job& job, const Held& held);
  void on_minted(Leases::Id id, Outcome<Made>&& made);
  void on_renewed(Leases::Id id, const Outcome<int64_t>& life_ns);
  void on_dropped(Leases::Id id, const Outcome<void>& done);
  void start_sweeps(int64_t now_ns);
  void say(const std::string& text);

  Ports ports_;
  SnapshotPointer snapshot_;
  std::atomic<bool> stopping_ = false;
  RolePrefix prefix_;
  RoleKeeper roles_;
  VaultKeeper vaults_;
  Leases leases_;
  std::map<Leases::Id, Held> held_;
  std::map<std::string, Sweep> sweeps_;  // by target and meaning of the login
  std::map<std::string, int64_t> said_;  // what was said, and when: an outage is no flood
  std::map<std::string, std::string>
      faults_;  // the last one of a login, by Task::name(); gone with a success
  std::unique_ptr<Workers> workers_;
};

}  // namespace sallyport::credential
