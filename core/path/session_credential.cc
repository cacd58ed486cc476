// With whose key the target is opened.
#include "core/core.h"
#include "core/path/session.h"

namespace sallyport {

namespace {

constexpr uint32_t derive_iterations_max = 100'000;

}  // namespace

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
  answer_news_ = true;
  core_.keep_derived(std::move(answer));
  pump();
}

}  // namespace sallyport
