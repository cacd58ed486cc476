// A client and a target as bytes, for tests of the login.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/postgresql/login/login.h"
#include "plugins/postgresql/login/scram.h"
#include "plugins/postgresql/messages.h"
#include "tests/unit/postgresql/fake_host.h"

namespace sallyport::pg::test {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// A table of named inputs. Filled statement by statement: as one initializer it takes compilers minutes.
using Cases = std::vector<std::pair<const char*, std::string>>;

inline std::string bytes_of(const Writer& out) { return std::string(as_text(out.view())); }

inline std::string startup(const Pairs& pairs, uint32_t version = protocol_3_0) {
  Writer out;
  out.begin_startup(version);
  for (const auto& [name, value] : pairs) out.text(name).text(value);
  return bytes_of(out.u8(0).end());
}

inline std::string request(uint32_t code, std::string_view rest = {}) {
  Writer out;
  return bytes_of(out.begin_startup(code).bytes(as_bytes(rest)).end());
}

inline std::string message(char type, std::string_view body) {
  Writer out;
  return bytes_of(out.begin(static_cast<uint8_t>(type)).bytes(as_bytes(body)).end());
}

inline std::string u32(uint32_t value) {
  Writer out;
  return bytes_of(out.u32(value));
}

inline std::string authentication(uint32_t code, std::string_view rest = {}) {
  return message('R', u32(code) + std::string(rest));
}

inline std::string text(std::string_view value) { return std::string(value) + std::string(1, '\0'); }

inline std::string status(std::string_view name, std::string_view value) {
  return message('S', text(name) + text(value));
}

inline std::string error(std::string_view code, std::string_view said) {
  Writer out;
  write_error(out, {.severity = "FATAL", .sqlstate = code, .message = said});
  return bytes_of(out);
}

inline std::string sasl_initial(std::string_view mechanism, std::string_view first) {
  return message('p', text(mechanism) + u32(static_cast<uint32_t>(first.size())) + std::string(first));
}

// What follows AuthenticationOk at a target that is well.
inline std::string target_greeting() {
  return authentication(0) + status("server_version", "15.4") + status("client_encoding", "UTF8") +
         status("standard_conforming_strings", "on") + message('K', u32(77) + "SECR") + message('Z', "I");
}

// The messages in `bytes` as their types, e.g. "RSSKZ".
inline std::string types(std::string_view bytes) {
  std::string out;
  MessageReader reader(as_bytes(bytes));
  Message next;
  while (reader.next(next) == Frame::message) out.push_back(static_cast<char>(next.type));
  return out;
}

// The body of the last message, and the fields of an error that is the last message.
inline std::string last_body(std::string_view bytes) {
  std::string out;
  MessageReader reader(as_bytes(bytes));
  Message next;
  while (reader.next(next) == Frame::message) out = as_text(next.body);
  return out;
}
inline std::string last_error(std::string_view bytes, char field) {
  return std::string(report_field(as_bytes(last_body(bytes)), static_cast<uint8_t>(field)));
}

// Login on a FakeHost, with a client and a target that do their part.
struct LoginBench {
  FakeHost host;
  std::unique_ptr<Login> login;
  LoginStep step = LoginStep::Going;
  ScramClient client{ScramClient::Binding::None, ""};
  std::string client_random = "client-random-0001";

  explicit LoginBench(bool tls_offered = true, bool tls_required = false) {
    sp_open info{};
    info.size = sizeof info;
    info.client_tls_offered = tls_offered ? 1 : 0;
    info.client_tls_required = tls_required ? 1 : 0;
    login = std::make_unique<Login>(host.link(), info);
    host.handler = [this](const sp_input& input) {
      if (step != LoginStep::Going) return;
      const auto outcome = login->feed(input);
      step = outcome.step;
      if (step == LoginStep::Ready) (void)login->welcome({4711, "abcd"});
    };
  }

  void say_first() { host.receive(0, sasl_initial(scram_name, client.first(as_bytes(client_random)))); }
  // Answers the server-first-message that the gateway sent last.
  std::string final_message(std::string_view password) {
    const auto challenge = client.challenge(last_body(host.legs[0].output).substr(4));
    if (!challenge) return "";
    return client.final(as_bytes(salted_password(password, challenge->salt, challenge->iterations)));
  }
  void prove(std::string_view password = "secret") {
    say_first();
    host.receive(0, message('p', final_message(password)));
  }
  // As far as the target's leg being connected.
  void come_in(const Pairs& pairs = {{"user", "orders-db"}, {"database", "shop"}}) {
    host.receive(0, startup(pairs));
    prove();
    host.event(1, SP_EVENT_OPENED);
  }
};

// What the gateway sent on the target's leg behind its StartupMessage.
inline std::string sent_after_startup(const LoginBench& bench) {
  const std::string& out = bench.host.legs[1].output;
  const size_t size = as_bytes(out)[2] * 256u + as_bytes(out)[3];
  return out.substr(size);
}

// The target's side of SCRAM.
struct TargetPeer {
  ScramServer server{""};
  explicit TargetPeer(std::string binding = "") : server(std::move(binding)) {}

  static std::string offer(bool plus) {
    return authentication(10, (plus ? text(scram_plus_name) : "") + text(scram_name) + std::string(1, '\0'));
  }
  // Answers SASLInitialResponse with server-first.
  std::string first(std::string_view sent, std::string_view password) {
    MessageReader reader(as_bytes(sent));
    Message next;
    while (reader.next(next) == Frame::message) {
    }
    Cursor cursor(next.body);
    const std::string mechanism(cursor.text());
    cursor.u32();
    const auto reply =
        server.first(mechanism == scram_plus_name, as_text(cursor.rest()),
                     make_verifier(password, "fedcba9876543210", 4096), as_bytes("target-random-0003"));
    return reply ? authentication(11, *reply) : error("28P01", "bad");
  }
  // Answers SASLResponse with server-final; `right` says whether the proof was.
  std::string final(std::string_view sent, bool& right) {
    const auto proven = server.finish(last_body(sent));
    right = proven && *proven;
    return authentication(12, server.server_final());
  }
};

}  // namespace sallyport::pg::test
