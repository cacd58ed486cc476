// The acts of the admin socket (core/control/admin.md).
#include <algorithm>

#include "config/clock.h"
#include "config/scram_secret.h"
#include "core/control/answers.h"
#include "core/control/control.h"

namespace sallyport {

namespace {

using nlohmann::json;

const char* name_of(Approval::State state) {
  switch (state) {
    case Approval::State::open: return "pending";
    case Approval::State::approved: return "approved";
    case Approval::State::handed: return "approved";
    case Approval::State::used: return "used";
    case Approval::State::denied: return "denied";
    case Approval::State::expired: return "expired";
    case Approval::State::voided: return "void";
  }
  return "";
}

json describe(const Approval& approval) {
  const ApprovalWanted& asked = approval.asked;
  json values = json::array();
  for (const auto& [name, value] : asked.values) values.push_back({{"name", name}, {"value", value}});
  return {{"id", approval.id},
          {"state", name_of(approval.state)},
          {"identity", asked.identity},
          {"target", asked.target},
          {"login", asked.login},
          {"database", asked.database},
          {"rule", asked.rule},
          {"approvers", asked.approvers},
          {"peer", asked.peer},
          {"session", asked.session_id},
          {"text", asked.text},
          {"values", values},
          {"verbs", asked.verbs},
          {"objects", asked.objects},
          {"in_transaction", asked.transaction != 0},
          {"transaction_age_ms", asked.transaction_age_ms},
          {"waiting", approval.waiters.size()},
          {"created_ns", approval.created_ns},
          {"expires_ns", approval.expires_ns},
          {"decided_by", approval.decided_by},
          {"reason", approval.reason}};
}

}  // namespace

Caller Control::caller_of(const AdminPeer& peer, const config::User* user) const {
  Caller caller{.from = "uid " + std::to_string(peer.uid), .is_operator = peer.is_operator};
  if (user == nullptr) return caller;
  caller.name = user->name;
  caller.groups = user->groups;
  caller.persons = user->persons();
  return caller;
}

bool Control::may(const Caller& caller, config::Role role) const {
  return has_role(snapshot_->policy->config().admin, caller, role);
}

// Who asks: the local user that the request names and proves, or the one whose `os_user` the kernel vouches
// for.
void Control::identify(const AdminPeer& peer, const json& request, Reply reply) {
  const config::Config& config = snapshot_->policy->config();
  const std::string as = text_of(request, "as");
  const auto by_os = std::ranges::find_if(config.users, [&peer](const config::User& user) {
    return !user.os_user.empty() && user.os_user == peer.os_user;
  });
  if (as.empty() || (by_os != config.users.end() && by_os->name == as)) {
    const config::User* user = by_os != config.users.end() ? &*by_os : nullptr;
    return act(caller_of(peer, user), request, reply);
  }
  const config::User* user = snapshot_->policy->user(as);
  const std::string secret = text_of(request, "secret");
  const std::string verifier = user ? user->secret : "";
  const bool taken = workers_->submit([this, as, verifier, secret, peer, request, reply]() -> Workers::Done {
    const auto parsed = config::parse_scram_secret(verifier);
    const bool proven = parsed && config::scram_secret_matches(*parsed, secret);
    return [this, as, proven, peer, request, reply] {
      // A reload meanwhile may have taken the user away.
      const config::User* known = snapshot_->policy->user(as);
      if (proven && known) return act(caller_of(peer, known), request, reply);
      record_admin("uid " + std::to_string(peer.uid), "login-refused", "admin socket");
      reply(refuse("the name or the secret is wrong"));
    };
  });
  if (!taken) reply(refuse("the gateway is too busy; try again"));
}

void Control::on_admin(const AdminPeer& peer, const json& request, Reply reply) {
  identify(peer, request, std::move(reply));
}

void Control::act(const Caller& caller, const json& request, const Reply& reply) {
  const std::string what = text_of(request, "act");
  if (!caller.is_somebody()) {
    return reply(
        refuse("say who you are: --as NAME with that user's secret, or set os_user in the config", 401));
  }
  const std::string& name = caller.name_on_record();
  if (what == "approvals") return reply(list_approvals(caller, request));
  if (what == "approve" || what == "deny") return reply(decide(caller, request));
  if (what == "tickets") return reply(list_tickets(caller));
  if (what == "revoke-ticket") return reply(revoke_tickets(caller, request));
  if (what == "whoami") return reply(describe_caller(caller));
  const bool is_look = what == "status" || what == "sessions" || what == "targets" || what == "policy";
  if (!may(caller, is_look ? config::Role::viewer : config::Role::admin)) {
    return reply(refuse(
        what +
            " is for the operator (root, or the user that runs the gateway) and for groups with the role " +
            (is_look ? "viewer" : "admin") + " in [admin] roles",
        403));
  }
  if (what == "status") return reply(status());
  if (what == "sessions") return reply({{"ok", true}, {"sessions", list_sessions()}});
  if (what == "targets") return reply(list_targets());
  if (what == "policy") return reply(describe_policy());
  if (what == "kill")
    return reply(request.contains("session") ? kill(name, request) : kill_identity(name, request));
  if (what == "allow") return reply(allow_identity(name, request));
  if (what == "lockdown") return reply(close_gateway(name, request));
  if (what == "lift") return reply(open_gateway(name));
  if (what == "reload") return reload(name, reply);
  if (what == "canary") return ask_canary(name, request, reply);
  if (what == "unlock") return reply(unlock(name, request));
  reply(refuse("no such act: " + what, 404));
}

json Control::list_approvals(const Caller&, const json& request) const {
  const bool with_ended = request.contains("all") && request["all"] == true;
  json all = json::array();
  for (const Approval* approval : approvals_.list(with_ended)) all.push_back(describe(*approval));
  return {{"ok", true}, {"approvals", all}};
}

json Control::decide(const Caller& caller, const json& request) {
  if (caller.name.empty())
    return refuse("an approval needs a person: --as NAME with that user's secret, or os_user in the config");
  const std::string id = text_of(request, "id");
  const bool approve = text_of(request, "act") == "approve";
  Approvals::Effects effects;
  const Result<void> decided = approvals_.decide(
      id, approve, {.name = caller.name, .groups = caller.groups, .persons = caller.persons},
      text_of(request, "reason"), wall_ns(), effects);
  apply(std::move(effects));
  if (!decided) return refuse(decided.error().text);
  return {{"ok", true}, {"approval", describe(*approvals_.find(id))}};
}

json Control::list_sessions() const {
  json all = json::array();
  for (const auto& [id, session] : sessions_) {
    all.push_back({{"session", id},
                   {"identity", session.identity},
                   {"target", session.target},
                   {"login", session.login},
                   {"database", session.database},
                   {"peer", session.peer},
                   {"protocol", session.protocol},
                   {"since_ns", session.since_ns}});
  }
  return all;
}

json Control::kill(const std::string& who, const json& request) {
  const auto wanted = request.find("session");
  if (wanted == request.end() || !wanted->is_number_unsigned())
    return refuse("kill needs a session's number");
  const auto found = sessions_.find(wanted->get<uint64_t>());
  if (found == sessions_.end())
    return refuse("no live session of that number; `sallyport sessions --live` lists them", 404);
  record_admin(who, "kill", "session " + std::to_string(found->first));
  send(found->second.session.core,
       KillSession{.session = found->second.session, .reason = "killed by " + who});
  return {{"ok", true}};
}

json Control::status() const {
  json reply = {{"ok", true},
                {"sessions", sessions_.size()},
                {"approvals", approvals_.list(false).size()},
                {"policy_version", snapshot_->policy->version()},
                {"cores", outboxes_.size()},
                {"tickets", tickets_.all().size()},
                {"draining", draining_}};
  reply["closed"] = {{"all", closed_.all}, {"identities", closed_.identities}};
  reply["canary"] = canary_status();
  reply["issuers"] = issuer_status();
  if (options_.log_status) reply["log"] = options_.log_status();
  return reply;
}

void Control::record_admin(const std::string& who, const std::string& act, const std::string& detail) {
  send(0, RecordAdmin{.who = who, .act = act, .detail = detail});
}

}  // namespace sallyport
