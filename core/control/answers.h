// What the acts of the control plane answer with, whichever door asked (core/control/admin.md).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace sallyport {

// `status`: what the HTTP door says; RFC 9110 section 15.
[[nodiscard]] inline nlohmann::json refuse(std::string text, unsigned status = 400) {
  return {{"ok", false}, {"error", std::move(text)}, {"status", status}};
}

// Empty where the key is missing or holds something else.
[[nodiscard]] inline std::string text_of(const nlohmann::json& request, const char* key) {
  const auto found = request.find(key);
  return found != request.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace sallyport
