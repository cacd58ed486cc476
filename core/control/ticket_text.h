// An identity and a ticket's targets as they stand in the Store and in answers: JSON. Pure; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/identity/ticket.h"

namespace sallyport {

[[nodiscard]] std::string identity_text(const identity::Identity& identity);
// Null where the text is none of ours.
[[nodiscard]] identity::IdentityPointer parse_identity(std::string_view text);
[[nodiscard]] std::string targets_text(const std::vector<std::string>& targets);
[[nodiscard]] std::vector<std::string> parse_targets(std::string_view text);

// For people and programs: nothing of it lets anybody in.
[[nodiscard]] nlohmann::json describe_ticket(const identity::Ticket& ticket);

}  // namespace sallyport
