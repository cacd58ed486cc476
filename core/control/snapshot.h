// What a core needs to know of the world to serve traffic without opening a file or resolving a name: the
// policy, each target's addresses, TLS context and secrets, each listener's certificate, the plugins. Made by
// the control thread, immutable, shared by reference count, swapped whole (reload, new addresses, rotated
// certificates). Any thread may read it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/control/secret_bytes.h"
#include "core/guard/policy.h"
#include "core/io/address.h"
#include "core/path/loader.h"
#include "core/path/tls.h"

namespace sallyport {

struct LoginState {
  std::string user;
  SecretBytes password;  // empty with `error` when it could not be read
  std::string error;
  config::SecretFile file;  // of the password, before it was read
};

struct TargetState {
  const config::Target* target = nullptr;  // of `policy`
  const Plugin* plugin = nullptr;          // none: opaque
  std::vector<Address> addresses;          // tried in turn; empty with `error` when the name did not resolve
  std::vector<LoginState> logins;          // as in target->logins
  std::string host;                        // the first address as the config has it, with its port
  std::vector<std::pair<std::string, std::string>>
      options;     // all that the plugin has: as set, or its default
  TlsContext tls;  // client side; empty when the target has none
  std::string error;
};

// What a target gives for TargetState::options.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> options_of(const config::Target& target,
                                                                          const sp_manifest& manifest);

struct ListenerState {
  const config::Listener* listener = nullptr;
  const Plugin* plugin = nullptr;  // none: opaque
  TlsContext tls;                  // server side; empty: not offered
};

struct Snapshot {
  std::shared_ptr<const guard::Policy> policy;
  std::vector<TargetState> targets;  // as in policy->config().targets
  std::vector<ListenerState>
      listeners;         // in the order of the listeners at start (a reload keeps their count)
  TlsContext admin_tls;  // of the admin API; empty: plaintext
  std::vector<SecretBytes> token_blocks;    // what token_keys lie on
  std::vector<guard::TokenKey> token_keys;  // as policy->token_keys()
  SecretBytes false_salt_key;               // 32 bytes: gives unknown names a stable salt
  config::User canary;                      // the gateway's own caller; without a secret there is none

  [[nodiscard]] const TargetState* target(std::string_view name) const;
  // Of the config, or the gateway's own caller.
  [[nodiscard]] const config::User* user(std::string_view name) const;
};

using SnapshotPointer = std::shared_ptr<const Snapshot>;

}  // namespace sallyport
