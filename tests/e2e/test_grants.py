"""Targets that open on request: asking, granting, the grant's end, and what stays stronger than a grant."""

import base64
import json
import re
import subprocess
import threading
import urllib.parse

import gateway
import process
import tap
import world
from test_tickets import Api

try:
    import psycopg
except ImportError:
    psycopg = None

OFFER = """
[[target]]
name = "%(name)s"
protocol = "postgresql"
address = "127.0.0.1:%(port)d"
tls = "off"
database = "shop"
allow = ["dba", "on-request"]
default = "allow"
logins = { app = { credential = { user = "app", password = "file:secrets/app" } } }
on_request = { groups = ["agents"], approvers = %(approvers)s, longest = "2h", grace = "%(grace)s"%(more)s }
"""


def offer(name, approvers='["dba"]', grace="2s", more=""):
    return OFFER % {"name": name, "port": world.cluster().port, "approvers": approvers, "grace": grace, "more": more}


class Case(Api):
    POLICY = ""

    @classmethod
    def issuers(cls):
        more = ', needs_reason = true'
        return (super().issuers() + offer("guarded") + offer("patient", grace="1h") + offer("other") +
                offer("pair", '["dba", "lead"], approvals = 2', more=more) +
                '\n[[delegation]]\nidentities = ["agent"]\nfor = ["dana", "D*", "erin"]\n')

    def setUp(self):
        super().setUp()
        self.addCleanup(self.clear)

    def find_door(self):
        super().setUp()

    def clear(self):
        """No case leaves a grant or a request to the next."""
        if self.gate.process.poll() is not None:
            return
        for one in self.gate.run("approvals"):
            self.gate.run("revoke", one["id"], ok=False)
        for one in self.gate.run("grants"):
            self.gate.run("grants", "revoke", one["id"])

    def request(self, target="guarded", life="1h", who="agent", reason="a test"):
        return self.gate.run("request", target, "--for", life, "--reason", reason, as_user=who)

    def grant(self, target="guarded", life="1h", who="agent", by="dana"):
        """The grant's id."""
        one = self.request(target, life, who)["approval"]
        return self.gate.run("approve", one, as_user=by)["grant"]

    def refused(self, *args, who=None):
        done = self.gate.run(*args, as_user=who, ok=False)
        self.assertEqual(1, done.returncode, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def lets_in(self, target="guarded", user="agent"):
        self.assertEqual("in", self.good_psql("SELECT 'in'", target=target, user=user))

    def keeps_out(self, reason="grant-needed", target="guarded", user="agent"):
        before = len(self.logins())
        done = self.psql("SELECT 'in'", "-tA", target=target, user=user)
        self.assertEqual(2, done.returncode, done.stdout)
        self.assertEqual(reason, self.reason_behind(before, [reason]))
        return done.stderr

    def acts(self, act):
        return [one["detail"] for one in self.gate.records("Admin") if one["act"] == act]

    def recorded(self, act, text):
        process.until(lambda: [one for one in self.acts(act) if text in one], f"a record {act} of {text}")

    def sleeper(self, target="guarded", user="agent", sql="SELECT pg_sleep(300)"):
        child = self.spawn(sql, target=target, user=user)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.stderr.close)
        process.until(lambda: [one for one in self.gate.run("sessions", "--live") if one["target"] == target], "the session")
        return child

    def again(self, how=15):
        self.gate.stop(how)
        self.gate.start()
        super().setUp()

    def local(self, method, path, body=None, who="agent"):
        proof = base64.b64encode(f"{who}:{gateway.SECRETS[who]}".encode()).decode()
        return self.ask(method, path, body, "Basic " + proof)


class Grants(Case):
    def test_whole(self):
        """refused with the command that asks; asked; granted by an approver; let in; the record names grant and giver"""
        said = self.keeps_out()
        self.assertIn("`sallyport request guarded --for 1h", said)
        asked = self.request(reason="with AKIAIOSFODNN7EXAMPLQ")
        self.assertEqual(("pending", ["dba"], 3_600_000), (asked["state"], asked["approvers"], asked["access_ms"]))
        self.keeps_out()
        shown = self.gate.wait_approval("open target guarded for 1h")
        self.assertEqual(("agent", "guarded", "on-request"), (shown["identity"], shown["target"], shown["rule"]))
        self.assertNotIn("AKIAIOSFODNN7EXAMPLQ", json.dumps(shown))
        done = self.gate.run("approve", asked["approval"], as_user="dana")
        self.assertRegex(done["grant"], r"\Ag-[0-9a-z]{8}\Z")
        self.lets_in()
        _, login = self.login_facts()
        self.assertIn(done["grant"], json.dumps(login))
        self.assertIn("dana", json.dumps(login))
        grant = next(one for one in self.gate.run("grants") if one["id"] == done["grant"])
        self.assertEqual(("agent", "guarded", "dana", asked["approval"]),
                         (grant["identity"], grant["target"], grant["granted_by"], grant["approval"]))
        self.assertAlmostEqual(3600, (grant["expires_ns"] - grant["created_ns"]) / 1e9, places=3)
        self.recorded("grant", done["grant"])
        decisions = [one["decision"] for one in self.gate.records("Decision") if one["approval"] == asked["approval"]]
        self.assertEqual([0, 1], decisions)

    def test_only_what_was_granted(self):
        """one target, one identity: nobody else's login and no other target opens by it; who has it anyway needs none"""
        self.grant()
        self.keeps_out(user="robot")
        self.keeps_out(target="other")
        self.lets_in(user="dana")
        self.assertIn("without a request", self.refused("request", "guarded", who="dana"))

    def test_terms(self):
        """two persons and a reason, as the target wants; who asked counts for none"""
        self.assertIn("--reason", self.refused("request", "pair", who="agent"))
        one = self.request("pair", who="robot")["approval"]
        self.gate.run("approve", one, as_user="dana")
        self.keeps_out(target="pair", user="robot")
        self.assertIn("said yes to it already", self.refused("approve", one, who="dana"))
        self.assertTrue(self.gate.run("approve", one, as_user="erin")["grant"])
        self.lets_in("pair", "robot")

    def test_self(self):
        """nobody grants himself; an agent is no approver; again makes no sense"""
        one = self.request()["approval"]
        self.assertIn("cannot approve it", self.refused("approve", one, who="agent"))
        self.assertIn("none of the groups", self.refused("approve", one, who="robot"))
        self.assertIn("one run only", self.refused("approve", one, "--again", who="dana"))
        self.keeps_out()

    def test_refused_requests(self):
        """too long, none, no such target, nobody: each says what to do; nothing is left behind"""
        for life, said in (("3h", "2h"), ("0s", "1s"), ("forever", "2h"), ("x", "no duration"), ("-1h", "no duration"), ("999999h", "")):
            self.assertIn(said, self.refused("request", "guarded", "--for", life, who="agent"), life)
        self.assertIn("may ask for", self.refused("request", "nowhere", who="agent"))
        self.assertIn("may ask for", self.refused("request", "guar ded", who="agent"))
        self.assertIn("needs a caller", self.refused("request", "guarded"))
        self.assertEqual([], self.gate.run("approvals"))

    def test_joins(self):
        """the same again joins what is open; another time is refused; a thousand times leave one"""
        one = self.request()["approval"]
        self.assertEqual(one, self.request()["approval"])
        self.assertIn(one, self.refused("request", "guarded", "--for", "2h", who="agent"))
        for _ in range(1000 if tap.FULL else 100):
            status, got, _ = self.local("POST", "/v1/grants", {"target": "guarded", "for": "1h", "reason": "now!"})
            self.assertEqual((200, one), (status, got["approval"]["approval"]))
        self.assertEqual([one], [a["id"] for a in self.gate.run("approvals")])

    def test_on_behalf_of_the_giver(self):
        """who granted it does not come in by it through another who speaks for him, however his name is written"""
        self.grant()
        self.lets_in()
        for person, is_in in (("dana", False), ("DANA", False), ("Dana", False), ("erin", True)):
            before = len(self.logins())
            done = self.psql("SELECT 'in'", "-tA", env=self.environment(target="guarded") | {"PGOPTIONS": f"-c sallyport.on_behalf_of={person}"})
            self.assertEqual("in" if is_in else "", done.stdout.strip(), (person, done.stderr))
            if not is_in:
                self.assertEqual("grant-needed", self.reason_behind(before, ["grant-needed"]))

    def test_denied(self):
        """a no lasts a while, for that target; taking one's own request back does not"""
        one = self.request("other", who="robot")["approval"]
        self.gate.run("deny", one, as_user="robot")
        two = self.request("other", who="robot")["approval"]
        self.gate.run("deny", two, "--reason", "no", as_user="dana")
        self.assertIn("was denied", self.refused("request", "other", who="robot"))
        self.request("patient", who="robot")
        self.request("other")

    def test_asks_an_hour(self):
        """asking and taking back without end is refused"""
        token = self.maker.token({"sub": "restless", "groups": ["agents"]})
        statuses = []
        for _ in range(40):
            status, got, _ = self.ask("POST", "/v1/grants", {"target": "guarded", "for": "1h"}, token)
            statuses.append(status)
            if status == 200:
                self.ask("POST", f"/v1/approvals/{got['approval']['approval']}/deny", {}, token)
        self.assertEqual([200] * 30 + [429] * 10, statuses)

    def test_revoked(self):
        """who has it, who gave it and an admin take it back: its sessions end at once, and no login follows"""
        for who in ("agent", "dana", None):
            one = self.grant()
            child = self.sleeper()
            self.assertEqual(1, self.gate.run("grants")[0]["sessions"])
            self.gate.run("grants", "revoke", one, "--reason", "enough", as_user=who)
            self.assertIn("enough", child.communicate(timeout=60)[1] + "".join(self.acts("grant-revoked")))
            self.assertNotEqual(0, child.returncode)
            self.keeps_out()
            self.recorded("grant-revoked", one)
        one = self.grant()
        self.assertIn("no grant of that id is yours", self.refused("grants", "revoke", one, who="robot"))
        self.assertEqual([], [g for g in self.local("GET", "/v1/grants", who="robot")[1]["grants"]])
        self.lets_in()

    def test_restart(self):
        """a grant outlives the gateway, ended or killed; a revoked one does not come back; what was only asked is gone"""
        one = self.grant()
        two = self.grant("patient")
        three = self.request("other")["approval"]
        self.again(9)
        self.lets_in()
        self.assertEqual({one, two}, {g["id"] for g in self.gate.run("grants")})
        self.assertIn("no approval", self.refused("approve", three, who="dana"))
        self.gate.run("grants", "revoke", one)
        self.again(9)
        self.keeps_out()
        self.lets_in("patient")
        self.again()
        self.lets_in("patient")

    def test_kill(self):
        """a blocked identity loses its grants and requests for good, and asks for none; nor does one that was asked before"""
        one = self.grant()
        two = self.request("other")["approval"]
        child = self.sleeper()
        self.gate.run("kill", "--identity", "agent", "--reason", "a drill")
        self.addCleanup(self.gate.run, "allow", "agent", ok=False)
        self.assertNotEqual(0, child.wait(60))
        self.assertEqual([], [g for g in self.gate.run("grants") if g["id"] == one])
        self.assertIn("no longer open", self.refused("approve", two, who="dana"))
        self.assertIn("kept out", self.refused("request", "guarded", who="agent"))
        self.gate.run("allow", "agent")
        self.keeps_out()
        self.again(9)
        self.keeps_out()

    def test_lockdown(self):
        """a grant opens no gateway that is closed"""
        self.grant()
        self.gate.run("lockdown", "--reason", "drill 7")
        self.addCleanup(self.gate.run, "lockdown", "--lift", ok=False)
        self.assertIn("drill 7", self.keeps_out("gateway-locked-down"))
        self.gate.run("lockdown", "--lift")
        self.lets_in()

    def test_policy(self):
        """a reload that takes the offer away ends grants and requests, and sessions at their next idle point; it does not give them back"""
        text = open(self.gate.config).read()
        self.addCleanup(lambda: (open(self.gate.config, "w").write(text), self.gate.run("reload")))
        for old, new in (('allow = ["dba", "on-request"]', 'allow = ["dba"]'), ('groups = ["agents"], approvers', 'groups = ["dba"], approvers')):
            one, two = self.grant(), self.request("other")["approval"]
            conn = self.connect("guarded", autocommit=True)
            conn.execute("SELECT 1")
            changed = text.replace(old, new)
            if "groups" not in new:
                changed = re.sub(r"on_request = .*\n", "", changed)
            open(self.gate.config, "w").write(changed)
            self.gate.run("reload")
            process.until(lambda: not [g for g in self.gate.run("grants") if g["id"] == one], "the grant's end")
            self.recorded("grant-withdrawn", one)
            process.until(lambda: not [s for s in self.gate.run("sessions", "--live") if s["target"] == "guarded"], "the session's end")
            self.refused("approve", two, who="dana")
            open(self.gate.config, "w").write(text)
            self.gate.run("reload")
            process.until(lambda: "grant-needed" in self.why_refused(), "the policy at the core")
            self.keeps_out()

    def why_refused(self):
        before = len(self.logins())
        self.psql("SELECT 1", target="guarded")
        return self.reason_behind(before, [])

    def test_opened_by_policy(self):
        """a reload that lets the caller in anyway needs no grant any more: its end ends nothing"""
        text = open(self.gate.config).read()
        self.addCleanup(lambda: (open(self.gate.config, "w").write(text), self.gate.run("reload")))
        one = self.grant()
        conn = self.connect("guarded", autocommit=True)
        conn.execute("SELECT 1")
        open(self.gate.config, "w").write(text.replace('allow = ["dba", "on-request"]', 'allow = ["dba", "agents", "on-request"]'))
        self.gate.run("reload")
        process.until(lambda: "without a request" in self.gate.run("request", "guarded", as_user="agent", ok=False).stdout, "the reload")
        process.until(lambda: conn.execute("SELECT 1") and not self.gate.run("grants", "revoke", one, ok=False).returncode, "the grant's end")
        self.assertEqual((1,), conn.execute("SELECT 1").fetchone())


class Expiry(Case):
    def short(self, target="guarded", seconds=3, who="agent"):
        return self.grant(target, f"{seconds}s", who)

    def over(self, one):
        process.until(lambda: not [g for g in self.gate.run("grants") if g["id"] == one], "the grant's end")

    def test_idle(self):
        """an idle session ends when its grant does, in the protocol's words; no login follows; the end is a record"""
        one = self.short()
        conn = self.connect("guarded", autocommit=True)
        conn.execute("SELECT 1")
        self.over(one)
        with self.assertRaises(psycopg.OperationalError) as caught:
            process.until(lambda: conn.execute("SELECT 1") and False, "the session's end", timeout=60)
        self.assertIn(one, str(caught.exception))
        self.keeps_out()
        self.recorded("grant-expired", one)

    def test_transaction(self):
        """a transaction that is open when the time is over may end; then the session does"""
        one = self.short("patient")
        conn = self.connect("patient", autocommit=True)
        conn.execute("CREATE TABLE IF NOT EXISTS granted(id int); BEGIN; INSERT INTO granted VALUES (1)")
        self.over(one)
        for _ in range(5):
            conn.execute("INSERT INTO granted VALUES (2)")
        conn.execute("COMMIT")
        self.assertEqual("6", self.cluster.sql("SELECT count(*) FROM granted", database="shop"))
        self.cluster.sql("DROP TABLE granted", database="shop")
        with self.assertRaises(psycopg.OperationalError):
            process.until(lambda: conn.execute("SELECT 1") and False, "the session's end", timeout=60)

    def test_grace(self):
        """beyond the grace a transaction is cut, whatever it does"""
        one = self.short()
        child = self.sleeper(sql="BEGIN; SELECT pg_sleep(600)")
        self.over(one)
        self.assertNotEqual(0, child.wait(60))
        process.until(lambda: [f for f in self.gate.records("Fault") if f["reason"] == "grant-over"], "the record of the cut")

    def test_renewed(self):
        """another grant, given in time, carries the session on, and that is on its record"""
        one = self.short(seconds=8)
        conn = self.connect("guarded", autocommit=True)
        conn.execute("SELECT 1")
        two = self.grant(life="1h")
        self.assertNotEqual(one, two)
        self.over(one)
        self.assertEqual((1,), conn.execute("SELECT 1").fetchone())
        sid = next(one["sid"] for one in reversed(self.gate.run("sessions", "--limit", "0")) if one["target"] == "guarded")
        process.until(lambda: two in json.dumps(self.gate.run("show", sid)), "the note of the second grant")
        self.gate.run("grants", "revoke", two)
        with self.assertRaises(psycopg.OperationalError):
            process.until(lambda: conn.execute("SELECT 1") and False, "the session's end", timeout=60)

    def test_over_while_down(self):
        """what expires while no gateway runs lets nobody in afterwards, and its end is a record"""
        one = self.short(seconds=2)
        self.gate.stop(9)
        process.time.sleep(2.5)
        self.gate.start()
        self.find_door()
        self.keeps_out()
        self.over(one)
        self.recorded("grant-expired", one)


class ByToken(Case):
    """The same over the admin API, with tokens and tickets."""

    def post(self, proof, target="guarded", **more):
        return self.ask("POST", "/v1/grants", {"target": target, "for": "1h", "reason": "r"} | more, proof)

    def approver(self):
        return self.maker.token({"sub": "boss", "email": "boss@corp.test", "email_verified": True, "groups": ["dba"]})

    def test_flow(self):
        """asked and granted by ticket; whoami tells it; psql is let in by the same ticket; taken back over the API"""
        got = self.ticket()
        ticket = got["access_token"]
        self.assertIn(("guarded", "on-request"), [(t["name"], t["access"]) for t in got["targets"]])
        status, asked, _ = self.post(ticket)
        self.assertEqual(200, status, asked)
        self.stays_out(got, "grant-needed", "guarded")
        path = f"/v1/approvals/{asked['approval']['approval']}/approve"
        self.assertEqual(400, self.ask("POST", path, {}, ticket)[0])
        status, done, _ = self.ask("POST", path, {}, self.approver())
        self.assertEqual(200, status, done)
        self.enters(got, "guarded")
        told = {t["name"]: t for t in self.ask("GET", "/v1/whoami", proof=ticket)[1]["targets"]}
        self.assertEqual(("granted", done["approval"]["grant"]), (told["guarded"]["access"], told["guarded"]["grant"]))
        self.assertEqual("on-request", told["other"]["access"])
        self.assertEqual("open", told["shop"]["access"])
        grants = self.ask("GET", "/v1/grants", proof=ticket)[1]["grants"]
        self.assertEqual(["corp:agent-7"], [g["identity"] for g in grants])
        self.assertEqual(200, self.ask("DELETE", "/v1/grants/" + grants[0]["id"], proof=ticket)[0])
        self.stays_out(got, "grant-needed", "guarded")
        self.assertEqual(404, self.ask("DELETE", "/v1/grants/" + grants[0]["id"], proof=ticket)[0])

    def give(self, proof, target="guarded"):
        asked = self.post(proof, target)[1]
        status, done, _ = self.ask("POST", f"/v1/approvals/{asked['approval']['approval']}/approve", {}, self.approver())
        self.assertEqual(200, status, done)
        return done["approval"]["grant"]

    def test_bound_ticket(self):
        """a ticket for one target neither asks for another nor opens it by a grant of its identity"""
        narrow, wide = self.ticket(scope="target:other"), self.ticket()
        self.assertEqual(403, self.post(narrow["access_token"])[0])
        self.give(wide["access_token"])
        self.stays_out(narrow, "target-not-of-this-ticket", "guarded")
        self.enters(wide, "guarded")

    def test_groups_of_now(self):
        """a grant is of no use to the same identity whose token no longer has the group"""
        claims = {"sub": "mover"}
        self.give(self.maker.token(claims | {"groups": ["agents"]}))
        self.assertEqual("in", self.taken(self.maker.token(claims | {"groups": ["agents"]}), target="guarded"))
        self.refused_login(self.maker.token(claims | {"groups": ["interns"]}), "target-not-allowed")

    def refused_login(self, token, reason):
        before = len(self.logins())
        self.assertNotEqual(0, self.log_in(token, target="guarded").returncode)
        self.assertEqual(reason, self.reason_behind(before, [reason]))

    def test_actor(self):
        """what an agent was granted for a person is of that pair, not of the person alone"""
        claims = {"sub": "ann", "groups": ["agents"]}
        both = self.maker.token(claims | {"act": {"sub": "bot"}})
        self.give(both)
        self.assertEqual("in", self.taken(both, target="guarded"))
        self.refused_login(self.maker.token(claims), "grant-needed")
        self.refused_login(self.maker.token(claims | {"act": {"sub": "worse-bot"}}), "grant-needed")

    def test_same_person(self):
        """one person under two names does not grant himself"""
        mail = {"email": "x@corp.test", "email_verified": True}
        asked = self.post(self.maker.token({"sub": "x1", "groups": ["agents"]} | mail))[1]
        again = self.maker.token({"sub": "x2", "groups": ["dba"]} | mail)
        status, got, _ = self.ask("POST", f"/v1/approvals/{asked['approval']['approval']}/approve", {}, again)
        self.assertEqual(400, status, got)

    def test_misuse(self):
        """bodies and ids that are none: refused, nothing asked, nothing ended"""
        proof = self.maker.token()
        for body in ({}, {"target": 7}, {"target": "guarded", "for": "9h"}, {"target": ["guarded"]}, {"target": "guarded\x00"},
                     {"target": "x" * 5000}):
            self.assertIn(self.ask("POST", "/v1/grants", body, proof)[0], (400, 404), body)
        for one in ("g-", "g-00000000", "' OR 1=1", "%00", "x" * 300):
            self.assertIn(self.ask("DELETE", "/v1/grants/" + urllib.parse.quote(one), proof=proof)[0], (400, 404), one)
        other = {"identity": "dana", "as": "dana", "persons": ["user:dana"], "act": "approve"}
        status, got, _ = self.post(proof, **other)
        self.assertEqual((200, "corp:agent-7"), (status, got["approval"]["identity"]))
        self.assertEqual(401, self.ask("POST", "/v1/grants", {"target": "guarded"})[0])

    def test_command_line(self):
        """request and grants go with a ticket to a gateway elsewhere"""
        mine = self.ticket()["access_token"]
        env = world.os.environ | {"SALLYPORT_TICKET": mine, "SALLYPORT_GATEWAY": f"http://127.0.0.1:{self.port}",
                                  "XDG_STATE_HOME": self.folder}
        def run(*args):
            return subprocess.run([gateway.BIN, *args], env=env, capture_output=True, text=True, timeout=60)
        done = run("request", "guarded", "--for", "30m", "--reason", "why not")
        self.assertEqual(0, done.returncode, done.stderr)
        one = re.search(r"request (\w+) waits for a yes of dba", done.stdout)[1]
        # Who asked may not say yes; who may does so with a ticket, from anywhere.
        self.assertEqual(1, run("approve", one).returncode)
        env["SALLYPORT_TICKET"] = self.ticket({"sub": "boss", "email": "boss@example.com", "groups": ["dba"]})["access_token"]
        self.assertIn("why not", run("approvals", one).stdout)
        self.assertIn("approved", run("approve", one, "--reason", "as agreed").stdout)
        self.assertEqual(1, run("approve", one).returncode)
        env["SALLYPORT_TICKET"] = mine
        self.assertEqual(["approved"], [a["state"] for a in json.loads(run("approvals", "--mine", "--json").stdout) if a["approval"] == one])
        listed = run("grants").stdout
        self.assertIn("why not", listed)
        self.assertIn("guarded, granted until", run("whoami").stdout)
        grant = re.search(r"g-\w{8}", listed)[0]
        self.assertEqual(0, run("grants", "revoke", grant).returncode)
        self.assertEqual(1, run("grants", "revoke", grant).returncode)


class Races(Case):
    def test_grant_and_kill(self):
        """yes, revocation, kill and login at once: in the end nothing is granted and nothing is open"""
        count = 40 if tap.FULL else 8
        for i in range(count):
            token = self.maker.token({"sub": f"racer-{i}", "groups": ["agents"]})
            asked = self.ask("POST", "/v1/grants", {"target": "guarded", "for": "1h"}, token)[1]["approval"]["approval"]
            child = []
            steps = [lambda: self.local("POST", f"/v1/approvals/{asked}/approve", {}, "dana"),
                     lambda: self.gate.run("kill", "--identity", f"corp:racer-{i}"),
                     lambda: child.append(self.starts(token, "SELECT pg_sleep(300)", "guarded"))]
            threads = [threading.Thread(target=step) for step in (steps if i % 2 else reversed(steps))]
            for one in threads:
                one.start()
            for one in threads:
                one.join()
            self.assertNotEqual(0, child[0].wait(60))
            self.assertEqual([], [g for g in self.gate.run("grants") if g["identity"] == f"corp:racer-{i}"])
        self.assertEqual([], [s for s in self.gate.run("sessions", "--live") if s["target"] == "guarded"])


del Case, Api  # no cases of their own

if __name__ == "__main__":
    tap.main()
