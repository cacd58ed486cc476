// What the control plane tells of the world that it serves with; secrets never.
#include "core/control/answers.h"
#include "core/control/control.h"

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
  return {{"ok", true},     {"name", caller.name_on_record()}, {"groups", caller.groups},
          {"roles", roles}, {"ticket", caller.ticket},         {"is_operator", caller.is_operator}};
}

}  // namespace sallyport
