// What logins are permitted, held to the plugin's manifest and to the masks of their target.
#include <algorithm>

#include "config/quantity.h"
#include "core/guard/permissions.h"
#include "core/guard/policy_tables.h"

namespace sallyport::guard {

namespace {

std::string unknown(const std::string& name, const std::string& protocol,
                    const std::vector<std::string>& known) {
  std::string text = config::in_quotes(name) + ": " + protocol + " knows no such permission" +
                     config::did_you_mean(name, known);
  for (const std::string& one : known) text += (one == known.front() ? ": there are " : " ") + one;
  return text;
}

// What passes by it cannot be masked, so it must not be where a mask says that something is.
std::string unmasked(const std::string& name, const config::Mask& mask) {
  return config::in_quotes(name) + " lets pass what cannot be masked, and mask " +
         config::in_quotes(mask.name) + " (" + mask.place.text() +
         ") covers this target: leave it out, or give the mask targets = [\"…\"] without it";
}

}  // namespace

std::vector<config::Problem> permission_problems(const config::Config& config, const config::Target& target,
                                                 const sp_manifest& plugin) {
  std::vector<config::Problem> problems;
  std::vector<std::string> known;
  for (const sp_permission& one : permissions_of(plugin)) known.emplace_back(view(one.name));
  for (const config::Login& login : target.logins) {
    const std::string where =
        "target " + config::in_quotes(target.name) + ": logins." + login.name + ": permit ";
    for (const std::string& name : login.permit) {
      const auto found = std::ranges::find(known, name);
      if (found == known.end()) {
        problems.push_back({login.permit_place, where + unknown(name, target.protocol, known)});
        continue;
      }
      if ((permissions_of(plugin)[found - known.begin()].flags & SP_PERMISSION_UNMASKED) == 0) continue;
      for (const config::Mask& mask : config.masks) {
        if (covers(mask.targets, target.name))
          problems.push_back({login.permit_place, where + unmasked(name, mask)});
      }
    }
  }
  return problems;
}

}  // namespace sallyport::guard
