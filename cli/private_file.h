// Files that hold tickets: read and replaced whole, mode 0600, other lines of theirs kept as they are.
// Formats: libpq's password file and connection service file (PostgreSQL manual, sections 34.16 and 34.17).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/error.h"

namespace sallyport::cli {

// Empty where there is no such file yet.
[[nodiscard]] Result<std::string> read_private(const std::string& path);
// Through a symbolic link, whose target is replaced: people keep such files elsewhere.
[[nodiscard]] Result<void> write_private(const std::string& path, std::string_view text);

struct PasswordEntry {
  std::string host, port;
  std::string ticket, target;  // WHO and the rest of the user name "WHO,[LOGIN~]TARGET"
  std::string password;
};
// `text` with these entries: each in the place of an older ticket's for the same host, port and target, which
// go, else at the end.
[[nodiscard]] std::string with_passwords(std::string_view text, const std::vector<PasswordEntry>& entries);
// Without those of the ticket.
[[nodiscard]] std::string without_passwords(std::string_view text, std::string_view ticket);

struct Service {
  std::string name;
  std::vector<std::pair<std::string, std::string>> settings;
};
// `text` with these sections in the place of those of their names, else at the end. `mark` stands in each, as
// a comment; a section of the name without it is somebody else's, and an error.
[[nodiscard]] Result<std::string> with_services(std::string_view text, const std::vector<Service>& services,
                                                const std::string& mark);

}  // namespace sallyport::cli
