// Plays a session on the conformance kit's host and writes it down as a transcript, for
// session_transcripts.cc.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "core/path/kit_host.h"
#include "core/path/kit_text.h"
#include "plugins/plugin.h"
#include "tests/unit/postgresql/login_peers.h"
#include "tests/unit/postgresql/session_bench.h"

namespace sallyport::pg::test {

class Script {
 public:
  Script(std::string title, KitScript script) : host_(sallyport_plugin, std::move(script)) {
    line("# " + title);
  }

  void line(std::string text) { text_ += text + "\n"; }
  void say(std::string comment) { text_ += "\n# " + comment + "\n"; }
  void client(std::string_view bytes) { input(SP_LEG_CLIENT, "client", bytes); }
  void target(std::string_view bytes) { input(SP_LEG_TARGET, "leg 1", bytes); }
  // What the target answers to the look-up for a held request; empty status: the client's Sync is to come.
  void state(std::string_view status = "I") {
    target(parsed() + bound() + row({"public"}) + complete("SELECT 1") + closed() + closed() +
           (status.empty() ? std::string() : ready(status[0])));
  }
  void opened(uint32_t leg) {
    line("opened " + std::to_string(leg));
    need(host_.opened(leg));
    follow();
  }
  void decide(sp_verdict verdict, sp_state state, const std::string& words) {
    line("decide " + words);
    need(host_.decide(0, verdict, state));
    follow();
  }
  void end(uint32_t leg) {
    line(leg == SP_LEG_CLIENT ? "end client" : "end leg " + std::to_string(leg));
    need(host_.end(leg));
    follow();
  }
  void signal() {
    line("signal");
    need(host_.signalled());
    follow();
  }
  void shutdown(const std::string& reason) {
    line("shutdown " + kit_quote(reason));
    need(host_.shutdown(reason));
    follow();
  }

  void log_in(const Pairs& pairs = {{"user", "orders-db"}, {"database", "shop"}}) {
    ScramClient client_side{ScramClient::Binding::None, ""};
    client(startup(pairs));
    client(sasl_initial(scram_name, client_side.first(as_bytes(std::string_view("client-random-0001")))));
    const auto challenge = client_side.challenge(last_body(host_.output(0)).substr(4));
    need(challenge.has_value());
    client(message('p', client_side.final(
                            as_bytes(salted_password("password", challenge->salt, challenge->iterations)))));
    opened(1);
    target(target_greeting());
  }

  void save(const std::string& directory, const std::string& name) {
    for (const uint32_t leg : {0u, 1u, 2u, 3u}) {
      const size_t held = host_.leg(leg).unconsumed.size();
      const std::string words = leg == 0 ? "client" : "leg " + std::to_string(leg);
      if (held != 0) line("expect held " + words + " " + std::to_string(held));
    }
    if (host_.ended()) line("expect ended " + kit_quote(host_.ended_why()));
    for (const std::string& violation : host_.violations()) {
      std::fprintf(stderr, "%s: %s\n", name.c_str(), violation.c_str());
      std::exit(1);
    }
    std::ofstream(directory + "/" + name + ".transcript") << text_;
  }

 private:
  void input(uint32_t leg, const std::string& words, std::string_view bytes) {
    for (size_t at = 0; at < bytes.size(); at += 4096)
      line(words + " < " + kit_quote(bytes.substr(at, 4096)));
    need(host_.receive(leg, bytes));
    follow();
  }
  void follow() {
    const std::vector<std::string>& asks = host_.trace(KitTrace::kAsk);
    for (; asked_ < asks.size(); ++asked_) line("expect ask " + kit_quote(asks[asked_]));
    for (const uint32_t leg : {0u, 1u, 2u, 3u}) {
      const std::string bytes = host_.take(leg);
      if (!bytes.empty())
        line("expect " + (leg == 0 ? "client" : "leg " + std::to_string(leg)) + " > " + kit_quote(bytes));
    }
  }
  void need(bool good) {
    if (good) return;
    std::fprintf(stderr, "%s\n%s\n", text_.c_str(), host_.problem().c_str());
    std::exit(1);
  }

  KitHost host_;
  std::string text_;
  size_t asked_ = 0;
};

// copy_transcripts.cc: the transcripts of COPY, into directory `to`.
void copies(const std::string& to);
void values(const std::string& to);
void permits(const std::string& to);

}  // namespace sallyport::pg::test
