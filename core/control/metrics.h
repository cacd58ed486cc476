// What `status` says, for Prometheus (text exposition format 0.0.4). Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sallyport {

[[nodiscard]] std::string metrics_text(const nlohmann::json& status);

}  // namespace sallyport
