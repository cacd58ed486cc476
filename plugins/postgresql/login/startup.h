// The StartupMessage, read strictly: every parameter is on a list, none stands twice, and what the client
// asked for in `options` becomes ordinary parameters, so that the target reads what was judged and nothing
// else. Source: PostgreSQL manual, "Message Formats" and "Start-up". Pure functions.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/postgresql/login/link.h"
#include "plugins/postgresql/messages.h"
#include "plugins/postgresql/refusal.h"

namespace sallyport::pg {

inline constexpr size_t startup_parameter_count_max = 64;
inline constexpr size_t startup_user_size_max = 255;  // [WHO,][LOGIN~]TARGET, three names of 63
inline constexpr size_t startup_database_size_max = 63;

// What the connection is for. A walsender's commands are no SQL (replication.h).
enum class Replication : uint8_t {
  None,
  Physical,  // replication=true: the whole cluster
  Logical,   // replication=database: SQL too
};

struct Startup {
  std::string user;
  std::string database;               // empty: none was named
  std::vector<Parameter> parameters;  // for the target, in the order they came, canonical names
  Replication replication = Replication::None;
  std::vector<std::string> protocol_options;  // _pq_.*, none of which is supported
  [[nodiscard]] std::string_view parameter(std::string_view name) const;
};

// `body` is the message behind its length and protocol version.
std::expected<Startup, Refusal> parse_startup(Bytes body);

[[nodiscard]] bool valid_utf8(std::string_view text);
// For names that a peer sent and that go into an error text: printable, and cut at 63 bytes.
[[nodiscard]] std::string quoted_name(std::string_view name);

}  // namespace sallyport::pg
