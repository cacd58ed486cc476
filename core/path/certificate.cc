#include "core/path/certificate.h"

#include <algorithm>

#include "config/pattern.h"
#include "config/quantity.h"

namespace sallyport {

CertificateBearer bearer_of(const config::Config& config, const config::Listener& listener,
                            const PeerCertificate& certificate) {
  CertificateBearer bearer;
  if (!listener.tls || listener.tls->client_ca.empty() || !certificate.fault.empty() ||
      certificate.name.empty()) {
    bearer.refusal = certificate.fault.empty() ? certificate_missing : certificate.fault;
    return bearer;
  }
  const auto user = std::ranges::find(config.users, certificate.name, &config::User::certificate);
  if (user != config.users.end()) {
    bearer.who = user->name;
    bearer.groups = user->groups;
    bearer.persons = user->persons();
    return bearer;
  }
  bearer.who = std::string(config::certificate_identity) + ":" + certificate.name;
  bearer.persons = {bearer.who};
  if (certificate.kind == config::CertificateName::email)
    bearer.persons.push_back("mailto:" + config::lower_case(certificate.name));
  bearer.groups = listener.groups;
  for (const auto& [pattern, groups] : listener.tls->clients.groups) {
    if (!config::glob_match(pattern, certificate.name)) continue;
    for (const std::string& group : groups) {
      if (std::ranges::find(bearer.groups, group) == bearer.groups.end()) bearer.groups.push_back(group);
    }
  }
  if (bearer.groups.empty()) bearer.refusal = "unknown-certificate";
  return bearer;
}

identity::Identity identity_of(const CertificateBearer& bearer, const PeerCertificate& certificate,
                               const config::ClientCertificates& clients, int64_t now_ns) {
  identity::Identity identity;
  identity.name = bearer.who;
  identity.issuer = config::certificate_identity;
  identity.issuer_url = certificate.issuer;
  identity.subject = certificate.name;
  identity.persons = bearer.persons;
  identity.groups = bearer.groups;
  identity.job = {{"serial", certificate.serial}, {"sha256", certificate.digest}};
  identity.expires_ns = certificate.expires_ns;
  if (clients.session_max_ms > 0)
    identity.expires_ns = std::min(identity.expires_ns, now_ns + int64_t{clients.session_max_ms} * 1'000'000);
  return identity;
}

}  // namespace sallyport
