"""The whole story, told once from end to end: a CI job with nothing but its provider's token works on PostgreSQL as a role
made for it; what it may not see is masked; its DROP DATABASE waits until a person says yes behind a webhook's link; and the
record says who did what for whom, by which rule and whose yes."""

import json
import os
import re
import subprocess
import urllib.parse

import approval_case
import oidc_case
import oidc_provider
import process
import tap
from browser import Browser
from credential_case import MINTER_PASSWORD, make_minter, minted
from gateway import BIN
from webhook_case import SECRET, Case, is_signed

PERSON = "people:dora@example.com"  # for whom the job works
JOB = {"sub": "agent-7", "ref": "refs/heads/main", "sha": "0a1b2c", "repository": "acme/shop", "repository_owner": "acme", "run_id": "4711",
       "run_attempt": "1", "actor": "ann", "workflow": "deploy", "workflow_ref": "acme/shop/.github/workflows/deploy.yml@refs/heads/main",
       "event_name": "push", "groups": None, "email": None, "email_verified": None}
POLICY = """
[[mask]]
name = "pii"
targets = ["mission"]
detect = ["@pii", "@secrets"]
fields = ["customers.email"]
action = "partial"

[[rule]]
name = "destructive"
targets = ["mission"]
use = "sql/destructive"
action = "approve"
approvers = ["deciders"]
hold = "%(hold)s"
"""
DELEGATION = f"""
[[delegation]]
identities = ["ci:agent-7"]
for = ["{PERSON}"]
"""


class Mission(Case):
    POLICY, HOLD = POLICY, "60s"

    @classmethod
    def setUpClass(cls):
        if approval_case.psycopg is None:
            raise approval_case.world.unittest.SkipTest("python3-psycopg is not installed")
        cls.jobs, cls.people = oidc_case.provider(), oidc_provider.Provider()
        cls.addClassCleanup(cls.people.remove)
        cls.people.set(accounts={"paula": {"claims": {"email": "paula@example.com", "email_verified": True, "groups": ["deciders"]}}})
        cls.addClassCleanup(lambda: cls.jobs.reset())
        make_minter(approval_case.world.cluster())
        super().setUpClass()
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    @classmethod
    def webhooks(cls):
        cls.keep("minter", MINTER_PASSWORD)
        port = approval_case.world.cluster().port
        return (super().webhooks() + DELEGATION + minted("mission", port, lease="2s").replace("file:secrets/minter", f"file:{cls.secrets}/minter")
                  + oidc_case.issuer("ci", cls.jobs.issuer, preset="github-actions", identity=None, groups=None, email=None, job=None,
                                     group_names={"repository:acme/shop": "agents"})
                  + oidc_case.issuer("people", cls.people.issuer, client_id="cli", scopes=["openid"]))

    def setUp(self):
        self.port = int(re.findall(r"admin API at http://127\.0\.0\.1:(\d+)", self.gate.said())[-1])

    def tearDown(self):
        approval_case.world.Case.tearDown(self)

    def sallyport(self, *args):
        """The output of a command that must succeed."""
        done = subprocess.run([BIN, "--config", self.gate.config, *args], capture_output=True, text=True, timeout=180)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def job(self, token):
        """psql as the job runs it: the target's name and the token are all that it knows."""
        env = self.environment(target="mission") | {"PGUSER": "mission", "PGPASSWORD": token, "PGDATABASE": "shop",
                                                     "PGOPTIONS": f"-c sallyport.on_behalf_of={PERSON}"}
        child = process.start(["psql", "-XqtA", "-v", "ON_ERROR_STOP=1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, env=env)
        self.addCleanup(process.stop, child, 9)
        for stream in (child.stdin, child.stdout, child.stderr):
            self.addCleanup(stream.close)
        return child

    def ticket(self, token):
        """The ticket that a program gets for a token (RFC 8693)."""
        status, text, _ = self.ask("POST", "/oauth/token", urllib.parse.urlencode({
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": token,
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token"}), Content_Type="application/x-www-form-urlencoded")
        self.assertEqual(200, status, text)
        return json.loads(text)["access_token"]

    def decide(self, one):
        """The approver's part: her phone opens the link; she proves who she is by a ticket of her provider's; yes."""
        told = self.told(one)
        self.assertTrue(is_signed(SECRET, told["headers"]["Sallyport-Signature"], told["body"]), "the webhook's message is not signed")
        self.assertEqual((PERSON, "ci:agent-7"), (told["json"]["approval"]["on_behalf_of"], told["json"]["approval"]["identity"]))
        ticket = self.ticket(self.people.device("paula")["access_token"])
        self.browser.phone()
        self.browser.go(told["json"]["link"])
        self.browser.type("#proof", ticket)
        self.browser.click("#login button")
        self.browser.until("document.getElementById('approval').checkVisibility()")
        self.assertEqual("DROP DATABASE scratch;", self.browser.text("#text"))
        self.browser.type("#reason", "the job is done with it")
        self.browser.click("#approve")
        self.assertEqual("Approved.", self.browser.until("document.getElementById('message').innerText"))

    def test_story(self):
        """token, made role, masked e-mail, a drop that waits, a yes behind a link, the result, the record, the role's end, the log"""
        self.cluster.sql("DROP DATABASE IF EXISTS scratch")
        self.cluster.sql("CREATE DATABASE scratch OWNER app")
        job = self.job(self.jobs.token("agent-7", **JOB))

        def ask(sql):
            job.stdin.write(sql + ";\n")
            job.stdin.flush()

        ask("SELECT session_user || ' ' || current_user")
        said = job.stdout.readline().split()
        self.assertEqual(2, len(said), lambda: job.stderr.read())
        role, owner = said
        self.assertEqual("app", owner)
        self.assertRegex(role, r"^sp_.*agent")
        self.assertEqual(role, self.cluster.sql(f"SELECT rolname FROM pg_roles WHERE rolname = '{role}'"))
        plain = self.cluster.sql("SELECT email FROM customers ORDER BY id LIMIT 1", database="shop")
        ask("SELECT email FROM customers ORDER BY id LIMIT 1")
        masked = job.stdout.readline().strip()
        self.assertRegex(masked, r"^.\*+@")
        self.assertNotIn(plain, masked)

        ask("DROP DATABASE scratch")
        one = self.gate.wait_approval("DROP DATABASE scratch")["id"]
        self.assertEqual("1", self.cluster.sql("SELECT count(*) FROM pg_database WHERE datname = 'scratch'"))
        self.decide(one)
        ask("SELECT 'and on'")
        self.assertEqual("and on", job.stdout.readline().strip(), "after the approved statement")
        self.assertEqual("0", self.cluster.sql("SELECT count(*) FROM pg_database WHERE datname = 'scratch'"))
        job.stdin.close()
        self.assertEqual(0, job.wait(60), job.stderr.read())

        session = process.until(lambda: next((s for s in self.gate.run("sessions") if s["target"] == "mission" and s["closed"]), None), "the end")
        self.recorded(session["sid"], one, role, plain)
        process.until(lambda: role not in self.cluster.sql("SELECT rolname FROM pg_roles"), "the role's end")
        self.proven(session["sid"], plain, masked)

    def policies(self):
        """The facts of the policies on the record."""
        said = self.sallyport("--json", "tail", "--all", "-n", "100000")
        return [one["facts"] for one in map(json.loads, said.splitlines()) if one["kind"] == "policy"]

    def recorded(self, sid, approval, role, plain):
        """What `sallyport show` says of it."""
        records = self.gate.run("show", sid)
        login = next(one["facts"] for one in records if one["kind"] == "login")
        self.assertEqual(("ci:agent-7", PERSON, "postgresql-role", role),
                         tuple(login[key] for key in ("identity", "on_behalf_of", "credential", "lease")))
        self.assertIn("agents", login["groups"])
        job = {pair["name"]: pair["value"] for pair in login["job"]} if isinstance(login["job"], list) else login["job"]
        self.assertEqual(("4711", "ann", "0a1b2c"), (job["run"], job["by"], job["commit"]))
        drop = [one["facts"] for one in records if one["kind"] == "request" and one["facts"]["verbs"] == ["DROP"]]
        self.assertEqual({("destructive", approval)}, {(one["rule"], one["approval"]) for one in drop if one["approval"]})
        policies = [one for one in self.policies() if drop[0]["policy"] and one["digest"].startswith(drop[0]["policy"])]
        self.assertEqual(1, len(policies), "the policy that judged it stands on the record")
        decided = json.dumps([one["facts"] for one in records if one["kind"] == "decision"])
        self.assertIn("people:paula@example.com", decided)
        self.assertIn("the job is done with it", decided)
        self.assertNotIn(plain, json.dumps(records), "the plain value is on the record")

    def proven(self, sid, plain, masked):
        """The log verifies whole, and this session alone; it replays, and tells the story to other programs."""
        self.gate.stop()
        self.sallyport("log", "verify")
        proof = f"{self.secrets}/proof"
        self.sallyport("log", "export", "--session", sid, "--proof", proof)
        key = self.gate.folder + "/state/log.pub"
        done = subprocess.run([BIN, "log", "verify", "--key", key, "--proof", proof], capture_output=True, text=True, timeout=180)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        played = self.sallyport("replay", sid, "--no-wait")
        self.assertIn("DROP DATABASE scratch", played)
        self.assertIn(masked, played)
        self.assertNotIn(plain, played)
        self.assertIn(PERSON, self.sallyport("log", "export", "--session", sid, "--ocsf"))
        found = self.sallyport("search", "--identity", "ci:agent-7", "--verb", "DROP", "--object", "scratch", "--json")
        self.assertRegex(found, r'"policy": ?"[0-9a-f]{16}"')
        self.assertIn(PERSON, found)
        self.gate.start()


if __name__ == "__main__":
    tap.main()
