// Roles that are made for callers: their names, and the SQL that makes, renews and drops them. Pure.
//
// A name is sp_GATEWAY_START_IDENTITY_RANDOM: which gateway made it, in which of its runs, for whom. So a
// gateway finds what its earlier runs have left behind, and takes nothing for its own that another one made.
// All parts are lower-case letters and digits; the name needs no quotes and has at most 63 bytes (NAMEDATALEN
// - 1).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "config/credential.h"

namespace sallyport::credential {

inline constexpr size_t role_size_max = 63;
inline constexpr size_t gateway_mark_size = 8;
inline constexpr size_t start_mark_size = 6;

// Of 32 letters and digits that nobody mistakes for each other.
[[nodiscard]] std::string mark_of(std::span<const uint8_t> random, size_t size);
[[nodiscard]] bool is_mark(std::string_view text, size_t size);

// What the roles of one run of a gateway begin with.
struct RolePrefix {
  std::string gateway, start;
  [[nodiscard]] std::string of_gateway() const { return "sp_" + gateway + "_"; }
  [[nodiscard]] std::string of_start() const { return of_gateway() + start + "_"; }
};
[[nodiscard]] std::string role_name(const RolePrefix& prefix, std::string_view identity,
                                    std::span<const uint8_t> random);

[[nodiscard]] std::string quoted_name(std::string_view name);  // "name"
[[nodiscard]] std::string quoted_literal(
    std::string_view text);  // 'text', whatever standard_conforming_strings

// One message, which the server runs as one transaction: the role is there whole or not at all. `verifier`:
// what the server keeps of the password. The role's password is good for `life_ms` by the server's own clock.
[[nodiscard]] std::string create_role_sql(const config::Credential& credential, const std::string& role,
                                          const std::string& verifier, uint64_t life_ms,
                                          const std::string& comment);
[[nodiscard]] std::string renew_role_sql(const std::string& role, uint64_t life_ms);
// In this order; between the last two, own_sql() in each database that the role has to do with.
[[nodiscard]] std::string lock_role_sql(const std::string& role);
[[nodiscard]] std::string end_sessions_sql(const std::string& role, uint32_t wait_ms);
[[nodiscard]] std::string databases_sql(const std::string& role);
// What the role owns in this database becomes the owner's; without one, a role's of its own that may nothing.
// Never the current user's: a view or a function runs with the rights of whom it belongs to.
[[nodiscard]] std::string own_sql(const std::string& role, const std::string& owner);
// Whom that becomes.
[[nodiscard]] std::string kept_name(const std::string& role);
[[nodiscard]] std::string drop_role_sql(const std::string& role);
// Of earlier starts of this gateway, and what other gateways have not renewed for an hour and more.
[[nodiscard]] std::string orphans_sql(const RolePrefix& prefix);

}  // namespace sallyport::credential
