// What a TargetLogin holds between feeds; shared by its source files only. target_login.cc has the way in
// (legs, TLS, framing), target_authentication.cc the methods, target_greeting.cc what the target says
// besides.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/postgresql/login/scram.h"
#include "plugins/postgresql/login/target_login.h"
#include "plugins/postgresql/messages.h"

namespace sallyport::pg {

inline constexpr std::string_view sqlstate_unreachable = "08001";
inline constexpr std::string_view sqlstate_rejected = "08004";
inline constexpr std::string_view sqlstate_protocol = "08P01";

struct TargetLogin::State {
  //   Idle -> Connecting -> [TlsAnswer -> Handshake] -> Auth -> Parameters -> Ready
  //   Auth: AuthenticationOk | Cleartext | MD5 | SASL -> ScramFirst -> Credential -> ScramFinal -> Ok
  enum class At : uint8_t {
    Idle,
    Connecting,
    TlsAnswer,
    Handshake,
    Auth,        // the first AuthenticationRequest is awaited
    ScramFirst,  // server-first-message
    Credential,  // the host is preparing the SaltedPassword
    ScramFinal,  // server-final-message
    Ok,          // AuthenticationOk
    Parameters,  // until ReadyForQuery
    Ready,
    Failed,
  };

  State(Link l, uint32_t g) : link(l), leg(g) {}

  Link link;
  uint32_t leg;
  At at = At::Idle;
  TargetRequest request;
  std::string user;
  std::vector<Parameter> parameters;
  size_t parameter_size = 0;
  BackendKey key;
  TargetFailure failure;
  std::unique_ptr<ScramClient> scram;
  ScramClient::Challenge challenge;
  bool leg_open = false;
  bool tls = false;

  // The data of the feed under way, for masking what the target says.
  const uint8_t* data = nullptr;

  void fail(std::string_view sqlstate, std::string message);
  void fail_login(std::string_view why = {});
  void fail_protocol();
  bool host_took(int result);
  void send(const Writer& out);
  void send_secret(std::string& text);

  void opened();
  void secured();
  void send_startup();
  void failed(std::string_view reason);
  size_t read(std::span<const uint8_t> bytes);
  size_t read_tls_answer(std::span<const uint8_t> bytes);
  void message(const Message& message);
  void authentication(Bytes body);
  void first_request(uint32_t code, Cursor& body);
  void begin_scram(Cursor& body);
  void continue_scram(std::string_view text);
  void answer_challenge();
  void send_password(uint32_t code, Bytes salt);
  void parameter_status(Bytes body);
  void key_data(Bytes body);
  void ready(Bytes body);
  void report(const Message& message);
  std::string masked(std::string_view text);
  bool credential(sp_credential& wanted, sp_verdict& verdict);
};

}  // namespace sallyport::pg
