// A grant as it stands in the Store and in answers: JSON. Pure; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/identity/grant.h"

namespace sallyport {

[[nodiscard]] std::string grant_text(const identity::Grant& grant);
// Null where the text is none of ours.
[[nodiscard]] identity::GrantPointer parse_grant(std::string_view text);

// For people and programs.
[[nodiscard]] nlohmann::json describe_grant(const identity::Grant& grant);

}  // namespace sallyport
