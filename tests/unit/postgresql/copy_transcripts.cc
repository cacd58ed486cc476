// The transcripts of COPY; see session_transcripts.cc.
#include "tests/unit/postgresql/copy_messages.h"
#include "tests/unit/postgresql/session_script.h"

namespace sallyport::pg::test {

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

}  // namespace sallyport::pg::test
