// A caller's certificate as the proof of who calls, on opaque listeners and judged ones alike: what it is
// worth, and which local identity and groups [[listener]] and [[user]] give its name. Plain data and pure
// functions; TlsStream::peer() fills it. Source: RFC 5280. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/identity/identity.h"

namespace sallyport {

inline constexpr const char* certificate_missing = "certificate-missing";

struct PeerCertificate {
  std::string fault = certificate_missing;  // a reason code; empty: it is good
  std::string name;                         // of the kind that decides, and the only one of that kind
  config::CertificateName kind = config::CertificateName::email;
  std::string issuer, serial, digest;  // the CA that signed it, in RFC 2253; hexadecimal; SHA-256 of it
  int64_t expires_ns = 0;              // wall clock: the first end of a validity in its chain
};

struct CertificateBearer {
  std::string who;
  std::vector<std::string> groups, persons;
  std::string refusal;  // a reason code; empty: somebody
};

// The user whose `certificate` is that name, else "certificate:NAME" with the groups that the listener gives.
CertificateBearer bearer_of(const config::Config& config, const config::Listener& listener,
                            const PeerCertificate& certificate);

// For the record and the session's end. `now_ns`: wall clock.
identity::Identity identity_of(const CertificateBearer& bearer, const PeerCertificate& certificate,
                               const config::ClientCertificates& clients, int64_t now_ns);

}  // namespace sallyport
