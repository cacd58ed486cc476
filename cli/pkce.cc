#include "cli/pkce.h"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include "config/check.h"
#include "core/identity/base64url.h"

namespace sallyport::cli {

std::string random_text() {
  unsigned char bytes[32];
  CHECK(RAND_bytes(bytes, sizeof bytes) == 1);
  return identity::base64url_encode({reinterpret_cast<const char*>(bytes), sizeof bytes});
}

std::string challenge_of(const std::string& verifier) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(verifier.data()), verifier.size(), digest);
  return identity::base64url_encode({reinterpret_cast<const char*>(digest), sizeof digest});
}

ProofKey make_proof_key() {
  std::string verifier = random_text();
  std::string challenge = challenge_of(verifier);
  return {std::move(verifier), std::move(challenge)};
}

}  // namespace sallyport::cli
