// What a listener makes of its callers' certificates, and who may speak for whom. Plain data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "config/limits.h"
#include "config/place.h"

namespace sallyport::config {

// The kinds of names that a certificate may bear: three of its subject's alternatives (RFC 5280, section
// 4.2.1.6), and two of its subject: the common name, and the whole of it as RFC 2253 writes it.
enum class CertificateName : uint8_t { email, uri, dns, common_name, subject };

// Stands before the names of identities that only a certificate names; no [[oidc]] may be called so.
inline constexpr const char* certificate_identity = "certificate";

struct ClientCertificates {
  std::filesystem::path crl;  // PEM, of the CAs that sign callers; empty: nothing is looked up
  bool required = true;       // else callers without one prove themselves as elsewhere
  // The first kind that a certificate has names its bearer.
  std::vector<CertificateName> names = {CertificateName::email, CertificateName::uri, CertificateName::dns,
                                        CertificateName::common_name};
  // A name with * -> groups of its bearer; all that fit count.
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  uint32_t session_max_ms = limits::issuer_session_max_ms;  // and never past the certificate's own end
};

// Who may say for whom he asks.
struct Delegation {
  std::vector<std::string> groups, identities;          // who: of these groups, or of these names with *
  std::vector<std::string> persons, groups_of_persons;  // for whom: names with *, [[user]]s of these groups
  Place place;
};

}  // namespace sallyport::config
