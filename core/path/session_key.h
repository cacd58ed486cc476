// What a session knows of the key that is made or fetched for it. One core thread.
#pragma once

#include <optional>
#include <string>

#include "core/control/messages.h"

namespace sallyport {

struct SessionKey {
  bool is_asked = false;  // control keeps it for this session, or sees to it
  std::string meaning;    // of the credential that was asked for
  std::optional<CredentialAnswer> answer;
  std::optional<DeriveAnswer> derived;  // of its password, for the target's salt

  // Null: the login's own secret is used.
  [[nodiscard]] const credential::Key* get() const { return answer ? answer->key.get() : nullptr; }
};

}  // namespace sallyport
