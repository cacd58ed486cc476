// What a ticket's bearer pastes: for each target and login a connection string, password and service entries,
// environment. The user name is "TICKETID,[LOGIN~]TARGET", the password the whole ticket. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cli/private_file.h"
#include "cli/ticket.h"

namespace sallyport::cli {

struct ReadyLine {
  std::string name;  // of a service: "shop", or "admin~shop" for a login that is not the first
  std::string target, login, protocol;
  std::string host, user, database;
  uint16_t port = 0;
  std::string sslmode, ca;  // ca: empty where libpq's own root.crt is to be used

  // With whichever of the two is not empty.
  [[nodiscard]] std::string url(const std::string& password, const std::string& passfile) const;
  [[nodiscard]] PasswordEntry password_entry(const Granted& ticket) const;
  [[nodiscard]] Service service(const Granted& ticket, const std::string& prefix) const;
  // PGHOST and the others, but for the password.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> environment() const;
};

// `host`: of the databases' listeners; empty: that of the gateway's URL. What speaks another protocol than
// PostgreSQL has none.
[[nodiscard]] std::vector<ReadyLine> ready_lines(const Gateway& gateway, const std::string& host,
                                                 const std::vector<ListenerPort>& listeners,
                                                 const Granted& ticket);

// For /bin/sh: quoted where it needs it.
[[nodiscard]] std::string shell_word(const std::string& text);

}  // namespace sallyport::cli
