// Proof key for code exchange (RFC 7636, method S256), and the random texts of a login. Any thread.
#pragma once

#include <string>

namespace sallyport::cli {

// 256 bits as 43 characters of base64url.
[[nodiscard]] std::string random_text();

struct ProofKey {
  std::string verifier, challenge;
};
[[nodiscard]] ProofKey make_proof_key();
// BASE64URL(SHA256(verifier)): section 4.2.
[[nodiscard]] std::string challenge_of(const std::string& verifier);

}  // namespace sallyport::cli
