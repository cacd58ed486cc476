// Who asks for what, and whether it may be (DESIGN 2.2).
#include <algorithm>

#include "config/quantity.h"
#include "core/core.h"
#include "core/path/session.h"

namespace sallyport {

namespace {

constexpr char public_refusal[] =
    "login refused: check the user name ([WHO,][LOGIN~]TARGET) and the password, and ask your operator "
    "whether you "
    "may open this target";
constexpr char locked_down[] = "target-locked-down";
constexpr char gateway_closed[] = "gateway-locked-down";
constexpr char identity_closed[] = "identity-blocked";
constexpr char ticket_expired[] = "ticket-expired";
constexpr char needs_grant[] = "grant-needed";
constexpr char not_on_behalf[] = "on-behalf-not-allowed";
constexpr char no_credential[] = "no-credential";

sp_text text_of(std::string_view text) { return {text.data(), text.size()}; }
std::string string_of(sp_text text) {
  return text.size == 0 ? std::string() : std::string(text.data, text.size);
}

std::string lockdown_text(const std::string& target, const std::string& since) {
  return "target " + target + " is locked down since " + since +
         ": a value that must be masked came out unmasked; ask your operator, who finds out why and opens it "
         "again "
         "with `sallyport canary --unlock " +
         target + "`";
}

std::string how_to_request(const std::string& target) {
  return "target " + target + " opens on request only: run `sallyport request " + target +
         " --for 1h --reason '…'`, and log in again once it is granted";
}

}  // namespace

const TargetState* Session::target_state() const {
  return target_index_ < snapshot_->targets.size() ? &snapshot_->targets[target_index_] : nullptr;
}

int Session::login(const sp_login& request) {
  if (login_asked_) return SP_ERROR_STATE;
  login_asked_ = true;
  const std::string user = string_of(request.user);
  client_database_ = string_of(request.database);
  client_program_ = string_of(request.client);
  std::string rest = user;
  const size_t comma = user.find(',');
  if (comma != std::string::npos) {
    who_ = user.substr(0, comma);
    rest = user.substr(comma + 1);
  }
  const size_t tilde = rest.find('~');
  if (tilde != std::string::npos) {
    login_name_ = rest.substr(0, tilde);
    rest = rest.substr(tilde + 1);
  }
  // The listener decides before the server name, that before the user name.
  std::string fixed = snapshot_->policy->config().listeners[listener_index_].target;
  if (fixed.empty() && legs_[SP_LEG_CLIENT].tls) {
    const std::string name = legs_[SP_LEG_CLIENT].tls->server_name();
    const std::string label = name.substr(0, name.find('.'));
    if (snapshot_->target(label)) fixed = label;
  }
  if (!fixed.empty() && comma == std::string::npos) {
    who_ = rest;
    rest = fixed;
  }
  target_name_ = rest;
  name_conflict_ = !fixed.empty() && rest != fixed;
  if (client_database_ == user) client_database_.clear();
  // The gateway's own caller has a secret that nobody guesses.
  is_throttled_ =
      who_ != config::canary_name && !core_.throttle().allows(peer_host(), guessed_name(), core_.now_ns());
  return 0;
}

// Why the session may not be, for the record; empty when it may. `proof_fault`: what is wrong with the proof.
// Also asked when the policy is swapped.
std::string Session::refusal_reason(std::string_view proof_fault) const {
  const guard::Policy& policy = *snapshot_->policy;
  const std::optional<std::vector<std::string>> groups = groups_in(*snapshot_);
  if ((by_token_ || by_certificate_) && !proof_fault.empty()) return std::string(proof_fault);
  if (!groups && by_certificate_) return "certificate-withdrawn";
  if (!groups) return by_token_ ? "issuer-withdrawn" : "unknown-user";
  if (!proof_fault.empty()) return std::string(proof_fault);
  if (name_conflict_) return "target-not-of-this-listener";
  const TargetState* target = snapshot_->target(target_name_);
  if (!target) return "unknown-target";
  if (target->target->protocol != protocol_) return "target-of-another-protocol";
  const bool is_canary = !by_token_ && !by_certificate_ && who_ == config::canary_name;
  if (is_canary) {
    if (!is_from_here()) return "canary-from-elsewhere";
    if (!policy.masks(*target->target, *groups)) return "target-not-masked";
  } else if (!policy.may_open(*target->target, *groups) && !policy.may_request(*target->target, *groups)) {
    return "target-not-allowed";
  }
  const auto& logins = target->target->logins;
  const auto named = std::ranges::find(logins, login_name_, &config::Login::name);
  if (!login_name_.empty() && named == logins.end()) return "unknown-login";
  // The plugin was told of them once, when the session began.
  for (const std::string& one : permissions_) {
    if (std::ranges::find(named->permit, one) == named->permit.end()) return "permission-withdrawn";
  }
  const auto& databases = target->target->databases;
  const std::string& wanted = client_database_.empty() ? target->target->database : client_database_;
  if (!databases.empty() && std::ranges::find(databases, wanted) == databases.end())
    return "database-not-offered";
  if (access_ticket_) {
    if (!access_ticket_->opens(target_name_)) return "target-not-of-this-ticket";
    if (!proven_ && access_ticket_->expires_ns <= core_.wall_ns()) return ticket_expired;
  }
  if (const Closed* closed = core_.closed(); closed && !is_canary && !proven_) {
    if (closed->identities.contains(who_)) return identity_closed;
    if (!closed->all.empty()) return gateway_closed;
  }
  if (const std::string fault = delegation_fault(*groups); !fault.empty()) return fault;
  if (!stands_open(*snapshot_) && !find_grant()) return needs_grant;
  // Only those learn of it who may open the target. The canary may: how else would anybody know when to
  // unlock.
  if (!is_canary && core_.lockdown(target_name_)) return locked_down;
  return "";
}

// Empty: a token will say.
std::string_view Session::guessed_name() const { return expects_token() ? std::string_view() : who_; }

std::string Session::peer_host() const {
  std::string host = peer_.substr(0, peer_.rfind(':'));
  return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

// Of this machine: from loopback, or from the very address that it came to.
bool Session::is_from_here() const {
  const std::string host = peer_host();
  return config::is_loopback(host) ||
         host == snapshot_->policy->config().listeners[listener_index_].address.host;
}

// Where target and login stand in this snapshot, and what groups its user is in: all of it may be elsewhere
// in the next one.
void Session::settle_place() {
  const TargetState* target = snapshot_->target(target_name_);
  target_index_ = static_cast<uint32_t>(target - snapshot_->targets.data());
  const auto& logins = target->target->logins;
  const auto chosen = std::ranges::find(logins, login_name_, &config::Login::name);
  login_index_ = static_cast<uint32_t>(chosen - logins.begin());
  groups_ = *groups_in(*snapshot_);
}

// Why is told to those alone who have proven that they may open the target.
std::string Session::public_error(std::string_view reason) const {
  if (reason.empty()) return "";
  if (reason == locked_down) return lockdown_text(target_name_, *core_.lockdown(target_name_));
  if (reason == not_on_behalf)
    return who_ + " may not speak for " + config::in_quotes(on_behalf_of()) +
           ": leave it out, or ask your operator, whose [[delegation]] says who may";
  if (reason == gateway_closed) return "the gateway lets nobody new in: " + core_.closed()->all;
  if (reason == identity_closed)
    return who_ + " is blocked: " + core_.closed()->identities.find(who_)->second;
  if (reason == ticket_expired)
    return "ticket " + access_ticket_->id + " has expired: `sallyport login` gets a new one";
  if (reason == needs_grant) return how_to_request(target_name_);
  return public_refusal;
}

int Session::prove(sp_proof kind, sp_bytes proof, sp_identity& out) {
  if (!login_asked_ || proven_) return SP_ERROR_STATE;
  std::optional<std::string> proof_fault = "too-many-failures";
  // Who guesses learns nothing, not even from a right guess.
  if (!is_throttled_) proof_fault = check_proof(kind, proof);
  if (!proof_fault) {
    out.verdict = SP_WAIT;
    return SP_WAIT;
  }
  std::string reason = is_throttled_ ? *proof_fault : refusal_reason(*proof_fault);
  std::string key_fault;
  if (reason.empty()) {
    const config::Target& target = *snapshot_->target(target_name_)->target;
    if (login_name_.empty()) login_name_ = target.logins.front().name;
    database_ = client_database_.empty() ? target.database : client_database_;
    settle_place();
    speak_for_another();
    begin_life();
    (void)settle_grant();  // there is one, or none is needed
    const std::optional<std::string> fault = obtain_key();
    if (!fault) {
      out.verdict = SP_WAIT;
      return SP_WAIT;
    }
    key_fault = *fault;
    if (!key_fault.empty()) reason = no_credential;
  }
  if (!proof_fault->empty() && !is_throttled_)
    core_.throttle().failed(peer_host(), guessed_name(), core_.now_ns());
  if (!record_login(kind, reason)) return SP_ERROR_NO_RECORD;
  out.verdict = reason.empty() ? SP_ALLOW : SP_DENY;
  public_error_ = reason == no_credential ? key_fault : public_error(reason);
  out.message = text_of(public_error_);
  if (!reason.empty()) return SP_DENY;
  proven_ = true;
  legs_[SP_LEG_CLIENT].set_secret(false);
  tell_identity(out);
  tell_started();
  return SP_ALLOW;
}

void Session::tell_identity(sp_identity& out) {
  out.who = text_of(who_);
  out.target = text_of(target_name_);
  out.login = text_of(login_name_);
  out.database = text_of(database_);
  switch (target().tls) {
    case config::TargetTls::off: out.target_tls = SP_TARGET_TLS_OFF; break;
    case config::TargetTls::require: out.target_tls = SP_TARGET_TLS_REQUIRE; break;
    case config::TargetTls::verify_ca:
    case config::TargetTls::verify_full: out.target_tls = SP_TARGET_TLS_VERIFY; break;
  }
  // One that was built earlier knows of no more than its size says.
  const auto has = [&out](size_t end) { return out.size >= end; };
  if (has(offsetof(sp_identity, permission_count) + sizeof out.permission_count)) tell_permissions(out);
  if (has(offsetof(sp_identity, target_host) + sizeof out.target_host)) tell_target(out);
}

// What is already on its way to the client may be what leaks: nothing of it is sent any more.
void Session::on_lockdown() {
  if (!proven_ || state_ == State::ending || who_ == config::canary_name) return;
  const std::string* since = core_.lockdown(target_name_);
  if (!since) return;
  fault(locked_down, *since);
  legs_[SP_LEG_CLIENT].abort(true);
  pump();
}

void Session::tell_permissions(sp_identity& out) {
  permissions_ = target().logins[login_index_].permit;
  for (const std::string& one : permissions_) permission_texts_.push_back(text_of(one));
  out.permissions = permission_texts_.data();
  out.permission_count = permission_texts_.size();
}

std::span<const sp_pair> Session::options_of(const TargetState& state) {
  option_pairs_.clear();
  for (const auto& [name, value] : state.options) option_pairs_.push_back({text_of(name), text_of(value)});
  return option_pairs_;
}

void Session::tell_target(sp_identity& out) {
  const TargetState& state = snapshot_->targets[target_index_];
  const std::span<const sp_pair> options = options_of(state);
  out.options = options.data();
  out.option_count = options.size();
  out.target_host = text_of(state.host);
}

void Session::tell_started() {
  (void)core_.tell(SessionStarted{.session = ref(),
                                  .session_id = id_,
                                  .persons = persons(),
                                  .ticket = access_ticket_ ? access_ticket_->id : "",
                                  .grant = grant_ ? grant_->id : "",
                                  .identity = who_,
                                  .target = target_name_,
                                  .login = login_name_,
                                  .database = database_,
                                  .peer = peer_,
                                  .protocol = protocol_,
                                  .since_ns = core_.wall_ns()});
}

}  // namespace sallyport
