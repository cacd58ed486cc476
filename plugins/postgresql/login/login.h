// From a connection's first byte to the target's first ReadyForQuery. Login drives the host itself: it
// answers SSLRequest and GSSENCRequest, reads the StartupMessage, proves the caller (SCRAM-SHA-256, -PLUS),
// opens the target's leg and logs in there. AuthenticationOk reaches the client only when the target is ready
// too.
//
//   FirstBytes --SSLRequest--> Handshake --TLS--> FirstBytes
//   FirstBytes --CancelRequest--> Cancel
//   FirstBytes --StartupMessage--> SaslInitial -> SaslFinal -> Proving -> Target -> Ready -> Welcomed
//                            or -> Token (cleartext, over TLS) -> Proving
//   any --error--> Ended (a FATAL was emitted and the client's leg finished)
//
// Use:  Login login(link, info);
//       auto [step, used] = login.feed(input);        // every event of legs 0 and 1 while step is Going
//       Ready:  publish the key, then login.welcome(key): the session machine takes over both legs. Client
//               bytes that came early stay unconsumed: client_bytes_held() says so, and then the machine
//               must see to it that leg 0 is fed again (wake_after).
//       Cancel: login.cancel_key() is whom to signal; then finish the client's leg.
//       Ended:  answer SP_OK; nothing is left to do. Fault: answer SP_FAULT.
// Source: PostgreSQL manual, "Message Flow"; RFC 5802, 5929, 7677. Session's thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plugins/postgresql/login/link.h"
#include "plugins/postgresql/login/target_login.h"
#include "plugins/postgresql/permissions.h"

namespace sallyport::pg {

enum class LoginStep : uint8_t { Going, Ready, Cancel, Ended, Fault };

class Login {
 public:
  Login(Link link, const sp_open& info);
  ~Login();
  Login(const Login&) = delete;
  Login& operator=(const Login&) = delete;

  struct Outcome {
    LoginStep step;
    size_t used;  // bytes at the front of input.data that this call dropped
  };
  Outcome feed(const sp_input& input);

  // After Ready, once: AuthenticationOk, the target's ParameterStatus, BackendKeyData with the gateway's own
  // `key` (4 bytes of secret), ReadyForQuery. Returns 0 or what the host refused with.
  int welcome(const BackendKey& key);

  [[nodiscard]] const BackendKey& cancel_key() const;  // after Cancel
  [[nodiscard]] bool client_bytes_held() const;

  // After Ready: the identity, and what a further target leg or a cancel needs.
  [[nodiscard]] const std::string& who() const;
  [[nodiscard]] const std::string& target() const;
  [[nodiscard]] const std::string& login() const;
  [[nodiscard]] const std::string& database() const;
  [[nodiscard]] uint32_t target_tls() const;
  [[nodiscard]] const BackendKey& target_key() const;
  [[nodiscard]] const std::vector<Parameter>& target_parameters() const;  // its ParameterStatus
  [[nodiscard]] const std::vector<Parameter>& client_parameters() const;  // as sent to the target
  [[nodiscard]] const Permissions& permissions() const;
  [[nodiscard]] Replication replication() const;
  // For leg 2 (the catalogue): the same database and TLS, a fixed search_path, no parameter of the client's.
  [[nodiscard]] TargetRequest side_request() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sallyport::pg
