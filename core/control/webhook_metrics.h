// What /metrics says of webhooks. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sallyport {

// `webhooks`: of `status`. Names of webhooks are names: nothing in them needs escaping.
[[nodiscard]] std::string webhook_metrics(const nlohmann::json& webhooks);

}  // namespace sallyport
