"""Approvals end to end: what waits, who may say yes, and that a yes runs exactly that, once."""

import os
import re
import subprocess
import threading

import gateway
import process
import tap
import world

try:
    import psycopg
    from psycopg import errors
except ImportError:
    psycopg = None


class Base(world.Case):
    @classmethod
    def setUpClass(cls):
        if psycopg is None:
            raise world.unittest.SkipTest("python3-psycopg is not installed")
        super().setUpClass()

    def connect(self, user="agent", **more):
        return super().connect(user=user, tls=False, autocommit=True, **more)

    def make(self, table):
        self.cluster.sql(f"DROP TABLE IF EXISTS {table}; CREATE TABLE {table}(id int); ALTER TABLE {table} OWNER TO app;"
                         f"INSERT INTO {table} SELECT generate_series(1, 10)", database="shop")
        return table

    def count(self, table):
        return int(self.cluster.sql(f"SELECT count(*) FROM {table}", database="shop"))

    def exists(self, table):
        return self.cluster.sql(f"SELECT to_regclass('{table}') IS NOT NULL", database="shop") == "t"

    def refuse(self, act, one, who):
        """The refusal's text; the decision must not count."""
        done = self.gate.run(act, one["id"], as_user=who, ok=False)
        self.assertNotEqual(0, done.returncode, done.stdout)
        return done.stdout + done.stderr


class LongHold(Base):
    settings = {"hold": "120s"}

    def test_warning_then_run(self):
        """a pause says so at once; after a second identity's yes it runs"""
        table = self.make("a1")
        child = self.spawn(f"DROP TABLE {table}")
        warning = child.stderr.readline()  # before any decision
        self.assertIn("WARNING", warning)
        self.assertIn("destructive-sql", warning)
        one = self.gate.wait_approval(table)
        self.assertEqual(("agent", "shop"), (one["identity"], one["target"]))
        self.assertEqual(f"DROP TABLE {table}", one["text"])
        self.assertTrue(self.exists(table))
        self.gate.run("approve", one["id"], as_user="dana")
        self.assertEqual(0, child.wait(180))
        self.assertFalse(self.exists(table))

    def test_looked_at_again(self):
        """what was approved is not run where its words mean another table by then"""
        table = self.make("a9")
        child = self.spawn(f"DROP TABLE {table}")
        one = self.gate.wait_approval(table)
        self.cluster.sql(f"CREATE SCHEMA app AUTHORIZATION app; CREATE TABLE app.{table}(); ALTER TABLE app.{table} OWNER TO app", database="shop")
        try:
            self.gate.run("approve", one["id"], as_user="dana")
            said = child.communicate(timeout=60)[1]
            self.assertIn("search path", said)
            self.assertTrue(self.exists("app." + table))
            self.assertTrue(self.exists("public." + table))
        finally:
            self.cluster.sql("DROP SCHEMA app CASCADE", database="shop")

    def test_told_whole(self):
        """before a decision the whole request can be read; refusals tell the rule's reason and what could not be read"""
        table = self.make("a0")
        text = f"DROP TABLE {table} /* {'long ' * 40}end */"
        child = self.spawn(text)
        one = self.gate.wait_approval(table)
        self.assertEqual(text, self.gate.run("approvals", one["id"])["text"])
        self.assertNotIn(text, self.said("approvals"))
        self.assertIn(text, self.said("approvals", one["id"]))
        self.gate.run("deny", one["id"], as_user="dana")
        child.wait(180)
        self.assertIn("rule \"no-effects-delete\": effects are kept for the auditors",
                      self.psql("DELETE FROM effects").stderr)
        # A plain mistake reads as at the server, with its place; in a block the transaction is the server's.
        said = self.psql("SELECT 'é' selec 1", "-v", "VERBOSITY=verbose").stderr
        self.assertRegex(said, r"42601: denied by the target's default; the gateway could not read it: "
                               r'syntax error at or near "1"\nLINE 1: .*\n {25}\^')
        self.assertIn("do=correct it", said)
        self.assertIn("25P02", self.psql("BEGIN; SELEC 1; SELECT 2", "-v", "VERBOSITY=verbose").stderr)
        # What is right SQL, but beyond a limit, is no syntax error.
        said = self.psql("SELECT " + "(" * 3000 + "1" + ")" * 3000, "-v", "VERBOSITY=verbose").stderr
        self.assertRegex(said, "42501: denied by the target's default; the gateway could not read it: .*(nested|depth|tokens)")
        self.assertRegex(self.psql("EXECUTE nobodys", "-v", "VERBOSITY=verbose").stderr, "42501: .*a name stands for")

    def test_default(self):
        """a no that no rule says tells what to do about it; a rule on UNPARSED keeps its own code"""
        self.addCleanup(self.gate.run, "reload")
        self.addCleanup(self.gate.write)
        with open(self.gate.config) as file:
            text = file.read()
        rule = '\n[[rule]]\nname = "unread"\ntargets = ["raw"]\nmatch = { verb = ["UNPARSED"] }\naction = "deny"\n'
        with open(self.gate.config, "w") as file:
            file.write(text.replace('default = "allow"', 'default = "deny"', 1) + rule)
        self.gate.run("reload")
        said = self.psql("CREATE TABLE nobody(a int)", "-v", "VERBOSITY=verbose").stderr
        self.assertRegex(said, r"42501: denied by the target's default\nDETAIL: +state=denied do=ask for a rule that allows it; "
                               r"why there is none: sallyport explain --as agent --target shop STATEMENT")
        explained = self.said("explain", "--as", "agent", "--target", "shop", "CREATE TABLE nobody(a int)")
        self.assertIn("no rule matches", explained)
        said = self.psql("SELEC 1", "-v", "VERBOSITY=verbose", target="raw").stderr
        self.assertRegex(said, r'42501: denied by rule "unread"; the gateway could not read it: syntax error at or near "SELEC"')

    def said(self, *args):
        """What a command prints for people."""
        return subprocess.run([gateway.BIN, "--config", self.gate.config, *args], capture_output=True, text=True,
                              timeout=60).stdout

    def test_broken_config(self):
        """a running gateway is reached though its config file has been broken since"""
        with open(self.gate.config, "a") as file:
            file.write("\n[[rule]]\nname = \"broken\"\naction = \"maybe\"\n")
        self.addCleanup(self.gate.write)
        self.assertIn("sessions", self.gate.run("status"))
        self.assertNotEqual(0, self.gate.run("reload", ok=False).returncode)

    def test_not_self(self):
        """the requester cannot approve, nor can one outside the approvers' groups"""
        table = self.make("a2")
        child = self.spawn(f"DROP TABLE {table}", user="erin")
        one = self.gate.wait_approval(table)
        self.refuse("approve", one, "erin")
        self.refuse("approve", one, "robot")
        self.refuse("approve", one, None)
        self.assertTrue(self.exists(table))
        self.gate.run("approve", one["id"], as_user="dana")
        self.assertEqual(0, child.wait(180))

    def test_wrong_secret(self):
        """an approver who does not prove the name does not count"""
        table = self.make("a3")
        child = self.spawn(f"DROP TABLE {table}")
        one = self.gate.wait_approval(table)
        done = subprocess.run([world.gateways.BIN, "--config", self.gate.config, "approve", one["id"], "--as", "dana"],
                                    env=os.environ | {"SALLYPORT_SECRET": "guess"}, capture_output=True, text=True)
        self.assertEqual(1, done.returncode)
        self.assertIn("the secret of dana was read from SALLYPORT_SECRET", done.stderr)
        for secret, name, said in (("", "dana", "SALLYPORT_SECRET is empty"), ("x", "dan", 'no user "dan" (did you mean "dana"?)'),
                                   (None, "dana", "no secret of dana: put it into SALLYPORT_SECRET")):
            env = {key: value for key, value in os.environ.items() if key != "SALLYPORT_SECRET"}
            done = subprocess.run([world.gateways.BIN, "--config", self.gate.config, "approvals", "--as", name], text=True,
                                  env=env | ({} if secret is None else {"SALLYPORT_SECRET": secret}), capture_output=True,
                                  stdin=subprocess.DEVNULL)
            self.assertNotEqual(0, done.returncode)
            self.assertIn(said, done.stderr)
        live = [session["sid"] for session in self.gate.run("sessions", "--live")]
        self.assertIn(self.gate.run("approvals", one["id"])["sid"], live)
        self.gate.run("deny", one["id"], as_user="dana")
        self.assertEqual(1, child.wait(180))
        self.assertTrue(self.exists(table))

    def test_deny(self):
        """a no gives 42501 with the rule and the reason; it cannot become a yes"""
        table = self.make("a4")
        child = self.spawn(f"DROP TABLE {table}", "-v", "VERBOSITY=verbose")
        one = self.gate.wait_approval(table)
        self.gate.run("deny", one["id"], "--reason", "not today", as_user="dana")
        _, stderr = child.communicate(timeout=180)
        self.assertIn("42501", stderr)
        self.assertIn("destructive-sql", stderr)
        self.assertIn("not today", stderr)
        self.refuse("approve", one, "dana")
        self.assertTrue(self.exists(table))

    def test_disconnect(self):
        """a caller who has gone: it never runs, even if approved afterwards"""
        table = self.make("a5")
        child = self.spawn(f"DROP TABLE {table}")
        one = self.gate.wait_approval(table)
        process.stop(child, 9)
        gone = lambda: not [a for a in self.gate.approvals() if a["id"] == one["id"] and a["waiting"]]
        process.until(gone, "the caller's end being seen")
        self.gate.run("approve", one["id"], as_user="dana", ok=False)
        self.good_psql("SELECT 1")
        self.assertTrue(self.exists(table))

    def test_cancel(self):
        """CancelRequest while waiting ends the wait with 42501; the session lives on"""
        table = self.make("a6")
        conn = self.connect()
        caught = []

        def drop():
            try:
                conn.execute(f"DROP TABLE {table}")
            except psycopg.Error as error:
                caught.append(error)

        thread = threading.Thread(target=drop)
        thread.start()
        self.gate.wait_approval(table)
        conn.cancel()
        thread.join(180)
        self.assertEqual("42501", caught[0].sqlstate)
        self.assertIn("approval=", str(caught[0].diag.message_detail))
        self.assertEqual((1,), conn.execute("SELECT 1").fetchone())
        self.assertTrue(self.exists(table))

    def test_values_shown(self):
        """the approver sees bound values, and the transaction"""
        table = self.make("a7")
        conn = self.connect()
        conn.execute("BEGIN")
        thread = threading.Thread(target=lambda: conn.execute(f"UPDATE {table} SET id = %s", (4711,)))
        thread.start()
        one = self.gate.wait_approval(table)
        self.assertIn("4711", str(one["values"]))
        self.assertTrue(one["in_transaction"])
        self.gate.run("approve", one["id"], as_user="dana")
        thread.join(180)
        conn.execute("COMMIT")
        self.assertEqual("10", self.cluster.sql(f"SELECT count(*) FROM {table} WHERE id = 4711", database="shop"))

    def test_masked_values_shown(self):
        """personal data in a paused statement is masked before it is shown or recorded"""
        table = self.make("a8")
        child = self.spawn(f"DROP TABLE {table} /* ask person9@example.com */")
        one = self.gate.wait_approval(table)
        self.assertNotIn("person9@example.com", str(one))
        self.gate.run("approve", one["id"], as_user="dana")
        self.assertEqual(0, child.wait(180))
        self.assertFalse(self.exists(table))


class ShortHold(Base):
    settings = {"hold": "1s"}

    def pending(self, conn, sql, params=None):
        """Runs into the end of `hold`; returns the approval's id."""
        with self.assertRaises(errors.InsufficientPrivilege) as caught:
            conn.execute(sql, params)
        detail = caught.exception.diag.message_detail
        self.assertRegex(detail, r"approval=\w+ .*state=pending|state=pending.*approval=\w+")
        return re.search(r"approval=(\w+)", detail)[1]

    def test_come_back(self):
        """after `hold` 42501 with approval=… state=pending; after the yes the same runs once, then pauses anew"""
        table = self.make("b1")
        conn = self.connect()
        sql = f"UPDATE {table} SET id = id + 100"
        one = self.pending(conn, sql)
        self.gate.run("approve", one, as_user="dana")
        self.connect().execute(sql)  # from any session of the same identity
        self.assertEqual("1055", self.cluster.sql(f"SELECT sum(id) FROM {table}", database="shop"))
        two = self.pending(conn, sql)
        self.assertNotEqual(one, two)
        self.assertEqual("1055", self.cluster.sql(f"SELECT sum(id) FROM {table}", database="shop"))

    def test_join(self):
        """the same again while pending joins the same approval; another statement does not"""
        table = self.make("b2")
        conn = self.connect()
        one = self.pending(conn, f"DROP TABLE {table}")
        self.assertEqual(one, self.pending(self.connect(), f"DROP TABLE {table}"))
        self.assertNotEqual(one, self.pending(conn, f"DROP  TABLE {table}"))

    def test_bound_to_statement(self):
        """a yes is for that statement and identity alone"""
        table = self.make("b3")
        conn = self.connect()
        self.gate.run("approve", self.pending(conn, f"TRUNCATE {table}"), as_user="dana")
        self.pending(conn, f"TRUNCATE {table} CASCADE")
        self.pending(self.connect("robot"), f"TRUNCATE {table}")
        self.assertEqual(10, self.count(table))
        conn.execute(f"TRUNCATE {table}")
        self.assertEqual(0, self.count(table))

    def test_bound_to_values(self):
        """a yes is for those bound values alone"""
        table = self.make("b4")
        conn = self.connect()
        sql = f"UPDATE {table} SET id = %s"
        self.gate.run("approve", self.pending(conn, sql, (5,)), as_user="dana")
        self.pending(conn, sql, (6,))
        conn.execute(sql, (5,))
        self.assertEqual("10", self.cluster.sql(f"SELECT count(*) FROM {table} WHERE id = 5", database="shop"))

    def test_bound_to_search_path(self):
        """a yes is void where the same words mean another table"""
        table = self.make("b5")
        self.cluster.sql(f"CREATE SCHEMA IF NOT EXISTS other AUTHORIZATION app; CREATE TABLE other.{table}();"
                         f"ALTER TABLE other.{table} OWNER TO app", database="shop")
        conn = self.connect()
        self.gate.run("approve", self.pending(conn, f"DROP TABLE {table}"), as_user="dana")
        elsewhere = self.connect()
        elsewhere.execute("SET search_path = other")
        self.pending(elsewhere, f"DROP TABLE {table}")
        self.assertTrue(self.exists("other." + table))

    def test_bound_to_schemas(self):
        """a yes is void where somebody else has made the same words mean another table, unseen in the session"""
        table = self.make("b9")
        conn = self.connect()
        self.gate.run("approve", self.pending(conn, f"DROP TABLE {table}"), as_user="dana")
        self.cluster.sql(f"CREATE SCHEMA app AUTHORIZATION app; CREATE TABLE app.{table}(); ALTER TABLE app.{table} OWNER TO app", database="shop")
        try:
            self.pending(conn, f"DROP TABLE {table}")
            self.assertTrue(self.exists("app." + table))
            self.assertTrue(self.exists("public." + table))
        finally:
            self.cluster.sql("DROP SCHEMA app CASCADE", database="shop")

    def test_bound_to_role(self):
        """a yes is for the role it was asked in, however the session changed it"""
        table = self.make("b10")
        self.cluster.sql("CREATE ROLE deputy; ALTER ROLE deputy INHERIT; GRANT deputy TO app;"
                         "CREATE FUNCTION become(text) RETURNS text LANGUAGE sql AS $$SELECT set_config('role', $1, false)$$", database="shop")
        conn = self.connect()
        self.gate.run("approve", self.pending(conn, f"DROP TABLE {table}"), as_user="dana")
        conn.execute("SELECT become('deputy')")
        self.pending(conn, f"DROP TABLE {table}")
        conn.execute("SELECT become('none')")
        self.assertTrue(self.exists(table))

    def test_transaction(self):
        """a yes given inside a transaction is void after its end"""
        table = self.make("b6")
        conn = self.connect()
        conn.execute("BEGIN")
        with self.assertRaises(errors.InsufficientPrivilege) as caught:
            conn.execute(f"DROP TABLE {table}")
        # The refusal itself has ended the transaction, so there is nothing left to come back for.
        self.assertIn("state=void", caught.exception.diag.message_detail)
        one = re.search(r"approval=(\w+)", caught.exception.diag.message_detail)[1]
        conn.execute("ROLLBACK")
        self.refuse("approve", {"id": one}, "dana")
        self.pending(conn, f"DROP TABLE {table}")
        self.assertTrue(self.exists(table))

    def test_restart(self):
        """a restart denies: what was pending or approved before it is gone"""
        table = self.make("b7")
        one = self.pending(self.connect(), f"DROP TABLE {table}")
        self.gate.run("approve", one, as_user="dana")
        self.gate.stop()
        self.gate.start()
        two = self.pending(self.connect(), f"DROP TABLE {table}")
        self.assertNotEqual(one, two)
        self.assertTrue(self.exists(table))

    def test_record(self):
        """every decision is a record, with who decided"""
        table = self.make("b8")
        conn = self.connect()
        one = self.pending(conn, f"DROP TABLE {table}")
        self.gate.run("approve", one, as_user="dana")
        conn.execute(f"DROP TABLE {table}")
        about = lambda: [a for a in self.gate.records("Decision") if a["approval"] == one]
        process.until(lambda: {0, 1, 5} <= {a["decision"] for a in about()}, "asked, approved and used on the record")
        self.assertEqual({"dana"}, {a["approver"] for a in about() if a["decision"] == 1})
        self.assertTrue(self.gate.verify()["whole"])


if __name__ == "__main__":
    tap.main()
