#include "core/control/caller.h"

#include <algorithm>

namespace sallyport {

namespace {

bool is_given(const config::Admin& admin, const Caller& caller, config::Role role) {
  const auto& groups = admin.roles[static_cast<size_t>(role)];
  return std::ranges::any_of(caller.groups, [&groups](const std::string& group) {
    return std::ranges::find(groups, group) != groups.end();
  });
}

}  // namespace

bool has_role(const config::Admin& admin, const Caller& caller, config::Role role) {
  using config::Role;
  if (caller.is_operator || is_given(admin, caller, Role::admin) || is_given(admin, caller, role))
    return true;
  return role == Role::viewer &&
         (is_given(admin, caller, Role::approver) || is_given(admin, caller, Role::auditor));
}

}  // namespace sallyport
