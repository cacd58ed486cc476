// The acts of the admin socket (core/control/admin.md).
#include <algorithm>

#include "config/clock.h"
#include "config/scram_secret.h"
#include "core/control/answers.h"
#include "core/control/control.h"

namespace sallyport {

namespace {

using nlohmann::json;

constexpr char kept_out[] = " is kept out by an operator";

}  // namespace

Caller Control::caller_of(const AdminPeer& peer, const config::User* user) const {
  Caller caller{.from = "uid " + std::to_string(peer.uid), .is_operator = peer.is_operator};
  if (user == nullptr) return caller;
  caller.name = user->name;
  caller.groups = user->groups;
  caller.persons = user->persons();
  return caller;
}

// Callers from elsewhere see what concerns them, unless their role shows them all.
bool Control::sees_approvals(const Caller& caller) const {
  return !caller.is_remote || may(caller, config::Role::approver) || may(caller, config::Role::auditor);
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
    // The operator's own hand stays free, so that somebody can let him in again.
    if (user != nullptr && closed_.identities.contains(user->name)) {
      if (!as.empty() || !peer.is_operator) return reply(refuse(user->name + kept_out, 403));
      user = nullptr;
    }
    return act(caller_of(peer, user), request, reply);
  }
  const config::User* user = snapshot_->policy->user(as);
  const std::string secret = text_of(request, "secret");
  const std::string verifier = verifier_of(user), source = "uid " + std::to_string(peer.uid);
  if (is_guessing(source, as)) return reply(refuse("too many secrets were refused: wait a minute", 429));
  const bool taken =
      workers_->submit([this, as, verifier, source, secret, peer, request, reply]() -> Workers::Done {
        const auto parsed = config::parse_scram_secret(verifier);
        const bool proven = parsed && config::scram_secret_matches(*parsed, secret);
        return [this, as, proven, source, peer, request, reply] {
          // A reload meanwhile may have taken the user away.
          const config::User* known = snapshot_->policy->user(as);
          if (proven && known && closed_.identities.contains(as)) return reply(refuse(as + kept_out, 403));
          if (proven && known) return act(caller_of(peer, known), request, reply);
          refused_proof(source, as, "admin socket");
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
  const Approvals::Approver person = {
      .name = name, .groups = caller.groups, .persons = caller.persons, .on_behalf_of = caller.on_behalf_of};
  if (what == "approvals") return reply(list_approvals(person, sees_approvals(caller), request));
  if (what == "approve" || what == "deny") {
    json answer = decide(person, request);
    const bool is_grant = answer.contains("approval") && answer["approval"]["grant"] != "";
    if (!is_grant) return reply(answer);
    // It is there wherever the one who asked comes in next.
    return after_cores([reply, answer = std::move(answer)] { reply(answer); });
  }
  if (what == "request") return request_access(caller, request, reply);
  if (what == "grants") return reply(list_grants(caller));
  if (what == "revoke-grant") return revoke_grant(caller, request, reply);
  const bool overrules =
      caller.is_remote ? may(caller, config::Role::admin) : caller.is_operator && caller.name.empty();
  if (what == "revoke") return revoke(person, overrules, request, reply);
  if (what == "reveal") return reply(reveal(person, request));
  if (what == "plan") return plan(caller, request, reply);
  if (what == "tickets") return reply(list_tickets(caller));
  if (what == "revoke-ticket") return reply(revoke_tickets(caller, request));
  if (what == "whoami") return reply(describe_caller(caller));
  if (what.starts_with("log-") || what == "explain") return ask_log(caller, request, reply);
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

json Control::list_sessions() const {
  json all = json::array();
  for (const auto& [id, session] : sessions_) {
    all.push_back({{"session", id},
                   {"identity", session.identity},
                   {"target", session.target},
                   {"grant", session.grant},
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
                {"grants", grants_.all().size()},
                {"draining", draining_}};
  reply["closed"] = {{"all", closed_.all}, {"identities", closed_.identities}};
  reply["decisions"] = approval_status();
  reply["canary"] = canary_status();
  reply["issuers"] = issuer_status();
  reply["credentials"] = credential_status();
  reply["webhooks"] = webhooks_->status();
  if (options_.log_status) reply["log"] = options_.log_status();
  return reply;
}

void Control::record_admin(const std::string& who, const std::string& act, const std::string& detail) {
  send(0, RecordAdmin{.who = who, .act = act, .detail = detail});
}

}  // namespace sallyport
