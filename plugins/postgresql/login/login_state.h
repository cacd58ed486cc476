// What a Login holds between feeds; shared by its source files only. login.cc has the events and the end,
// login_first.cc the messages before the StartupMessage is taken, login_sasl.cc and login_token.cc the
// caller's proof.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "plugins/postgresql/login/login.h"
#include "plugins/postgresql/login/scram.h"
#include "plugins/postgresql/login/startup.h"
#include "plugins/postgresql/messages.h"
#include "plugins/postgresql/permissions.h"

namespace sallyport::pg {

struct Login::State {
  enum class At : uint8_t {
    FirstBytes,
    Handshake,
    SaslInitial,
    SaslFinal,
    Token,
    Proving,
    Target,
    Ready,
    Cancel,
    Over
  };

  State(Link l, const sp_open& info)
      : link(l),
        tls_offered(info.client_tls_offered != 0),
        tls_required(info.client_tls_required != 0),
        target(l, SP_LEG_TARGET) {}

  Link link;
  bool tls_offered;
  bool tls_required;
  TargetLogin target;
  At at = At::FirstBytes;
  LoginStep outcome = LoginStep::Going;
  bool tls = false;
  bool tls_refused = false;
  bool gss_refused = false;
  bool held = false;
  BackendKey cancel;
  Startup startup;
  sp_scram_verifier verifier{};
  std::optional<ScramServer> scram;
  bool proof_right = false;
  bool by_token = false;    // in cleartext, over TLS: it names its bearer
  bool by_channel = false;  // the client's TLS has proven who it is
  bool token_too_large = false;
  std::string token;
  TargetRequest request;
  std::string who;
  std::string login;
  Permissions permissions;

  bool host_took(int result);
  void send(const Writer& out);
  size_t drop(size_t size);
  void end(std::string_view reason);
  void fatal(std::string_view sqlstate, std::string_view message, std::string_view hint = {});

  size_t read(Bytes bytes);
  size_t read_first(Bytes bytes);
  void start_client_tls(bool direct);
  void read_code(const Message& message, uint32_t code, size_t behind);
  void ssl_request(size_t behind);
  void gss_request();
  void cancel_request(Cursor& body);
  void version(uint32_t code, Bytes body);
  void begin_login();
  void negotiate_version(uint16_t minor);
  void ask_proof();
  size_t read_sasl(Bytes bytes);
  void sasl_initial(Bytes body);
  void sasl_final(Bytes body);
  void ask_token();
  size_t read_token(Bytes bytes);
  void prove();
  int put_proof(sp_identity& identity);
  void forget_proof();
  void enter(const sp_identity& identity);
  void follow_target(TargetStep step);
};

}  // namespace sallyport::pg
