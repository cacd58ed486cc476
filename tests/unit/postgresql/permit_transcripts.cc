// The transcripts of what only some logins may: FunctionCall and replication.
#include "tests/unit/postgresql/call_messages.h"
#include "tests/unit/postgresql/copy_messages.h"
#include "tests/unit/postgresql/session_script.h"

namespace sallyport::pg::test {
namespace {

KitScript permitted(const char* permission, std::vector<KitAnswer> answers = {}) {
  KitScript script;
  script.permissions = {permission};
  script.answers = std::move(answers);
  return script;
}

void calls(const std::string& to) {
  Script play("FunctionCall by a login that may: asked, answered, refused, in a segment, and skipped.",
              permitted("function-call", {{.verb = "SELECT", .verdict = SP_DENY, .rule = "no-select"}}));
  play.line("set permit function-call");
  play.line("answer SELECT deny rule=no-select");
  play.log_in();
  play.client(call(957, {int4_value(0x60000)}));
  play.target(call_result(oid_value(16400)) + ready());
  play.client(query("BEGIN") + call(952, {oid_value(16400), int4_value(0x20000)}) +
              call(955, {int4_value(0), "data"}));
  play.target(complete("BEGIN") + ready('T') + call_result(int4_value(0)) + ready('T') + notice("x") +
              failure("22023") + ready('E'));
  play.client(query("ROLLBACK"));
  play.target(complete("ROLLBACK") + ready());
  play.say("Behind what was sent before it, and behind an error.");
  play.client(run("INSERT INTO a VALUES (1)") + call(1, {}) + parse("", "SELECT 1") + call(2, {}) + sync());
  play.target(parsed() + bound() + complete("INSERT 0 1") + call_result("a") + ready() + failure("42601") +
              ready());
  play.say("A large value flows.");
  play.client(call(954, {int4_value(0), int4_value(6000)}));
  play.target(call_result(std::string(6000, 'v')) + ready());
  play.client(terminate());
  play.save(to, "function-call");

  Script other("FunctionCall by a login that may not.", {});
  other.log_in();
  other.client(call(957, {int4_value(0x60000)}));
  other.client(query("BEGIN") + call(957, {int4_value(0x60000)}) + terminate());
  other.save(to, "function-call-refused");
}

void physical(const std::string& to) {
  Script play("A physical replication connection: commands, a base backup, a stream both ways, its end.",
              permitted("replication"));
  play.line("set permit replication");
  play.log_in({{"user", "orders-db"}, {"database", "replication"}, {"replication", "true"}});
  play.client(query("SHOW wal_segment_size") + query("IDENTIFY_SYSTEM") + query("SELECT 1"));
  play.target(columns({"wal_segment_size"}) + row({"16MB"}) + complete("SHOW") + ready() +
              columns({"systemid"}) + row({"7"}) + complete("IDENTIFY_SYSTEM") + ready() + failure("42601") +
              ready());
  play.client(query("BASE_BACKUP ( LABEL 'x' )"));
  play.target(columns({"recptr"}) + row({"0/2000028"}) + complete("SELECT") + columns({"spcoid"}) +
              row({"1"}) + complete("SELECT") + copy_out(0, 0) + copy_data("nbase.tar") +
              copy_data("d" + std::string(3000, 'x')) + copy_done() + columns({"recptr"}) +
              row({"0/2000100"}) + complete("SELECT") + complete("BASE_BACKUP") + ready());
  play.client(query("START_REPLICATION SLOT s PHYSICAL 0/3000000"));
  play.target(copy_both() + copy_data("k1") + copy_data("w1"));
  play.client(copy_data("r1") + copy_data("r2"));
  play.target(copy_data("w2"));
  play.client(copy_done() + query("IDENTIFY_SYSTEM"));
  play.target(copy_data("w3") + copy_done() + columns({"next_tli"}) + row({"2"}) +
              complete("START_STREAMING") + complete("START_REPLICATION") + ready());
  play.target(columns({"systemid"}) + row({"7"}) + complete("IDENTIFY_SYSTEM") + ready());
  play.client(terminate());
  play.save(to, "replication-physical");
}

void logical(const std::string& to) {
  Script play(
      "A logical one: SQL, no extended protocol, a stream that an error ends, and one that a stop does.",
      permitted("replication",
                {{.verb = "DROP_REPLICATION_SLOT", .verdict = SP_DENY, .rule = "keep-slots"}}));
  play.line("set permit replication");
  play.line("answer DROP_REPLICATION_SLOT deny rule=keep-slots");
  play.log_in({{"user", "orders-db"}, {"database", "shop"}, {"replication", "database"}});
  play.client(query("SELECT 1") + query("DROP_REPLICATION_SLOT s"));
  play.target(columns({"a"}) + row({"1"}) + complete("SELECT 1") + ready() + failure("42601") + ready());
  play.client(run("SELECT 1") + sync());
  play.target(failure("08P01") + ready());
  play.client(query("START_REPLICATION SLOT s LOGICAL 0/0") + query("IDENTIFY_SYSTEM"));
  play.target(failure("42704") + ready());
  play.target(columns({"systemid"}) + complete("IDENTIFY_SYSTEM") + ready());
  play.client(query("START_REPLICATION SLOT t LOGICAL 0/0"));
  play.target(copy_both() + copy_data("w1") + failure("58P01") + ready());
  play.client(copy_data("r1") + copy_done());
  play.client(query("START_REPLICATION SLOT t LOGICAL 0/0"));
  play.target(copy_both() + copy_data("w1"));
  play.shutdown("the gateway restarts");
  play.save(to, "replication-logical");
}

}  // namespace

void permits(const std::string& to) {
  calls(to);
  physical(to);
  logical(to);
}

}  // namespace sallyport::pg::test
