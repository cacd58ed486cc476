// With whose key the target is opened.
#include <algorithm>

#include "core/core.h"
#include "core/path/session.h"

namespace sallyport {

namespace {

constexpr uint32_t derive_iterations_max = 100'000;
constexpr char changed_meanwhile[] =
    "the gateway's configuration changed while this login waited for its credential: log in again";
constexpr char gateway_busy[] = "the gateway is too busy to get a credential for this login: try again";

}  // namespace

// What keeps this session from its key, empty when it has it or needs none; nothing yet while control sees to
// it.
std::optional<std::string> Session::obtain_key() {
  const config::Credential& credential = target().logins[login_index_].credential;
  if (key_.answer) {
    // Between the question and the answer a reload may have come.
    const bool is_wanted =
        credential.meaning == key_.meaning && credential.kind != config::CredentialKind::fixed;
    return is_wanted ? key_.answer->fault : changed_meanwhile;
  }
  if (credential.kind == config::CredentialKind::fixed) return key_.is_asked ? changed_meanwhile : "";
  if (key_.is_asked) return std::nullopt;
  key_.meaning = credential.meaning;
  key_.is_asked = core_.tell(CredentialWanted{.session = ref(),
                                              .snapshot = snapshot_,
                                              .target_index = target_index_,
                                              .login_index = login_index_,
                                              .identity = who_});
  return key_.is_asked ? std::nullopt : std::optional<std::string>(gateway_busy);
}

void Session::on_credential(CredentialAnswer&& answer) {
  if (!key_.is_asked || key_.answer) return;
  key_.answer = std::move(answer);
  answer_news_ = true;
  pump();
}

void Session::on_credential_over(const std::string& reason) {
  if (state_ == State::free || state_ == State::ending) return;
  shutdown_wanted_ = true;
  shutdown_reason_ = reason;
  pump();
}

int Session::credential(sp_credential& inout) {
  if (!proven_) return SP_ERROR_STATE;
  const TargetState& state = *target_state();
  if (login_index_ >= state.logins.size()) return SP_ERROR_STATE;
  // A session keeps the key that it began with, whatever a reload makes of its login.
  const credential::Key* key = key_.get();
  const LoginState& login = state.logins[login_index_];
  const std::string& user = key ? key->user : login.user;
  const SecretBytes& password = key ? key->password : login.password;
  inout.secret = {nullptr, 0};
  switch (inout.kind) {
    case SP_CREDENTIAL_USER:
      inout.secret = {reinterpret_cast<const uint8_t*>(user.data()), user.size()};
      return SP_ALLOW;
    case SP_CREDENTIAL_PASSWORD:
      if (password.empty()) return SP_DENY;
      inout.secret = {reinterpret_cast<const uint8_t*>(password.text().data()), password.text().size()};
      return SP_ALLOW;
    case SP_CREDENTIAL_SCRAM_SHA_256: return password.empty() ? SP_DENY : derive(inout);
  }
  return SP_ERROR_ARGUMENT;
}

// 4096 rounds take milliseconds: a worker does them. Of a login's own secret the core keeps the result for
// the next session; of a key that was made or fetched this session does, so that no two keys are taken for
// one.
int Session::derive(sp_credential& inout) {
  if (inout.salt.size == 0 || inout.salt.size > 256 || inout.iterations == 0 ||
      inout.iterations > derive_iterations_max) {
    return SP_DENY;
  }
  const std::string_view salt(reinterpret_cast<const char*>(inout.salt.data), inout.salt.size);
  const auto is_salt = [&](const std::vector<uint8_t>& other, uint32_t iterations) {
    return iterations == inout.iterations &&
           std::ranges::equal(other, std::span(inout.salt.data, inout.salt.size));
  };
  const auto show = [&](const SecretBytes& derived) {
    if (derived.empty()) return SP_DENY;
    const auto* bytes = reinterpret_cast<const uint8_t*>(derived.bytes().data());
    salted_password_.assign(bytes, bytes + derived.bytes().size());
    inout.secret = {salted_password_.data(), salted_password_.size()};
    return SP_ALLOW;
  };
  credential::KeyPointer key;
  if (key_.answer) {
    key = key_.answer->key;
    if (is_salt(key->salt, key->iterations)) return show(key->salted_password);
    if (key_.derived && is_salt(key_.derived->salt, key_.derived->iterations))
      return show(key_.derived->salted_password);
  } else if (const SecretBytes* known = core_.derived(target_index_, login_index_, salt, inout.iterations)) {
    return show(*known);
  }
  if (!derive_pending_) {
    derive_pending_ = core_.tell(DeriveWanted{.session = ref(),
                                              .snapshot = snapshot_,
                                              .key = std::move(key),
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
  answer_news_ = true;
  if (key_.answer) {
    key_.derived = std::move(answer);
  } else {
    core_.keep_derived(std::move(answer));
  }
  pump();
}

}  // namespace sallyport
