// What the control plane tells of the world that it serves with; secrets never.
#include <algorithm>

#include "core/control/answers.h"
#include "core/control/control.h"
#include "core/control/grant_text.h"

namespace sallyport {

namespace {

using nlohmann::json;

const char* name_of(config::Action action) {
  switch (action) {
    case config::Action::allow: return "allow";
    case config::Action::approve: return "approve";
    case config::Action::deny: return "deny";
  }
  return "";
}

const char* name_of(config::MaskAction action) {
  switch (action) {
    case config::MaskAction::keep_shape: return "keep-shape";
    case config::MaskAction::partial: return "partial";
    case config::MaskAction::token: return "token";
    case config::MaskAction::redact: return "redact";
  }
  return "";
}

// Null where nobody may ask.
json describe(const config::OnRequest& offer) {
  if (!offer.is_offered()) return nullptr;
  json needs = json::array();
  for (const config::Quorum& quorum : offer.terms.quorums)
    needs.push_back({{"groups", quorum.groups}, {"count", quorum.count}});
  return {{"groups", offer.groups},
          {"approvers", offer.approvers},
          {"needs", needs},
          {"needs_reason", offer.terms.needs_reason},
          {"longest_ms", offer.longest_ms},
          {"timeout_ms", offer.timeout_ms},
          {"grace_ms", offer.grace_ms}};
}

}  // namespace

json Control::list_targets() const {
  json all = json::array();
  for (const TargetState& state : snapshot_->targets) {
    const config::Target& target = *state.target;
    json logins = json::array(), addresses = json::array();
    for (const LoginState& login : state.logins)
      logins.push_back({{"user", login.user}, {"error", login.error}});
    for (const config::Address& address : target.addresses) addresses.push_back(address.text());
    const auto lockdown = lockdowns_.find(target.name);
    all.push_back({{"name", target.name},
                   {"protocol", target.protocol},
                   {"addresses", addresses},
                   {"database", target.database},
                   {"allow", target.allow},
                   {"on_request", describe(target.on_request)},
                   {"default", name_of(target.default_action)},
                   {"observe", target.observe},
                   {"logins", logins},
                   {"error", state.error},
                   {"locked_down_since", lockdown == lockdowns_.end() ? "" : lockdown->second}});
  }
  return {{"ok", true}, {"targets", all}};
}

json Control::describe_policy() const {
  const config::Config& config = snapshot_->policy->config();
  json rules = json::array(), masks = json::array();
  for (const config::Rule& rule : config.rules) {
    rules.push_back({{"name", rule.name},
                     {"targets", rule.targets},
                     {"action", name_of(rule.action)},
                     {"approvers", rule.approvers},
                     {"at", rule.place.text()}});
  }
  for (const config::Mask& mask : config.masks) {
    masks.push_back({{"name", mask.name},
                     {"targets", mask.targets},
                     {"detect", mask.detect},
                     {"fields", mask.fields},
                     {"action", name_of(mask.action)},
                     {"except", mask.except},
                     {"at", mask.place.text()}});
  }
  return {{"ok", true}, {"version", snapshot_->policy->version()}, {"rules", rules}, {"masks", masks}};
}

json Control::describe_caller(const Caller& caller) const {
  json roles = json::array();
  for (const auto& [name, role] :
       {std::pair("viewer", config::Role::viewer), std::pair("approver", config::Role::approver),
        std::pair("auditor", config::Role::auditor), std::pair("admin", config::Role::admin)}) {
    if (may(caller, role)) roles.push_back(name);
  }
  const identity::TicketPointer ticket = tickets_.find(caller.ticket);
  const std::vector<std::string> bound = ticket ? ticket->targets : std::vector<std::string>();
  return {{"ok", true},
          {"name", caller.name_on_record()},
          {"groups", caller.groups},
          {"roles", roles},
          {"ticket", caller.ticket},
          {"is_operator", caller.is_operator},
          {"targets",
           access_for(caller.groups, caller.name, caller.identity ? caller.identity->actor : "", bound)}};
}

json Control::list_grants(const Caller& caller) const {
  const bool sees_all = sees_approvals(caller);
  json all = json::array();
  for (const identity::GrantPointer& grant : grants_.all()) {
    const bool concerns = grant->identity == caller.name ||
                          config::same_person(grant->persons, caller.persons) ||
                          config::same_person(grant->granting_persons, caller.persons);
    if (!sees_all && !concerns) continue;
    json one = describe_grant(*grant);
    one["sessions"] = std::ranges::count_if(
        sessions_, [&grant](const auto& entry) { return entry.second.grant == grant->id; });
    all.push_back(std::move(one));
  }
  return {{"ok", true}, {"grants", all}};
}

// What these groups may open of themselves or on request; what `identity` was granted, and until when.
json Control::access_for(const std::vector<std::string>& groups, const std::string& identity,
                         const std::string& actor, const std::vector<std::string>& bound) const {
  json all = json::array();
  for (const TargetState& state : snapshot_->targets) {
    const config::Target& target = *state.target;
    const bool is_bound = bound.empty() || std::ranges::find(bound, target.name) != bound.end();
    const bool is_open = snapshot_->policy->may_open(target, groups);
    if (!is_bound || !(is_open || snapshot_->policy->may_request(target, groups))) continue;
    json one = {
        {"name", target.name}, {"protocol", target.protocol}, {"access", is_open ? "open" : "on-request"}};
    if (!is_open) {
      one["longest_ms"] = target.on_request.longest_ms;
      one["do"] = "sallyport request " + target.name;
    }
    for (const identity::GrantPointer& grant : grants_.all()) {
      const bool is_own = grant->identity == identity && grant->actor == actor;
      if (is_open || !is_own || grant->target != target.name) continue;
      if (one["access"] == "granted" && one["until_ns"].get<int64_t>() >= grant->expires_ns) continue;
      one["access"] = "granted";
      one["grant"] = grant->id;
      one["until_ns"] = grant->expires_ns;
      one["do"] = "log in";
    }
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace sallyport
