"""psql through the gateway: what a person types works, and refusals are clear."""

import os
import pty
import select
import time

import process
import tap
import world


class Terminal:
    """psql under a pseudo-terminal."""

    def __init__(self, env):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe("psql", ["psql", "-X", "--no-readline"], env)
        self.text = ""

    def expect(self, wanted, timeout=180):
        """Reads until `wanted` appears; returns what stood before it, and forgets both."""
        end = time.monotonic() + timeout
        while wanted not in self.text:
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            assert ready, f"psql did not print {wanted!r} but {self.text!r}"
            self.text += os.read(self.fd, 65536).decode(errors="replace")
        before, _, self.text = self.text.partition(wanted)
        return before

    def send(self, line):
        os.write(self.fd, (line + "\n").encode())

    def close(self):
        os.close(self.fd)
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)


class Psql(world.Case):
    settings = {"hold": "2s"}

    def test_interactive(self):
        """psql at a terminal: prompt, transaction, \\watch ended by ^C, ^C of a running statement"""
        terminal = Terminal(self.environment())
        self.addCleanup(terminal.close)
        terminal.expect("shop=> ")
        terminal.send("BEGIN;")
        terminal.expect("shop=*> ")
        terminal.send("SELECT 1/0;")
        self.assertIn("division by zero", terminal.expect("shop=!> "))
        terminal.send("ROLLBACK;")
        terminal.expect("shop=> ")
        terminal.send("SELECT 'tick' || 'tock' \\watch 0.1")
        terminal.expect("ticktock")
        terminal.expect("ticktock")
        os.write(terminal.fd, b"\x03")
        terminal.expect("shop=> ")
        terminal.send("SELECT pg_sleep(60);")
        process.until(lambda: self.cluster.sql("SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60);'"),
                      "the statement at the target")
        os.write(terminal.fd, b"\x03")
        terminal.expect("canceling statement due to user request")
        terminal.expect("shop=> ")
        terminal.send("SELECT 'still' || 'here';")
        terminal.expect("stillhere")

    def test_gexec(self):
        """\\gexec runs what a query made"""
        out = self.good_psql("SELECT format('SELECT %s * 2', i) FROM generate_series(1, 3) i \\gexec")
        self.assertEqual(["2", "4", "6"], out.split())

    def test_cursor(self):
        """DECLARE, FETCH, MOVE, CLOSE, with masked rows"""
        out = self.good_psql("BEGIN; DECLARE c CURSOR FOR SELECT id, email FROM customers ORDER BY id;"
                             "FETCH 2 FROM c; MOVE 3 FROM c; FETCH 1 FROM c; CLOSE c; COMMIT;")
        self.assertEqual(["1", "2", "6"], [line.split("|")[0] for line in out.splitlines()])
        self.assertNotIn("person", out)

    def test_fetch_count(self):
        """psql's FETCH_COUNT reads a result through a cursor"""
        out = self.good_psql("\\set FETCH_COUNT 7\nSELECT id, email FROM customers ORDER BY id;")
        self.assertEqual([str(i) for i in range(1, 101)], [line.split("|")[0] for line in out.splitlines()])
        self.assertNotIn("person", out)

    def test_describe(self):
        """\\d and its family"""
        for command in ("\\d", "\\d customers", "\\dt+", "\\df", "\\du", "\\l", "\\dn", "\\di", "\\dp", "\\conninfo", "\\dT",
                        "\\dx", "\\sf pg_catalog.lower(text)"):
            done = self.psql(command)
            self.assertEqual((0, ""), (done.returncode, done.stderr), command)
        self.assertIn("customers_email_key", self.psql("\\d customers").stdout)

    def test_errors_and_notices(self):
        """errors keep their SQLSTATE and position; notices arrive; the session goes on"""
        done = self.psql("\\set VERBOSITY verbose\nSELECT nothing;\nDROP TABLE IF EXISTS raw_nothing;\nSELECT 'after';",
                         "-tA", target="raw")
        self.assertIn("42703", done.stderr)
        self.assertIn("LINE 1", done.stderr)
        self.assertIn("NOTICE", done.stderr)
        self.assertEqual("after", done.stdout.strip())

    def test_without_tls(self):
        """plaintext where the listener offers it"""
        self.assertEqual("1", self.good_psql("SELECT 1", tls=False))

    def test_multiple_statements(self):
        """a batch in one message gives all its results"""
        done = self.psql("", "-tA", "-c", "SELECT 1; SELECT 2; SELECT 3")
        self.assertEqual((0, "1\n2\n3\n"), (done.returncode, done.stdout))

    def test_wrong_password(self):
        """a wrong password and an unknown user get the same refusal"""
        texts = set()
        for user in ("agent", "nobody"):
            done = self.psql("SELECT 1", env=self.environment(user=user) | {"PGPASSWORD": "wrong"})
            self.assertEqual(2, done.returncode)
            texts.add(done.stderr.replace(user, "USER"))
        self.assertEqual(1, len(texts), texts)
        self.assertIn("check the user name", texts.pop())

    def test_unknown_target(self):
        """an unknown target is refused with a hint at what to check; the log has the reason"""
        done = self.psql("SELECT 1", target="nowhere")
        self.assertEqual(2, done.returncode)
        self.assertIn("FATAL", done.stderr)
        self.assertIn("whether you may open this target", done.stderr)
        refused = lambda: [one for one in self.gate.records("Login") if one["reason"] == "unknown-target"]
        process.until(refused, "the record of the refusal", pause=0.5)

    def test_unknown_database(self):
        """an unknown database is the target's own error"""
        done = self.psql("SELECT 1", database="nothing")
        self.assertEqual(2, done.returncode)
        self.assertIn('database "nothing" does not exist', done.stderr)

    def test_default_database(self):
        """with no database named, the target's own is used"""
        self.assertEqual("shop", self.good_psql("SELECT current_database()", database=None))


class Masking(world.Case):
    settings = {"hold": "2s"}

    def test_rows(self):
        """an e-mail address is masked in rows, by field and by content"""
        out = self.good_psql("SELECT email FROM customers WHERE id = 7; SELECT 'write to person7@example.com now'")
        self.assertNotIn("person7@example.com", out)
        self.assertIn("now", out)
        self.assertEqual("person7@example.com", self.good_psql("SELECT email FROM customers WHERE id = 7", target="raw"))

    def test_forms(self):
        """aliases, views, CTEs, functions, concatenation, JSON and arrays do not uncover it"""
        for sql in ("SELECT email AS other FROM customers", "WITH c AS (SELECT * FROM customers) SELECT email FROM c",
                    "SELECT upper(email) FROM customers", "SELECT email || ',' || name FROM customers",
                    "SELECT to_json(c) FROM customers c", "SELECT array_agg(email) FROM customers", "SELECT c FROM customers c",
                    "SELECT string_agg(email, ' ') FROM customers", "SELECT email FROM customers UNION SELECT 'x'",
                    "SELECT xmlelement(name a, email) FROM customers"):
            done = self.psql(sql)
            self.assertNotIn("person7@example.com", done.stdout.lower() + done.stderr.lower(), sql)

    def test_error_detail(self):
        """a unique violation's DETAIL does not show the key"""
        done = self.psql("INSERT INTO customers VALUES (1001, 'x', 'person7@example.com', 0)")
        self.assertIn("customers_email_key", done.stderr)
        self.assertNotIn("person7@example.com", done.stderr)

    def test_notice(self):
        """RAISE NOTICE and error texts are masked"""
        done = self.psql("\\set VERBOSITY terse\n"  # else psql itself repeats the statement
                         "DO $$ BEGIN RAISE NOTICE 'mail person7@example.com'; END $$; SELECT 'person7@example.com'::int;")
        self.assertIn("NOTICE", done.stderr)
        self.assertIn("invalid input syntax", done.stderr)
        self.assertNotIn("person7@example.com", done.stderr)

    def test_log(self):
        """the log holds no masked value, of requests or replies"""
        self.good_psql("SELECT email, 'secretive8@example.com' FROM customers WHERE id = 8")
        with_mail = [one for one in self.gate.records() if "secretive8@example.com" in one["payload"]
                     or "person8@example.com" in one["payload"]]
        self.assertEqual([], with_mail)

    def test_copy(self):
        """COPY out shows masked values, COPY in works, and the session lives on"""
        out = self.good_psql("COPY (SELECT email FROM customers WHERE id = 7) TO STDOUT;\n"
                             "\\copy customers from /dev/null\nSELECT 'after';")
        self.assertEqual("p******@e******.com\nafter", out)

    def test_denied(self):
        """a denied statement gives 42501 with the rule's name, and the session lives on"""
        done = self.psql("\\set VERBOSITY verbose\nDELETE FROM effects;\nSELECT 'after';", "-tA")
        self.assertIn("42501", done.stderr)
        self.assertIn("no-effects-delete", done.stderr)
        self.assertEqual("after", done.stdout.strip())


if __name__ == "__main__":
    tap.main()
