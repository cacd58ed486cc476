// Keys for targets: those that are made or fetched (core/credential), and those that stand in files, which
// change.
#include <openssl/evp.h>
#include <string.h>

#include <nlohmann/json.hpp>

#include "config/clock.h"
#include "core/control/control.h"

namespace sallyport {

namespace {

constexpr int64_t ms = 1'000'000;
constexpr int64_t day_ns = 86'400'000 * ms;

bool has_changed(const Snapshot& snapshot) {
  for (const TargetState& target : snapshot.targets) {
    for (size_t i = 0; i < target.logins.size(); ++i) {
      const config::Secret& secret = target.target->logins[i].password;
      if (config::look_at(secret) != target.logins[i].file) return true;
    }
  }
  return false;
}

// Why the fresh one is not taken: what was good must not be lost to a file that is half written, or to a name
// server that is away. Empty: it is.
std::string loss(const Snapshot& old, const Snapshot& fresh) {
  for (size_t i = 0; i < old.targets.size(); ++i) {
    if (!old.targets[i].addresses.empty() && fresh.targets[i].addresses.empty())
      return fresh.targets[i].error;
    for (size_t j = 0; j < old.targets[i].logins.size(); ++j) {
      const LoginState& now = fresh.targets[i].logins[j];
      if (old.targets[i].logins[j].error.empty() && !now.error.empty()) return now.error;
    }
  }
  return "";
}

// RFC 5802's SaltedPassword.
SecretBytes salted_password(const SecretBytes& password, std::span<const uint8_t> salt, uint32_t iterations) {
  std::array<std::byte, 32> out{};
  const std::string_view text = password.text();
  const int made = PKCS5_PBKDF2_HMAC(text.data(), static_cast<int>(text.size()), salt.data(),
                                     static_cast<int>(salt.size()), static_cast<int>(iterations),
                                     EVP_sha256(), out.size(), reinterpret_cast<unsigned char*>(out.data()));
  SecretBytes secret = made == 1 ? SecretBytes(std::span<const std::byte>(out)) : SecretBytes();
  explicit_bzero(out.data(), out.size());
  return secret;
}

}  // namespace

void Control::open_credentials() {
  const auto tell = [this](uint16_t core, ToCore&& message) { send(core, std::move(message)); };
  credentials_ = std::make_unique<credential::Credentials>(
      credential::Credentials::Ports{.send = tell,
                                     .say = [this](const std::string& text) { options_.say(text); }},
      snapshot_->policy->config().server.state_dir, wake_fd_);
}

void Control::derive(DeriveWanted&& wanted) {
  auto job = std::make_shared<DeriveWanted>(std::move(wanted));
  const auto answer = [this, job](SecretBytes secret) {
    send(job->session.core, DeriveAnswer{.session = job->session,
                                         .target_index = job->target_index,
                                         .login_index = job->login_index,
                                         .salt = job->salt,
                                         .iterations = job->iterations,
                                         .salted_password = std::move(secret)});
  };
  const bool taken = workers_->submit([job, answer]() -> Workers::Done {
    const SecretBytes& password =
        job->key ? job->key->password
                 : job->snapshot->targets[job->target_index].logins[job->login_index].password;
    auto secret = std::make_shared<SecretBytes>(salted_password(password, job->salt, job->iterations));
    return [answer, secret] { answer(std::move(*secret)); };
  });
  if (!taken) answer(SecretBytes());
}

// Changed secret files are read again within a second or two, without a reload. Open sessions keep what they
// have logged in with.
void Control::look_at_secrets() {
  const int64_t now_ns = steady_ns();
  if (looking_at_secrets_ || reloading_ || now_ns - secrets_looked_ns_ < limits::secret_look_interval_ms * ms)
    return;
  secrets_looked_ns_ = now_ns;
  looking_at_secrets_ = workers_->submit([this, old = snapshot_]() -> Workers::Done {
    SnapshotPointer fresh;
    std::string fault;
    if (has_changed(*old)) {
      const std::lock_guard lock(build_mutex_);
      auto made = build_snapshot(old->policy, *options_.plugins, Purpose::refresh, old->canary.secret);
      if (made) {
        fault = loss(*old, **made);
        if (fault.empty()) fresh = std::move(*made);
      } else {
        fault = made.error().front().text;
      }
    }
    return [this, old, fresh, fault] {
      looking_at_secrets_ = false;
      if (fault != secrets_fault_ && !fault.empty())
        options_.say("a secret has changed and cannot be used yet; the old one stays in use: " + fault);
      secrets_fault_ = fault;
      if (!fresh || snapshot_ != old) return;
      options_.say("a changed secret is in use from the next session on");
      record_admin("gateway", "secrets", "a changed secret of a target was read");
      publish(fresh, "secrets", "gateway");
    };
  });
}

nlohmann::json Control::credential_status() const {
  nlohmann::json all = credentials_->status(steady_ns());
  nlohmann::json secrets = nlohmann::json::array();
  for (const TargetState& target : snapshot_->targets) {
    for (size_t i = 0; i < target.logins.size(); ++i) {
      const config::Login& login = target.target->logins[i];
      if (login.password.source == config::Secret::Source::none) continue;
      const LoginState& state = target.logins[i];
      const int64_t age_days = state.file.written_ns == 0 ? -1 : (wall_ns() - state.file.written_ns) / day_ns;
      const uint32_t most = login.credential.age_max_days;
      secrets.push_back({{"target", target.target->name},
                         {"login", login.name},
                         {"age_days", age_days},
                         {"max_age_days", most},
                         {"is_old", most != 0 && age_days > static_cast<int64_t>(most)},
                         {"error", state.error}});
    }
  }
  all["secrets"] = secrets;
  all["secrets_fault"] = secrets_fault_;
  return all;
}

}  // namespace sallyport
