// The acts of the admin socket (core/control/admin.md).
#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/scram_secret.h"
#include "core/control/control.h"

namespace sallyport {

namespace {

using nlohmann::json;

json refuse(std::string text) { return {{"ok", false}, {"error", std::move(text)}}; }

std::string text_of(const json& request, const char* key) {
  const auto found = request.find(key);
  return found != request.end() && found->is_string() ? found->get<std::string>() : "";
}

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

// Who asks: the local user that the request names and proves, or the one whose `os_user` the kernel vouches
// for.
void Control::identify(const AdminPeer& peer, const json& request, Reply reply) {
  const config::Config& config = snapshot_->policy->config();
  const std::string as = text_of(request, "as");
  const auto by_os = std::ranges::find_if(config.users, [&peer](const config::User& user) {
    return !user.os_user.empty() && user.os_user == peer.os_user;
  });
  if (as.empty() || (by_os != config.users.end() && by_os->name == as)) {
    const std::string who = by_os != config.users.end() ? by_os->name : "";
    return act(who, peer.is_operator, request, reply);
  }
  const config::User* user = snapshot_->policy->user(as);
  const std::string secret = text_of(request, "secret");
  const std::string verifier = user ? user->secret : "";
  const bool taken = workers_->submit([this, as, verifier, secret, peer, request, reply]() -> Workers::Done {
    const auto parsed = config::parse_scram_secret(verifier);
    const bool proven = parsed && config::scram_secret_matches(*parsed, secret);
    return [this, as, proven, peer, request, reply] {
      if (proven) return act(as, peer.is_operator, request, reply);
      record_admin("uid " + std::to_string(peer.uid), "login-refused", "admin socket");
      reply(refuse("the name or the secret is wrong"));
    };
  });
  if (!taken) reply(refuse("the gateway is too busy; try again"));
}

void Control::on_admin(const AdminPeer& peer, const json& request, Reply reply) {
  identify(peer, request, std::move(reply));
}

void Control::act(const std::string& who, bool is_operator, const json& request, const Reply& reply) {
  const std::string what = text_of(request, "act");
  if (who.empty() && !is_operator) {
    return reply(refuse("say who you are: --as NAME with that user's secret, or set os_user in the config"));
  }
  const std::string name = who.empty() ? "operator" : who;
  if (what == "approvals") {
    const bool all = request.contains("all") && request["all"] == true;
    return reply({{"ok", true}, {"approvals", list_approvals(all)}});
  }
  if (what == "approve" || what == "deny") return reply(decide(who, request));
  if (!is_operator)
    return reply(refuse(what + " is for the operator: root, or the user that runs the gateway"));
  if (what == "status") return reply(status());
  if (what == "sessions") return reply({{"ok", true}, {"sessions", list_sessions()}});
  if (what == "kill") return reply(kill(name, request));
  if (what == "reload") return reload(name, reply);
  if (what == "canary") return ask_canary(name, request, reply);
  if (what == "unlock") return reply(unlock(name, request));
  reply(refuse("no such act: " + what));
}

json Control::list_approvals(bool with_ended) const {
  json all = json::array();
  for (const Approval* approval : approvals_.list(with_ended)) all.push_back(describe(*approval));
  return all;
}

json Control::decide(const std::string& who, const json& request) {
  const config::User* user = snapshot_->policy->user(who);
  if (!user)
    return refuse("an approval needs a person: --as NAME with that user's secret, or os_user in the config");
  const std::string id = text_of(request, "id");
  const bool approve = text_of(request, "act") == "approve";
  const int64_t now = std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
  Approvals::Effects effects;
  const Result<void> decided =
      approvals_.decide(id, approve, {.name = who, .groups = user->groups, .persons = user->persons()},
                        text_of(request, "reason"), now, effects);
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
    return refuse("no live session of that number; `sallyport sessions --live` lists them");
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
                {"draining", draining_}};
  reply["canary"] = canary_status();
  reply["issuers"] = issuer_status();
  if (options_.log_status) reply["log"] = options_.log_status();
  return reply;
}

void Control::record_admin(const std::string& who, const std::string& act, const std::string& detail) {
  send(0, RecordAdmin{.who = who, .act = act, .detail = detail});
}

}  // namespace sallyport
