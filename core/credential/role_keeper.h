// Makes, renews and drops roles over control connections of its own, a few of which it keeps open for each
// login so that a new role costs one round trip. Blocks; called by several workers at once, never by the
// control thread.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "core/credential/keeper.h"
#include "core/credential/pg_connection.h"
#include "core/credential/role.h"

namespace sallyport::credential {

class RoleKeeper {
 public:
  RoleKeeper(RolePrefix prefix, const std::atomic<bool>& stopping)
      : prefix_(std::move(prefix)), stopping_(stopping) {}

  // `role` from role_name(); it is there afterwards, or there is a Fault.
  [[nodiscard]] Outcome<Made> mint(const Task& task, const std::string& role, int64_t life_ns);
  [[nodiscard]] Outcome<void> renew(const Task& task, const std::string& role, int64_t life_ns);
  // Ends its sessions, gives what it owns to the owner, and drops it. Done too where it is not there.
  [[nodiscard]] Outcome<void> drop(const Task& task, const std::string& role);
  // Drops what earlier runs have left behind; how many that were.
  [[nodiscard]] Outcome<size_t> sweep(const Task& task);

 private:
  using Rows = PgConnection::Rows;
  using Use = std::function<PgResult<Rows>(PgConnection& connection, bool again)>;

  // On a kept connection if there is one. One that turns out to be dead was so before: it is done `again` on
  // a fresh one, and must come to the same if it had been done already.
  PgResult<Rows> with_connection(const Task& task, int64_t deadline_ns, const Use& use);
  PgResult<Rows> drop_on(PgConnection& connection, const Task& task, const std::string& role,
                         int64_t deadline_ns);
  PgResult<Rows> disown(PgConnection& connection, const Task& task, const std::string& role,
                        int64_t deadline_ns);
  std::vector<PgConnection> take(const std::string& of);
  void keep(const std::string& of, PgConnection connection);

  const RolePrefix prefix_;
  const std::atomic<bool>& stopping_;
  std::mutex mutex_;
  std::map<std::string, std::vector<PgConnection>> kept_;  // by target and meaning of the login
};

}  // namespace sallyport::credential
