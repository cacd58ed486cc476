// Which act of the control plane a request of the admin API stands for (core/control/api.md). Pure.
#pragma once

#include <expected>
#include <nlohmann/json.hpp>
#include <optional>

#include "config/config.h"
#include "core/control/http_door.h"

namespace sallyport {

// What is answered without a proof: health, and where tokens come from. Nothing: something else is asked.
[[nodiscard]] std::optional<HttpAnswer> open_route(const HttpRequest& request, const config::Config& config);

// As the admin socket would have it: {"act": ..., ...}. Or the error: no such path, another method, a body
// that is no JSON object.
[[nodiscard]] std::expected<nlohmann::json, HttpAnswer> act_of(const HttpRequest& request);

// The answer of RFC 8693 section 2.2 for a ticket as grant() has it.
[[nodiscard]] nlohmann::json exchanged(const nlohmann::json& ticket, const nlohmann::json& targets,
                                       int64_t now_ns);

}  // namespace sallyport
