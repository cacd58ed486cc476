#include "core/control/snapshot.h"

#include <algorithm>

namespace sallyport {

std::vector<std::pair<std::string, std::string>> options_of(const config::Target& target,
                                                            const sp_manifest& manifest) {
  std::vector<std::pair<std::string, std::string>> all;
  for (size_t i = 0; i < manifest.option_count; ++i) {
    const sp_option& option = manifest.options[i];
    std::string name(option.name.data, option.name.size);
    const auto set = target.options.find(name);
    std::string value = set == target.options.end()
                            ? std::string(option.default_value.data, option.default_value.size)
                            : set->second;
    all.emplace_back(std::move(name), std::move(value));
  }
  return all;
}

const TargetState* Snapshot::target(std::string_view name) const {
  const auto found =
      std::ranges::find_if(targets, [name](const TargetState& t) { return t.target->name == name; });
  return found == targets.end() ? nullptr : &*found;
}

const config::User* Snapshot::user(std::string_view name) const {
  if (name == config::canary_name) return canary.secret.empty() ? nullptr : &canary;
  return policy->user(name);
}

}  // namespace sallyport
