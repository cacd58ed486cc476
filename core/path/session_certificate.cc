// A client certificate as the caller's proof, where a plugin reads the protocol.
#include "core/core.h"
#include "core/path/session.h"

namespace sallyport {

// As the session's snapshot sees it: CAs, revocations and what counts as a name may have changed.
void Session::look_at_certificate() {
  const config::Listener& listener = snapshot_->policy->config().listeners[listener_index_];
  PeerCertificate found;
  const Leg& client = legs_[SP_LEG_CLIENT];
  if (client.tls && listener.tls && !listener.tls->client_ca.empty())
    found = client.tls->peer(snapshot_->listeners[listener_index_].tls, listener.tls->clients.names,
                             core_.wall_ns() / 1'000'000'000);
  if (opaque_) {
    opaque_->certificate = std::move(found);
  } else {
    certificate_ = std::move(found);
  }
}

// Whether the certificate, or that there is none, says all that this caller's proof can say. A bad one is
// refused whatever else is offered; a good one never stands for another name than its own.
bool Session::proves_by_certificate() {
  const config::Listener& listener = snapshot_->policy->config().listeners[listener_index_];
  if (!listener.tls || listener.tls->client_ca.empty() || who_ == config::canary_name) return false;
  if (!certificate_) look_at_certificate();
  const bool is_required = listener.tls->clients.required;
  if (certificate_->fault == certificate_missing || is_required) return is_required;
  if (!certificate_->fault.empty()) return true;
  const CertificateBearer bearer = bearer_of(snapshot_->policy->config(), listener, *certificate_);
  if (bearer.refusal.empty()) return who_.empty() || who_ == bearer.who;
  return who_.empty() && !expects_token();
}

// What is wrong with it, empty when nothing is.
std::string Session::check_certificate() {
  if (!proves_by_certificate()) return "wrong-proof";
  by_certificate_ = true;
  const config::Listener& listener = snapshot_->policy->config().listeners[listener_index_];
  CertificateBearer bearer = bearer_of(snapshot_->policy->config(), listener, *certificate_);
  const std::string claimed = std::exchange(who_, bearer.who);
  if (!bearer.refusal.empty()) return bearer.refusal;
  become(std::make_shared<const identity::Identity>(
      identity_of(bearer, *certificate_, listener.tls->clients, core_.wall_ns())));
  // For good: a second call finds it, too.
  if (!claimed.empty() && claimed != who_) certificate_->fault = "certificate-of-another";
  return certificate_->fault;
}

}  // namespace sallyport
