// Who asks for what, and with whose key the target is opened (DESIGN 2.2).
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include <algorithm>

#include "config/check.h"
#include "config/quantity.h"
#include "config/scram_secret.h"
#include "core/core.h"
#include "core/path/session.h"

namespace sallyport {

namespace {

constexpr char public_refusal[] =
    "login refused: check the user name ([WHO,][LOGIN~]TARGET) and the password, and ask your operator "
    "whether you "
    "may open this target";
constexpr char locked_down[] = "target-locked-down";
constexpr uint32_t derive_iterations_max = 100'000;
constexpr uint32_t false_iterations = 4096;

sp_text text_of(std::string_view text) { return {text.data(), text.size()}; }
std::string string_of(sp_text text) {
  return text.size == 0 ? std::string() : std::string(text.data, text.size);
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= limits::name_size_max &&
         std::ranges::all_of(name,
                             [](unsigned char c) { return isalnum(c) || c == '.' || c == '_' || c == '-'; });
}

std::string lockdown_text(const std::string& target, const std::string& since) {
  return "target " + target + " is locked down since " + since +
         ": a value that must be masked came out unmasked; ask your operator, who finds out why and opens it "
         "again "
         "with `sallyport canary --unlock " +
         target + "`";
}

Digest keyed(std::span<const std::byte> key, std::string_view purpose, std::string_view who) {
  const std::string text = std::string(purpose) + ":" + std::string(who);
  Digest digest{};
  unsigned size = 0;
  CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size));
  return digest;
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
  return 0;
}

int Session::verifier(sp_scram_verifier& out) {
  if (!login_asked_ || proven_) return SP_ERROR_STATE;
  const config::User* user = is_name(who_) ? snapshot_->user(who_) : nullptr;
  const Result<config::ScramSecret> parsed =
      user ? config::parse_scram_secret(user->secret) : fail("unknown");
  if (parsed) {
    out.iterations = parsed->iterations;
    memcpy(out.salt, parsed->salt.data(), sizeof out.salt);
    memcpy(out.stored_key, parsed->stored_key.data(), sizeof out.stored_key);
    memcpy(out.server_key, parsed->server_key.data(), sizeof out.server_key);
    return 0;
  }
  // An unknown name gets a salt that is always the same for it, and keys that no password has.
  const auto key = snapshot_->false_salt_key.bytes();
  out.iterations = false_iterations;
  memcpy(out.salt, keyed(key, "salt", who_).data(), sizeof out.salt);
  core_.random({out.stored_key, sizeof out.stored_key});
  core_.random({out.server_key, sizeof out.server_key});
  return 0;
}

// Why the session may not be, for the record; empty when it may. Also asked when the policy is swapped.
std::string Session::refusal_reason(bool proven) const {
  const guard::Policy& policy = *snapshot_->policy;
  const config::User* user = is_name(who_) ? snapshot_->user(who_) : nullptr;
  if (!user) return "unknown-user";
  if (!proven) return "wrong-proof";
  if (name_conflict_) return "target-not-of-this-listener";
  const TargetState* target = snapshot_->target(target_name_);
  if (!target) return "unknown-target";
  if (target->target->protocol != protocol_) return "target-of-another-protocol";
  if (user == &snapshot_->canary) {
    if (!is_from_here()) return "canary-from-elsewhere";
    if (!policy.masks(*target->target, user->groups)) return "target-not-masked";
  } else if (!policy.may_open(*target->target, user->groups)) {
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
  // Only those learn of it who may open the target. The canary may: how else would anybody know when to
  // unlock.
  if (user != &snapshot_->canary && core_.lockdown(target_name_)) return locked_down;
  return "";
}

// Of this machine: from loopback, or from the very address that it came to.
bool Session::is_from_here() const {
  std::string host = peer_.substr(0, peer_.rfind(':'));
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
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
  groups_ = snapshot_->user(who_)->groups;
}

int Session::prove(sp_proof kind, sp_bytes proof, sp_identity& out) {
  if (!login_asked_ || proven_) return SP_ERROR_STATE;
  const bool proof_good = kind == SP_PROOF_SCRAM && proof.size > 0;
  const std::string reason = refusal_reason(proof_good);
  const config::User* user = is_name(who_) ? snapshot_->user(who_) : nullptr;
  if (reason.empty()) {
    const config::Target& target = *snapshot_->target(target_name_)->target;
    if (login_name_.empty()) login_name_ = target.logins.front().name;
    database_ = client_database_.empty() ? target.database : client_database_;
    settle_place();
  }
  std::vector<std::string_view> groups(groups_.begin(), groups_.end());
  // A name that nobody bears may hold anything, a mistyped password included: it is not put on the record.
  const std::string_view identity = user ? std::string_view(who_) : "(unknown)";
  const bool target_known = snapshot_->target(target_name_) != nullptr;
  const bool recorded =
      core_.recorder()
          .login(id_, {.identity = identity,
                       .groups = groups,
                       .target = target_known ? std::string_view(target_name_) : "(unknown)",
                       .login = reason.empty() ? std::string_view(login_name_) : "",
                       .database = reason.empty() ? std::string_view(database_) : "",
                       .proof = kind == SP_PROOF_SCRAM ? "scram-sha-256" : "password",
                       .outcome = reason.empty() ? ringlog::Outcome::Accepted : ringlog::Outcome::Refused,
                       .reason = reason})
          .has_value();
  if (!recorded) return SP_ERROR_NO_RECORD;
  out.verdict = reason.empty() ? SP_ALLOW : SP_DENY;
  public_error_ = reason.empty()          ? ""
                  : reason == locked_down ? lockdown_text(target_name_, *core_.lockdown(target_name_))
                                          : public_refusal;
  out.message = text_of(public_error_);
  if (!reason.empty()) return SP_DENY;
  proven_ = true;
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
  if (out.size >= sizeof out) tell_permissions(out);
  tell_started();
  return SP_ALLOW;
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

void Session::tell_started() {
  (void)core_.tell(SessionStarted{.session = ref(),
                                  .session_id = id_,
                                  .identity = who_,
                                  .target = target_name_,
                                  .login = login_name_,
                                  .database = database_,
                                  .peer = peer_,
                                  .protocol = protocol_,
                                  .since_ns = core_.wall_ns()});
}

int Session::credential(sp_credential& inout) {
  if (!proven_) return SP_ERROR_STATE;
  const TargetState& state = *target_state();
  if (login_index_ >= state.logins.size()) return SP_ERROR_STATE;
  const LoginState& login = state.logins[login_index_];
  inout.secret = {nullptr, 0};
  switch (inout.kind) {
    case SP_CREDENTIAL_USER:
      inout.secret = {reinterpret_cast<const uint8_t*>(login.user.data()), login.user.size()};
      return SP_ALLOW;
    case SP_CREDENTIAL_PASSWORD:
      if (login.password.empty()) return SP_DENY;
      inout.secret = {reinterpret_cast<const uint8_t*>(login.password.text().data()),
                      login.password.text().size()};
      return SP_ALLOW;
    case SP_CREDENTIAL_SCRAM_SHA_256: return login.password.empty() ? SP_DENY : derive(inout);
  }
  return SP_ERROR_ARGUMENT;
}

// 4096 rounds take milliseconds: a worker does them, and the core keeps the result for the next session.
int Session::derive(sp_credential& inout) {
  if (inout.salt.size == 0 || inout.salt.size > 256 || inout.iterations == 0 ||
      inout.iterations > derive_iterations_max) {
    return SP_DENY;
  }
  const std::string_view salt(reinterpret_cast<const char*>(inout.salt.data), inout.salt.size);
  if (const SecretBytes* known = core_.derived(target_index_, login_index_, salt, inout.iterations)) {
    if (known->empty()) return SP_DENY;
    const auto* bytes = reinterpret_cast<const uint8_t*>(known->bytes().data());
    salted_password_.assign(bytes, bytes + known->bytes().size());
    inout.secret = {salted_password_.data(), salted_password_.size()};
    return SP_ALLOW;
  }
  if (!derive_pending_) {
    derive_pending_ = core_.tell(DeriveWanted{.session = ref(),
                                              .snapshot = snapshot_,
                                              .target_index = target_index_,
                                              .login_index = login_index_,
                                              .salt = {inout.salt.data, inout.salt.data + inout.salt.size},
                                              .iterations = inout.iterations});
    if (!derive_pending_) return SP_DENY;
  }
  return SP_WAIT;
}

void Session::on_derived(DeriveAnswer&& answer) {
  if (!derive_pending_) return;
  derive_pending_ = false;
  derive_news_ = true;
  core_.keep_derived(std::move(answer));
  pump();
}

}  // namespace sallyport
