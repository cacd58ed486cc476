// Who guesses secrets at the control plane's doors is slowed as at the listeners; what is refused stands on
// the record as often as tells what goes on, not as often as somebody likes.
#include <openssl/rand.h>

#include <array>

#include "config/check.h"
#include "config/clock.h"
#include "config/scram_secret.h"
#include "core/control/control.h"
#include "core/identity/base64url.h"

namespace sallyport {

namespace {

// "127.0.0.1" of "127.0.0.1:40312"; what has no port stands for itself.
std::string source_of(const std::string& peer) { return peer.substr(0, peer.rfind(':')); }

}  // namespace

void Control::open_guesses() {
  std::array<char, 32> random{};
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), random.size()) == 1);
  const auto made = config::make_scram_secret(identity::base64url_encode({random.data(), random.size()}));
  CHECK(made);
  decoy_ = made->text();
}

// A name that nobody has takes as long to refuse as one that somebody has.
std::string Control::verifier_of(const config::User* user) const {
  return user && !user->secret.empty() ? user->secret : decoy_;
}

bool Control::is_guessing(const std::string& peer, const std::string& name) const {
  return !guesses_.allows(source_of(peer), name, steady_ns());
}

// `name`: empty where nobody can guess it, and nobody is refused for it: a token, a ticket.
void Control::refused_proof(const std::string& peer, const std::string& name, const std::string& detail) {
  const bool is_told = guesses_.allows(source_of(peer), "", steady_ns());
  guesses_.failed(source_of(peer), name, steady_ns());
  if (is_told) record_admin(peer, "login-refused", detail);
}

}  // namespace sallyport
