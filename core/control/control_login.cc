// Callers who prove themselves with tokens or tickets: checking them, and getting their issuers' keys.
#include <curl/curl.h>

#include <nlohmann/json.hpp>

#include "config/clock.h"
#include "core/control/control.h"
#include "core/control/issuer_fetch.h"

namespace sallyport {

namespace {

// One for each issuer, which has one fetch under way at most: that one hangs holds up no other.
constexpr size_t fetcher_count = limits::issuer_count_max;
constexpr size_t device_worker_count = 8;
constexpr size_t password_worker_count = 2;

}  // namespace

void Control::open_issuers() {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  fetchers_ = std::make_unique<Workers>(fetcher_count, 2 * limits::issuer_count_max, wake_fd_);
  password_workers_ =
      std::make_unique<Workers>(password_worker_count, limits::password_check_count_max, wake_fd_);
  device_workers_ = std::make_unique<Workers>(device_worker_count, limits::device_flow_count_max, wake_fd_);
  issuers_ =
      std::make_unique<identity::Issuers>([this](const config::Oidc& issuer) { return fetch_keys(issuer); });
}

void Control::check_password(ProofWanted&& wanted) {
  const Digest mark = passwords_.mark(*wanted.verifier, wanted.proof.text());
  const SessionRef session = wanted.session;
  if (passwords_.knows(mark)) return send(session.core, ProofAnswer{.session = session});
  const bool taken = password_workers_->submit(
      [this, mark, wanted = std::make_shared<const ProofWanted>(std::move(wanted))]() -> Workers::Done {
        const bool right = config::scram_secret_matches(*wanted->verifier, wanted->proof.text());
        return [this, mark, right, session = wanted->session] {
          if (right) passwords_.add(mark);
          send(session.core, ProofAnswer{.session = session, .fault = right ? "" : "wrong-proof"});
        };
      });
  if (!taken) send(session.core, ProofAnswer{.session = session, .fault = "gateway-busy"});
}

void Control::prove(ProofWanted&& wanted) {
  if (wanted.verifier) return check_password(std::move(wanted));
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
  issuers_->check(
      wanted.proof.text(), deadline_ns, now,
      [this, session = wanted.session](std::expected<identity::Identity, identity::RefusedToken> found) {
        ProofAnswer answer{.session = session};
        if (found) {
          answer.identity = std::make_shared<const identity::Identity>(std::move(*found));
        } else {
          answer.fault = identity::token_fault_text(found.error().fault);
          answer.issuer = std::move(found.error().issuer);
          answer.subject = std::move(found.error().subject);
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

}  // namespace sallyport
