// What logins need of the control thread: callers' tokens checked, their issuers' keys fetched, and the keys
// that targets' passwords stand for.
#include <curl/curl.h>
#include <openssl/evp.h>

#include <nlohmann/json.hpp>

#include "config/clock.h"
#include "core/control/control.h"
#include "core/control/issuer_fetch.h"

namespace sallyport {

namespace {

// One for each issuer, which has one fetch under way at most: that one hangs holds up no other.
constexpr size_t fetcher_count = limits::issuer_count_max;

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

void Control::open_issuers() {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  fetchers_ = std::make_unique<Workers>(fetcher_count, 2 * limits::issuer_count_max, wake_fd_);
  issuers_ =
      std::make_unique<identity::Issuers>([this](const config::Oidc& issuer) { return fetch_keys(issuer); });
}

void Control::prove(ProofWanted&& wanted) {
  if (wanted.proof.text().starts_with(identity::ticket_prefix)) {
    ProofAnswer answer{.session = wanted.session, .ticket = tickets_.proven(wanted.proof.text())};
    if (answer.ticket) {
      answer.identity = answer.ticket->identity;
    } else {
      answer.fault = "ticket-unknown";
    }
    return send(wanted.session.core, std::move(answer));
  }
  const identity::Now now{wall_ns(), steady_ns()};
  const int64_t deadline_ns =
      now.steady_ns + int64_t{snapshot_->policy->config().server.login_timeout_ms} * 1'000'000 / 2;
  issuers_->check(wanted.proof.text(), deadline_ns, now,
                  [this, session = wanted.session](identity::Checked<identity::Identity> found) {
                    ProofAnswer answer{.session = session};
                    if (found) {
                      answer.identity = std::make_shared<const identity::Identity>(std::move(*found));
                    } else {
                      answer.fault = identity::token_fault_text(found.error());
                    }
                    send(session.core, std::move(answer));
                  });
}

bool Control::fetch_keys(const config::Oidc& issuer) {
  return fetchers_->submit([this, issuer]() -> Workers::Done {
    Result<identity::KeySet> keys = sallyport::fetch_keys(issuer, stopping_);
    return [this, issuer, keys = std::move(keys)]() mutable {
      if (!keys) options_.say("oidc " + issuer.name + ": " + keys.error().text);
      issuers_->fetched(issuer, std::move(keys), {wall_ns(), steady_ns()});
    };
  });
}

nlohmann::json Control::issuer_status() const {
  nlohmann::json all = nlohmann::json::array();
  for (const identity::Issuers::Status& one : issuers_->status({wall_ns(), steady_ns()})) {
    all.push_back({{"name", one.name},
                   {"issuer", one.issuer},
                   {"keys", one.key_count},
                   {"keys_age_s", one.age_ns < 0 ? -1 : one.age_ns / 1'000'000'000},
                   {"error", one.error}});
  }
  return all;
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
    const SecretBytes& password = job->snapshot->targets[job->target_index].logins[job->login_index].password;
    auto secret = std::make_shared<SecretBytes>(salted_password(password, job->salt, job->iterations));
    return [answer, secret] { answer(std::move(*secret)); };
  });
  if (!taken) answer(SecretBytes());
}

}  // namespace sallyport
