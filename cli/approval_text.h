// An approval as a person reads it before deciding.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace sallyport::cli {

// Everything that a decision should rest on.
void print_approval(const nlohmann::json& approval);
// What the detectors had hidden of it.
void print_revealed(const nlohmann::json& revealed);

}  // namespace sallyport::cli
