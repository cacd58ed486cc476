// The scalars of a JSON body as facts: "customer.email=ann@example.com", steps into arrays left out. Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/http/wire/fault.h"

namespace sallyport::http {

inline constexpr std::string_view no_json_code = "body-no-json";

// An error where it is no JSON (RFC 8259), has a key twice, or more than bounds.h says: what cannot be judged
// whole is not judged in part.
[[nodiscard]] std::expected<std::vector<std::string>, Fault> json_facts(std::string_view body);

}  // namespace sallyport::http
