// Passwords of local users that have been right before, so that PBKDF2 (milliseconds, RFC 8018) is not run
// for every connection of a protocol that sends them whole. Of each is kept a keyed hash over the verifier
// and the password; the key is this process's own. Control thread.
#pragma once

#include <set>
#include <string_view>

#include "config/scram_secret.h"
#include "core/control/messages.h"

namespace sallyport {

class Passwords {
 public:
  Passwords();

  // What stands for the pair; microseconds.
  [[nodiscard]] Digest mark(const config::ScramSecret& verifier, std::string_view password) const;
  [[nodiscard]] bool knows(const Digest& mark) const { return known_.contains(mark); }
  void add(const Digest& mark);

 private:
  SecretBytes key_;
  std::set<Digest> known_;  // at most limits::known_password_count_max; then begun anew
};

}  // namespace sallyport
