// The gateway's small state that outlives it: tickets, grants and who is kept out. One SQLite file (WAL)
// under the state directory, readable by its owner alone; every change is durable when the call returns. It
// holds no secret that would let anybody in. Control thread; a change blocks for an fsync.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/error.h"
#include "core/control/messages.h"

struct sqlite3;

namespace sallyport {

class Store {
 public:
  // Makes the file or brings an older one up to this version; one of a newer version is an error.
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& state_dir);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  Result<void> add_ticket(const identity::Ticket& ticket);
  Result<void> remove_tickets(const std::vector<std::string>& ids);
  // One that cannot be read is left out: it lets nobody in.
  Result<std::vector<identity::TicketPointer>> tickets();

  Result<void> add_grant(const identity::Grant& grant);
  Result<void> remove_grants(const std::vector<std::string>& ids);
  // As tickets().
  Result<std::vector<identity::GrantPointer>> grants();

  Result<void> write_closed(const Closed& closed);
  Result<Closed> closed();

 private:
  class Statement;
  explicit Store(sqlite3* database) : database_(database) {}
  Result<void> run(const char* sql);
  Result<void> change(const std::function<Result<void>()>& what);
  [[nodiscard]] std::unexpected<Error> failed(const std::string& doing) const;

  sqlite3* database_;
};

}  // namespace sallyport
