// A private certificate authority and a server certificate of it: EC P-256, made with libcrypto.
#pragma once

#include <string>
#include <vector>

#include "config/error.h"

namespace sallyport::cli {

struct CertificateSet {
  std::string ca_certificate, ca_key, certificate, key;  // PEM; the keys are secrets
  std::string ca_fingerprint;  // SHA-256, as `openssl x509 -fingerprint -sha256` prints it
};

// `names`: host names and numeric addresses that the server certificate is good for; the first is its
// subject.
[[nodiscard]] Result<CertificateSet> make_certificates(const std::vector<std::string>& names);

// Of the first certificate in a PEM text.
[[nodiscard]] Result<std::string> fingerprint_of(const std::string& pem);

}  // namespace sallyport::cli
