// The gateway's own way into the target on one leg: connect, SSLRequest, TLS, StartupMessage, authentication,
// and the target's parameters up to its first ReadyForQuery. The same machine serves the session's leg and
// the catalogue's. Source: PostgreSQL manual, "Message Flow: Start-up" and "SASL Authentication"; RFC 5802,
// 7677. Runs on the session's thread, inside `feed`. Split invariant: a message is looked at when it is
// whole.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plugins/postgresql/login/link.h"
#include "plugins/postgresql/login/startup.h"

namespace sallyport::pg {

// Who to be at the target and how to get there; what `prove` answered and the client asked for.
struct TargetRequest {
  std::string target;    // its name in the config, for error texts
  std::string database;  // empty: the target's default for the user
  uint32_t tls = SP_TARGET_TLS_VERIFY;
  std::vector<Parameter> parameters;  // of the StartupMessage, besides user, database, client_encoding
  Replication replication = Replication::None;
};

enum class TargetStep : uint8_t {
  Going,
  Ready,   // ReadyForQuery 'I' was read and dropped; bytes behind it are unconsumed
  Failed,  // `failure` says why, in words that a client may read
};

struct TargetFailure {
  std::string sqlstate;  // five characters
  std::string message;   // holds no word of the target's about authentication; masked
};

class TargetLogin {
 public:
  TargetLogin(Link link, uint32_t leg);
  ~TargetLogin();
  TargetLogin(const TargetLogin&) = delete;
  TargetLogin& operator=(const TargetLogin&) = delete;

  // Calls `connect` for the leg. Once.
  TargetStep start(TargetRequest request);

  struct Outcome {
    TargetStep step;
    size_t used;  // bytes at the front of input.data that this call dropped
  };
  // For every event of this leg, and for SP_EVENT_ANSWER of any leg (data is looked at only if input.leg is
  // this leg).
  Outcome feed(const sp_input& input);

  [[nodiscard]] bool started() const;
  [[nodiscard]] TargetStep step() const;
  [[nodiscard]] const TargetFailure& failure() const;
  [[nodiscard]] const std::vector<Parameter>& parameters() const;  // the target's ParameterStatus, in order
  [[nodiscard]] const BackendKey& key() const;                     // for cancels; secret empty: it sent none

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Within it the target must have taken a cancel and closed; the client's requests wait for that.
inline constexpr uint32_t cancel_answer_ms = 10'000;

// Sends one CancelRequest over a leg of its own, with TLS where the target wants it, then closes the leg.
class TargetCancel {
 public:
  TargetCancel(Link link, uint32_t leg) : link_(link), leg_(leg) {}
  void start(uint32_t tls, const BackendKey& key);
  // For every event of this leg. True: over, the leg is finished (a cancel's failure has no report).
  bool feed(const sp_input& input);
  [[nodiscard]] bool busy() const { return at_ != At::Idle; }

 private:
  enum class At : uint8_t { Idle, Connecting, AwaitTlsAnswer, Handshaking, Sent };
  bool send();
  bool over();
  Link link_;
  uint32_t leg_;
  uint32_t tls_ = SP_TARGET_TLS_VERIFY;
  At at_ = At::Idle;
  BackendKey key_;
};

}  // namespace sallyport::pg
