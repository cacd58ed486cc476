// Takes members of a JSON object that the store keeps; false where one is missing or of another type. Any
// thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sallyport {

[[nodiscard]] inline bool read(const nlohmann::json& object, const char* key, std::string& out) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return false;
  out = found->get<std::string>();
  return true;
}

[[nodiscard]] inline bool read(const nlohmann::json& object, const char* key, std::vector<std::string>& out) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return false;
  for (const nlohmann::json& one : *found) {
    if (!one.is_string()) return false;
    out.push_back(one.get<std::string>());
  }
  return true;
}

[[nodiscard]] inline bool read(const nlohmann::json& object, const char* key, int64_t& out) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer()) return false;
  out = found->get<int64_t>();
  return true;
}

}  // namespace sallyport
