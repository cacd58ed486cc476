// Kill switches: ending what somebody does and keeping them out, and letting nobody new in.
#include "core/control/answers.h"
#include "core/control/control.h"

namespace sallyport {

namespace {

using nlohmann::json;

std::string reason_of(const json& request) {
  std::string reason = text_of(request, "reason");
  reason.resize(std::min(reason.size(), limits::reason_size_max));
  return reason;
}

}  // namespace

// The cores first: who is kept out stays out even if the store fails, until a restart.
Result<void> Control::change_closed(const Closed& closed) {
  closed_ = closed;
  const auto shared = std::make_shared<const Closed>(closed);
  for (uint16_t core = 0; core < outboxes_.size(); ++core) send(core, ClosedChanged{.closed = shared});
  return store_->write_closed(closed);
}

// Ends every session and ticket of that name, and lets it in no more until it is allowed again.
json Control::kill_identity(const std::string& who, const json& request) {
  const std::string name = text_of(request, "identity");
  if (name.empty()) return refuse("kill needs a session's number or an identity's name");
  Closed closed = closed_;
  const std::string reason = reason_of(request);
  closed.identities[name] = "killed by " + who + (reason.empty() ? "" : ": " + reason);
  const std::string text = closed.identities[name];
  const Result<void> kept = change_closed(closed);
  const std::vector<std::string> tickets = tickets_.of_identity(name);
  const Result<void> revoked = take_back(tickets, who, text);
  const Result<size_t> grants = end_access_of(name, who, text);
  size_t session_count = 0;
  for (const auto& [id, session] : sessions_) {
    if (session.identity != name) continue;
    ++session_count;
    send(session.session.core, KillSession{.session = session.session, .reason = text});
  }
  record_admin(who, "kill-identity", name + (reason.empty() ? "" : ": " + reason));
  if (!kept || !revoked || !grants) {
    const Error& error = !kept ? kept.error() : !revoked ? revoked.error() : grants.error();
    return refuse("done, but it would not outlive a restart: " + error.text, 500);
  }
  return {{"ok", true}, {"sessions", session_count}, {"tickets", tickets.size()}, {"grants", *grants}};
}

json Control::allow_identity(const std::string& who, const json& request) {
  const std::string name = text_of(request, "identity");
  Closed closed = closed_;
  if (closed.identities.erase(name) == 0)
    return refuse("nobody of that name is kept out; `sallyport status` says who is", 404);
  record_admin(who, "allow-identity", name);
  if (const Result<void> kept = change_closed(closed); !kept)
    return refuse("done, but a restart would keep them out again: " + kept.error().text, 500);
  return {{"ok", true}};
}

json Control::close_gateway(const std::string& who, const json& request) {
  const std::string reason = reason_of(request);
  if (reason.empty()) return refuse("say why: callers are told");
  Closed closed = closed_;
  closed.all = reason;
  record_admin(who, "lockdown", reason);
  tell_alarm("locked down by " + who + ": " + reason);
  if (const Result<void> kept = change_closed(closed); !kept)
    return refuse("done, but it would not outlive a restart: " + kept.error().text, 500);
  return {{"ok", true}, {"sessions", sessions_.size()}};
}

json Control::open_gateway(const std::string& who) {
  Closed closed = closed_;
  if (closed.all.empty()) return refuse("the gateway is not locked down", 409);
  closed.all.clear();
  record_admin(who, "lockdown-lifted", "");
  if (const Result<void> kept = change_closed(closed); !kept)
    return refuse("done, but a restart would lock it down again: " + kept.error().text, 500);
  return {{"ok", true}};
}

}  // namespace sallyport
