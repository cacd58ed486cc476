"""What rules may ask of approvers, and what a yes may be good for: several groups and persons, escalation, the same
again, revocation, the caller's reason, plans, and what approvers and callers are shown."""

import json
import re
import subprocess
import threading

import approval_case
import gateway
import process
import tap
import world

VOTED, REVOKED, REVEALED, ESCALATED = 6, 7, 8, 9


class Terms(approval_case.Case):
    def decisions(self, one):
        return [a for a in self.gate.records("Decision") if a["approval"] == one]

    def recorded(self, one, *kinds):
        """The decision records of an approval, as soon as all these kinds are among them."""
        process.until(lambda: set(kinds) <= {a["decision"] for a in self.decisions(one)}, f"records of {kinds}")
        return self.decisions(one)

    def said(self, *args, who=None):
        """What a command prints for people."""
        done = subprocess.run([gateway.BIN, "--config", self.gate.config, *args, *(["--as", who] if who else [])],
                              env=world.os.environ | {"SALLYPORT_SECRET": gateway.SECRETS.get(who, "")}, capture_output=True,
                              text=True, timeout=60)
        return done.stdout + done.stderr

    def test_two_groups(self):
        """one of each of two groups; each yes is a record"""
        table = self.make("two_a")
        conn = self.connect()
        one = self.pending(conn, f"TRUNCATE {table}")
        self.yes(one, "dana", "--reason", "agreed")
        self.assertEqual(["dana"], [vote["who"] for vote in self.approval(one)["votes"]])
        self.assertEqual(one, self.pending(conn, f"TRUNCATE {table}"))
        self.yes(one, "sam")
        conn.execute(f"TRUNCATE {table}")
        self.assertEqual(0, self.count(table))
        found = self.recorded(one, 0, VOTED, 1, 5)
        self.assertEqual({"dana": VOTED, "sam": 1}, {a["approver"]: a["decision"] for a in found if a["decision"] in (VOTED, 1)})

    def test_two_persons(self):
        """two persons of any of the groups; one no is enough"""
        table = self.make("pair_a")
        conn = self.connect()
        one = self.pending(conn, f"TRUNCATE {table}")
        self.yes(one, "dana")
        self.yes(one, "lea")
        conn.execute(f"TRUNCATE {table}")
        self.assertEqual(0, self.count(table))
        two = self.pending(conn, f"TRUNCATE {table}")
        self.yes(two, "dana")
        self.gate.run("deny", two, as_user="lea")
        self.assertEqual("denied", self.approval(two)["state"])

    def test_escalation(self):
        """after a while others may say yes too, and that is a record"""
        table = self.make("late_a")
        conn = self.connect()
        two = self.pending(conn, f"TRUNCATE {table}")
        found = self.recorded(two, ESCALATED)
        self.assertEqual("to lead", next(a for a in found if a["decision"] == ESCALATED)["reason"])
        self.assertIn("lead", self.approval(two)["approvers"])
        self.yes(two, "lea")
        conn.execute(f"TRUNCATE {table}")

    def test_again(self):
        """the same again without a wait, by any session of the identity; each run a record that names the approval"""
        table = self.make("often_a")
        conn = self.connect()
        statement = f"UPDATE {table} SET id = id + 100"
        one = self.pending(conn, statement)
        self.assertEqual(1_800_000, self.approval(one)["again_ms"])
        self.yes(one, "dana", "--again")
        for _ in range(3):
            conn.execute(statement)
        self.connect().execute(statement)
        self.assertEqual("4055", self.cluster.sql(f"SELECT sum(id) FROM {table}", database="shop"))
        process.until(lambda: len([a for a in self.decisions(one) if a["decision"] == 5]) == 4, "four uses on the record")
        process.until(lambda: len([a for a in self.gate.records("Request") if a.get("approval") == one and a["verdict"] == 0]) == 4, "four requests that name it")
        self.assertEqual(4, self.approval(one)["uses"])

    def test_revoke(self):
        """a yes is taken back before its use, by who gave it, who asked or the operator, and stands on the record"""
        for who in ("dana", "agent", None):
            table = self.make("r_a")
            conn = self.connect()
            one = self.pending(conn, f"TRUNCATE {table}")
            self.yes(one)
            self.assertEqual("revoked", self.gate.run("revoke", one, "--reason", "not now", as_user=who)["state"])
            self.assertNotEqual(one, self.pending(conn, f"TRUNCATE {table}"))
            found = self.recorded(one, REVOKED)
            self.assertEqual((who or "operator", "not now"), next((a["approver"], a["reason"]) for a in found if a["decision"] == REVOKED))
        self.refused("revoke", one)

    def test_revoke_tells_waiters(self):
        """who waits is told that it was revoked"""
        table = self.make("two_revoked")
        self.patience("two-groups")
        child = self.spawn(f"TRUNCATE {table}", tls=False)
        one = self.gate.wait_approval(table)["id"]
        self.yes(one, "dana")
        self.gate.run("revoke", one, "--reason", "the wrong table", as_user="dana")
        self.assertIn("the wrong table", child.communicate(timeout=60)[1])

    def patience(self, rule):
        """From now on what this rule pauses waits long."""
        head, tail = self.config_text.split(f'name = "{rule}"', 1)
        open(self.gate.config, "w").write(head + f'name = "{rule}"' + tail.replace('hold = "1s"', 'hold = "5m"', 1))
        self.gate.run("reload")
        self.addCleanup(self.restore)

    def restore(self):
        open(self.gate.config, "w").write(self.config_text)
        self.gate.run("reload")

    def test_reason(self):
        """the caller's reason is shown and recorded, in SET and at the login; a rule may insist on one"""
        table = self.make("why_a")
        conn = self.connect()
        with self.assertRaises(approval_case.errors.InsufficientPrivilege) as caught:
            conn.execute(f"TRUNCATE {table}")
        self.assertIn("reason", str(caught.exception))
        self.assertIn("do=give a reason", caught.exception.diag.message_detail)
        conn.execute("SET sallyport.reason = 'ticket 4711, asked by person3@example.com'")
        one = self.pending(conn, f"TRUNCATE {table}")
        shown = self.approval(one)["caller_reason"]
        self.assertIn("ticket 4711", shown)
        self.assertNotIn("person3@example.com", shown)
        self.yes(one)
        conn.execute("SET sallyport.reason = 'another one does not matter'")
        conn.execute(f"TRUNCATE {table}")
        other = self.connect(options="-c sallyport.reason=at\\ login")
        two = self.pending(other, f"TRUNCATE {table}")
        self.assertEqual("at login", self.approval(two)["caller_reason"])
        self.assertIn("at login", self.said("approvals", two))
        other.execute("RESET sallyport.reason")
        # At the server the one of the login was never set.
        self.assertEqual((None,), self.connect(options="-c sallyport.reason=x").execute("SELECT current_setting('sallyport.reason', true)").fetchone())

    def test_what_is_shown(self):
        """who decides sees rule, class, masks, an open transaction that grows older, and control characters"""
        table = self.make("two_shown")
        self.patience("two-groups")
        conn = self.connect()
        conn.execute("BEGIN")
        failed = []

        def run():
            try:
                conn.execute(f"TRUNCATE {table} /* \x1b[2K\u202e */")
            except approval_case.psycopg.Error as error:
                failed.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        one = self.gate.wait_approval(table)
        self.assertEqual((["TRUNCATE"], ["pii"], "two-groups"), (one["verbs"], one["masks"], one["rule"]))
        self.assertEqual([{"groups": ["dba"], "count": 1}, {"groups": ["security"], "count": 1}], one["demands"][0]["needs"])
        process.until(lambda: self.approval(one["id"])["transaction_age_ms"] > one["transaction_age_ms"] + 500, "its age to grow")
        said = self.said("approvals", one["id"])
        for part in ("\\x1b[2K", "\\u{202e}", "1 of dba and 1 of security", "masks   pii", "inside a transaction", "TRUNCATE"):
            self.assertIn(part, said)
        self.assertNotIn("\x1b[2K", said)
        self.gate.run("deny", one["id"], as_user="sam")
        thread.join(60)
        self.assertEqual(1, len(failed))

    def test_reveal(self):
        """what the detectors hide is shown to an approver who asks for it, on the record"""
        table = self.make("h_a")
        conn = self.connect()
        secret = "person5@example.com"
        one = self.pending(conn, f"UPDATE {table} SET id = length(%s)", (secret,))
        self.assertNotIn(secret, json.dumps(self.approval(one)))
        self.assertIn("--reveal", self.said("approvals", one))
        shown = self.gate.run("approvals", one, "--reveal", as_user="dana")
        self.assertIn(secret, json.dumps(shown["revealed"]))
        self.assertIn(secret, self.said("approvals", one, "--reveal", who="dana"))
        found = self.recorded(one, REVEALED)
        self.assertEqual({"dana"}, {a["approver"] for a in found if a["decision"] == REVEALED})
        self.gate.run("deny", one, as_user="dana")
        self.refused("approvals", one, "--reveal", who="dana")
        with open(self.gate.output) as file:
            self.assertNotIn(secret, file.read())
        self.assertEqual([], [a for a in self.gate.records() if secret in json.dumps(a)])

    def test_mine(self):
        """a program reads how its own requests stand, and no one else's"""
        table = self.make("mine_a")
        one = self.pending(self.connect(), f"TRUNCATE {table}")
        two = self.pending(self.connect("robot"), f"TRUNCATE {table}")
        mine = {a["approval"]: a for a in self.gate.run("approvals", "--mine", as_user="agent")}
        self.assertIn(one, mine)
        self.assertNotIn(two, mine)
        self.assertEqual(("pending", "wait"), (mine[one]["state"], mine[one]["do"]))
        self.yes(one)
        mine = {a["approval"]: a for a in self.gate.run("approvals", "--mine", as_user="agent")}
        self.assertEqual(("approved", "run exactly the same again"), (mine[one]["state"], mine[one]["do"]))
        self.assertEqual(1, self.gate.run("approvals", "--mine", ok=False).returncode)

    def test_latency(self):
        """how long decisions take is measured"""
        before = self.gate.run("status")["decisions"]["decided"]
        one = self.pending(self.connect(), f"TRUNCATE {self.make('latency_a')}")
        self.yes(one)
        now = self.gate.run("status")["decisions"]
        self.assertEqual(before + 1, now["decided"])
        self.assertGreater(now["latency_p95_ms"], 0)
        self.assertGreaterEqual(now["latency_p95_ms"], now["latency_p50_ms"])

    def test_plan(self):
        """a plan is approved once; then its requests run in order, each once, from any session"""
        first, second = (f"TRUNCATE {self.make(table)}" for table in ("plan_1", "plan_2"))
        path = self.gate.folder + "/migration.json"
        with open(path, "w") as file:
            json.dump([first, "SELECT 1", "CREATE TABLE IF NOT EXISTS plan_made()", second], file)
        asked = self.gate.run("plan", path, "--target", "shop", "--reason", "the release", as_user="agent")
        one = asked["id"]
        self.assertEqual("pending", asked["state"])
        self.assertEqual([["destructive"], [], [], ["destructive"]], [step["rules"] for step in asked["plan"]])
        self.assertIn("the release", self.said("approvals", one))
        conn = self.connect()
        self.assertNotEqual(one, self.pending(conn, first))
        self.yes(one)
        conn.execute(first)
        conn.execute("SELECT 1")
        self.connect().execute(second)
        self.assertEqual(0, self.count("plan_1") + self.count("plan_2"))
        self.assertEqual("used", self.approval(one)["state"])
        process.until(lambda: len([a for a in self.decisions(one) if a["decision"] == 5]) == 2, "two uses on the record")
        self.assertTrue(self.gate.verify()["whole"])


if __name__ == "__main__":
    tap.main()
