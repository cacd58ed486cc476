// Makes the transcripts of plugins/postgresql/transcripts, which the conformance kit plays: each is a session
// as bytes, from login on, with what must come of it. A login's bytes depend on the kit's seeded randomness,
// so they are made, not written. Run after a change of the login, read the difference, commit it:
//
//   pg_make_transcripts plugins/postgresql/transcripts
#include <cstdio>
#include <string>
#include <vector>

#include "tests/unit/postgresql/session_script.h"

namespace sallyport::pg::test {
namespace {

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
  play.state();
  play.decide(SP_ALLOW, SP_STATE_APPROVED, "allow approved");
  play.state();
  play.target(complete("DROP TABLE") + ready() + columns({"a"}) + complete("SELECT 0") + ready());
  play.client(run("DROP TABLE b") + sync());
  play.target(parsed() + bound());
  play.state("");
  play.decide(SP_DENY, SP_STATE_REFUSED, "deny refused");
  play.target(failure("34000") + ready());
  play.client(query("DROP TABLE c"));
  play.state();
  play.signal();
  play.say("Withdrawn, or refused by the target, before anything was asked of anybody.");
  play.client(query("DROP TABLE c"));
  play.signal();
  play.state();
  play.client(query("DROP TABLE c"));
  play.target(failure("42P05") + ready());
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
  permits(arguments[1]);
  simple(arguments[1]);
  extended(arguments[1]);
  hold(arguments[1]);
  masked(arguments[1]);
  copies(arguments[1]);
  values(arguments[1]);
  ends(arguments[1]);
  return 0;
}
