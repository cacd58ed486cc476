#include "core/control/grants.h"

#include <algorithm>

#include "config/limits.h"

namespace sallyport {

Result<void> Grants::has_room(std::string_view identity) const {
  const auto is_of = [identity](const auto& entry) { return entry.second->identity == identity; };
  if (by_id_.size() >= limits::access_count_max)
    return fail("the gateway keeps too many grants: `sallyport grants revoke` takes back what nobody needs");
  if (static_cast<size_t>(std::ranges::count_if(by_id_, is_of)) >= limits::access_count_max_per_identity)
    return fail(std::string(identity) + " has too many grants: revoke some, or wait until they expire");
  return {};
}

void Grants::add(identity::GrantPointer grant) {
  first_end_ns_ = std::min(first_end_ns_, grant->expires_ns);
  const std::string& id = grant->id;
  by_id_.insert_or_assign(id, std::move(grant));
}

void Grants::remove(std::span<const std::string> ids) {
  for (const std::string& id : ids) by_id_.erase(id);
  first_end_ns_ = INT64_MAX;
  for (const auto& [id, grant] : by_id_) first_end_ns_ = std::min(first_end_ns_, grant->expires_ns);
}

identity::GrantPointer Grants::find(std::string_view id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

std::vector<identity::GrantPointer> Grants::all() const {
  std::vector<identity::GrantPointer> all;
  for (const auto& [id, grant] : by_id_) all.push_back(grant);
  std::ranges::stable_sort(all, {}, [](const auto& grant) { return grant->created_ns; });
  return all;
}

std::vector<identity::GrantPointer> Grants::expired(int64_t now_ns) const {
  std::vector<identity::GrantPointer> over;
  if (now_ns < first_end_ns_) return over;
  for (const auto& [id, grant] : by_id_) {
    if (grant->expires_ns <= now_ns) over.push_back(grant);
  }
  return over;
}

std::string why_withdrawn(const identity::Grant& grant, const guard::Policy& policy) {
  const config::Target* target = policy.target(grant.target);
  if (!target || !target->on_request.is_offered())
    return "target " + grant.target + " no longer opens on request";
  const std::vector<std::string>* groups = &grant.groups;
  if (grant.issuer_meaning.empty()) {
    const config::User* user = policy.user(grant.identity);
    if (!user) return grant.identity + " is no user any more";
    groups = &user->groups;
  } else if (std::ranges::find(policy.config().issuers, grant.issuer_meaning, &config::Oidc::meaning) ==
             policy.config().issuers.end()) {
    return "nobody vouches for " + grant.identity + " any more";
  }
  if (!policy.may_request(*target, *groups)) return grant.identity + " may no longer ask for " + grant.target;
  return "";
}

}  // namespace sallyport
