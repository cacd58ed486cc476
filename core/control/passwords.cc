#include "core/control/passwords.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <string>

#include "config/check.h"
#include "config/limits.h"

namespace sallyport {

Passwords::Passwords() {
  std::array<std::byte, 32> key{};
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), static_cast<int>(key.size())) == 1);
  key_ = SecretBytes(std::span<const std::byte>(key));
  OPENSSL_cleanse(key.data(), key.size());
}

Digest Passwords::mark(const config::ScramSecret& verifier, std::string_view password) const {
  std::string text = verifier.text();  // holds no newline
  text += '\n';
  text += password;
  Digest digest{};
  unsigned size = 0;
  CHECK(HMAC(EVP_sha256(), key_.bytes().data(), static_cast<int>(key_.bytes().size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size));
  OPENSSL_cleanse(text.data(), text.size());
  return digest;
}

void Passwords::add(const Digest& mark) {
  if (known_.size() >= limits::known_password_count_max) known_.clear();
  known_.insert(mark);
}

}  // namespace sallyport
