// What the workers that make, renew and take back keys tell the control thread.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "core/control/snapshot.h"
#include "core/credential/key.h"

namespace sallyport::credential {

// Of which login, for whom. The snapshot keeps the secrets alive that it takes.
struct Task {
  SnapshotPointer snapshot;
  uint32_t target_index = 0;
  uint32_t login_index = 0;
  std::string identity;

  [[nodiscard]] const TargetState& target() const { return snapshot->targets[target_index]; }
  [[nodiscard]] const LoginState& login_state() const { return target().logins[login_index]; }
  [[nodiscard]] const config::Login& login() const { return target().target->logins[login_index]; }
  [[nodiscard]] const config::Credential& credential() const { return login().credential; }
  [[nodiscard]] std::string name() const { return target().target->name + ", login " + login().name; }
};

struct Made {
  KeyPointer key;
  int64_t life_ns = 0;
  std::string handle;  // names it to renew and drop
};

struct Fault {
  std::string public_text;  // for callers: names no detail of the target
  std::string text;         // for the operator; holds no secret
  bool may_exist = true;    // of a mint: something may have been made
};
template <typename T>
using Outcome = std::expected<T, Fault>;

}  // namespace sallyport::credential
