// Makes the transcripts of plugins/postgresql/transcripts, which the conformance kit plays: each is a session
// as bytes, from login on, with what must come of it. A login's bytes depend on the kit's seeded randomness,
// so they are made, not written. Run after a change of the login, read the difference, commit it:
//
//   pg_make_transcripts plugins/postgresql/transcripts
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "core/path/kit_host.h"
#include "core/path/kit_text.h"
#include "plugins/plugin.h"
#include "tests/unit/postgresql/login_peers.h"
#include "tests/unit/postgresql/session_bench.h"

namespace sallyport::pg::test {
namespace {

class Script {
 public:
  Script(std::string title, KitScript script) : host_(sallyport_plugin, std::move(script)) {
    line("# " + title);
  }

  void line(std::string text) { text_ += text + "\n"; }
  void say(std::string comment) { text_ += "\n# " + comment + "\n"; }
  void client(std::string_view bytes) { input(SP_LEG_CLIENT, "client", bytes); }
  void target(std::string_view bytes) { input(SP_LEG_TARGET, "leg 1", bytes); }
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

  void log_in() {
    ScramClient client_side{ScramClient::Binding::None, ""};
    client(startup({{"user", "orders-db"}, {"database", "shop"}}));
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

KitScript answers(std::vector<KitAnswer> list) {
  KitScript script;
  script.answers = std::move(list);
  return script;
}

void simple(const std::string& to) {
  Script play("Simple queries: allowed, denied outside and inside a block, several at once.",
              answers({{.verb = "DROP", .verdict = SP_DENY, .rule = "no-drop"}}));
  play.line("answer DROP deny rule=no-drop");
  play.log_in();
  play.client(query("SELECT 1"));
  play.target(columns({"a"}) + row({"1"}) + row({"22"}) + complete("SELECT 2") + ready());
  play.client(query("DROP TABLE a"));
  play.say("In a block the target has to fail it.");
  play.client(query("BEGIN"));
  play.target(complete("BEGIN") + ready('T'));
  play.client(query("DROP TABLE a"));
  play.target(failure("42601", "syntax error") + ready('E'));
  play.client(query("ROLLBACK"));
  play.target(complete("ROLLBACK") + ready());
  play.say("Behind answers that are still to come, too.");
  play.client(query("SELECT 1") + query("DROP TABLE a") + query(""));
  play.target(columns({"a"}) + complete("SELECT 0") + ready() + failure("42601") + ready() + empty_query() +
              ready());
  play.client(terminate());
  play.save(to, "simple");
}

void extended(const std::string& to) {
  Script play("The extended protocol: names, portals, errors, skip until Sync, refusals in their place.",
              answers({{.verb = "DROP", .verdict = SP_DENY, .rule = "no-drop"}}));
  play.line("answer DROP deny rule=no-drop");
  play.log_in();
  play.client(parse("s", "SELECT $1", {25}) + describe('S', "s") + sync());
  play.target(parsed() + parameters({25}) + columns({"a"}) + ready());
  play.client(bind("p", "s", {"x"}) + describe('P', "p") + execute("p", 1) + execute("p") + close('P', "p") +
              sync());
  play.target(bound() + columns({"a"}) + row({"x"}) + suspended() + complete("SELECT 0") + closed() +
              ready());
  play.say("A failure skips what was sent behind it.");
  play.client(run("SELECT 1/0") + run("SELECT 2") + query("SELECT 3") + sync());
  play.target(parsed() + bound() + failure("22012", "division by zero") + ready());
  play.client(run("BEGIN") + run("INSERT INTO a VALUES (1)") + parse("", "DROP TABLE a") + bind("", "") +
              execute("") + run("COMMIT") + sync());
  play.target(parsed() + bound() + complete("BEGIN") + parsed() + bound() + complete("INSERT 0 1") +
              failure("42601") + ready('E'));
  play.client(query("ROLLBACK"));
  play.target(notice("rolling back") + complete("ROLLBACK") + ready());
  play.client(parse("s", "SELECT 2") + flush());
  play.target(failure("42P05"));
  play.client(bind("", "s") + execute("") + sync());
  play.target(ready());
  play.client(terminate());
  play.save(to, "extended");
}

void hold(const std::string& to) {
  Script play("Requests that wait for a person: approved, refused, cancelled, and their caller gone.",
              answers({{.verb = "DROP",
                        .verdict = SP_WAIT,
                        .rule = "ask-first",
                        .detail = "approval=7F3K state=pending"}}));
  play.line("answer DROP wait rule=ask-first detail=\"approval=7F3K state=pending\"");
  play.log_in();
  play.client(query("DROP TABLE a") + query("SELECT 1"));
  play.decide(SP_ALLOW, SP_STATE_APPROVED, "allow approved");
  play.target(complete("DROP TABLE") + ready() + columns({"a"}) + complete("SELECT 0") + ready());
  play.client(run("DROP TABLE b") + sync());
  play.decide(SP_DENY, SP_STATE_REFUSED, "deny refused");
  play.target(parsed() + bound() + failure("34000") + ready());
  play.client(query("DROP TABLE c"));
  play.signal();
  play.client(query("DROP TABLE d") + terminate());
  play.end(SP_LEG_CLIENT);
  play.save(to, "hold");
}

void masked(const std::string& to) {
  KitScript script;
  script.masks = {{.field = "", .text = "secret", .replacement = "******"},
                  {.field = "", .text = "a@b.example", .replacement = "-"}};
  Script play("Rows and reports where masks apply: in place, resized, binary, and described for ourselves.",
              std::move(script));
  play.line("mask * \"secret\" with \"******\"");
  play.line("mask * \"a@b.example\" with \"-\"");
  play.log_in();
  play.client(query("SELECT a, b FROM c"));
  play.target(columns({"a", "b"}) + row({"my secret", "x"}) + row({"a@b.example", "secret"}) +
              complete("SELECT 2") + ready());
  play.client(run("SELECT a FROM c") + sync());
  play.target(parsed() + bound() + columns({"a"}) + row({"a@b.example"}) + complete("SELECT 1") + ready());
  play.client(parse("", "SELECT a FROM c") + bind("", "") + describe('P', "") + execute("") + sync());
  play.target(parsed() + bound() + columns({"a"}, 1) + row({"secret"}) + complete("SELECT 1") + ready());
  play.client(query("SELECT 'secret'::int"));
  play.target(notice("secret") + failure("22P02", "invalid input: a@b.example") + ready());
  play.client(terminate());
  play.save(to, "masked");
}

void copies(const std::string& to) {
  Script in("COPY FROM STDIN: simple and extended, with what clients send that do not notice.", {});
  in.log_in();
  in.client(query("COPY a FROM STDIN"));
  in.target(copy_in());
  in.client(copy_data("1\tx\n") + copy_data("2\ty\n") + copy_data("") + copy_done());
  in.target(complete("COPY 2") + ready());
  in.client(run("COPY a FROM STDIN (FORMAT binary)") + sync());
  in.target(parsed() + bound() + copy_in(1));
  in.client(copy_data("PGCOPY") + flush() + sync() + copy_done() + sync());
  in.target(complete("COPY 0") + ready());
  in.say("Several in one text.");
  in.client(query("COPY a FROM STDIN; SELECT 1; COPY b FROM STDIN"));
  in.target(copy_in());
  in.client(copy_data("1\n") + copy_done());
  in.target(complete("COPY 1") + columns({"a"}) + row({"1"}) + complete("SELECT 1") + copy_in(0, 1));
  in.client(copy_done());
  in.target(complete("COPY 0") + ready());
  in.client(terminate());
  in.save(to, "copy-in");

  Script out("COPY TO STDOUT: simple and extended, and a failure in the middle.", {});
  out.log_in();
  out.client(query("COPY a TO STDOUT"));
  out.target(copy_out() + copy_data("1\tx\n") + notice("half") + copy_data("2\ty\n") + copy_done() +
             complete("COPY 2") + ready());
  out.client(run("COPY (SELECT 1) TO STDOUT (FORMAT csv)") + sync());
  out.target(parsed() + bound() + copy_out(0, 1) + copy_data("1\n") + copy_done() + complete("COPY 1") +
             ready());
  out.client(query("COPY a TO STDOUT"));
  out.target(copy_out() + copy_data("1\tx\n") + failure("57014", "canceling statement") + ready());
  out.client(terminate());
  out.save(to, "copy-out");

  Script fail(
      "COPY FROM STDIN that fails: by the client, by the server in the middle, before the data, at once.",
      {});
  fail.log_in();
  fail.client(query("COPY a FROM STDIN"));
  fail.target(copy_in());
  fail.client(copy_data("1\n") + copy_fail("enough"));
  fail.target(failure("57014", "COPY from stdin failed: enough") + ready());
  fail.client(run("COPY a FROM STDIN") + sync());
  fail.target(parsed() + bound() + copy_in());
  fail.client(copy_data("x\n"));
  fail.target(failure("22P02"));
  fail.client(copy_data("y\n") + copy_done() + query("SELECT 1") + sync());
  fail.target(ready());
  fail.say("A Sync that stood before the first data is answered when none were read.");
  fail.client(run("COPY a FROM STDIN") + sync());
  fail.target(parsed() + bound() + copy_in());
  fail.target(failure("P0001"));
  fail.target(ready());
  fail.client(copy_data("1\n") + copy_done() + sync());
  fail.target(ready());
  fail.client(query("COPY missing FROM STDIN") + copy_data("x"));
  fail.target(failure("42P01") + ready());
  fail.say("The client goes in the middle.");
  fail.client(query("COPY a FROM STDIN"));
  fail.target(copy_in());
  fail.client(copy_data("1\n"));
  fail.end(SP_LEG_CLIENT);
  fail.save(to, "copy-fail");

  Script ahead("What is sent behind a COPY waits until the server has asked for data or refused it.", {});
  ahead.log_in();
  ahead.client(query("COPY a FROM STDIN") + copy_data("1\n") + copy_done() + query("SELECT 1"));
  ahead.target(copy_in());
  ahead.target(complete("COPY 1") + ready() + columns({"a"}) + complete("SELECT 0") + ready());
  ahead.client(run("COPY a FROM STDIN") + copy_data("1\n") + copy_done() + run("SELECT 1") + sync());
  ahead.target(parsed() + bound() + copy_in());
  ahead.target(complete("COPY 1") + parsed() + bound() + complete("SELECT 0") + ready());
  ahead.client(query("COPY a TO STDOUT") + query("SELECT 1"));
  ahead.target(copy_out() + copy_data("1\n") + copy_done() + complete("COPY 1") + ready() + columns({"a"}) +
               complete("SELECT 0") + ready());
  ahead.client(query("COPY a FROM STDIN"));
  ahead.target(copy_in());
  ahead.client(query("SELECT 1"));
  ahead.save(to, "copy-pipelined");
}

void ends(const std::string& to) {
  Script cancel("A cancel goes to the target by a leg of its own, with the target's own key.", {});
  cancel.log_in();
  cancel.client(query("SELECT pg_sleep(10)"));
  cancel.signal();
  cancel.opened(3);
  cancel.target(failure("57014", "canceling statement") + ready());
  cancel.end(3);
  cancel.client(terminate());
  cancel.save(to, "cancel");

  Script shutdown("The gateway stops at an idle point, in the protocol's words.", {});
  shutdown.log_in();
  shutdown.shutdown("the gateway restarts");
  shutdown.save(to, "shutdown");

  Script target("The target goes away.", {});
  target.log_in();
  target.client(query("SELECT 1"));
  target.end(SP_LEG_TARGET);
  target.save(to, "target-gone");

  Script fault("A target that answers what nobody asked ends the session.", {});
  fault.log_in();
  fault.target(columns({"a"}));
  fault.save(to, "target-fault");
}

}  // namespace
}  // namespace sallyport::pg::test

int main(int count, char** arguments) {
  using namespace sallyport::pg::test;
  if (count != 2) {
    std::fprintf(stderr, "usage: pg_make_transcripts DIRECTORY\n");
    return 2;
  }
  simple(arguments[1]);
  extended(arguments[1]);
  hold(arguments[1]);
  masked(arguments[1]);
  copies(arguments[1]);
  ends(arguments[1]);
  return 0;
}
