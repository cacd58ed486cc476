"""For whom a caller asks, said aloud: who may say it, what it changes, and that it gives nobody any right."""

import json

import approval_case
import process
import tap
from test_tickets import ADMIN, Api

# `agent` may speak for the users of group dba and for one name; `robot`, of the same group, for nobody.
DELEGATION = """
[[delegation]]
identities = ["agent", "agent-*"]
for = ["corp:*@example.com", "eve"]
for_groups = ["dba"]
"""
WHO = {"dana": "of a group", "erin": "of a group too", "eve": "by name", "corp:zoe@example.com": "by a pattern"}


class Sessions(approval_case.Case):
    settings = approval_case.Case.settings | {"targets": DELEGATION, "server": "failed_logins = 0"}

    def asking(self, person, user="agent", **where):
        return self.environment(user=user, **where) | {"PGOPTIONS": f"-c sallyport.on_behalf_of={person}"}

    def logins(self):
        return self.gate.records("Login")

    def refused(self, person, user="agent"):
        before = len(self.logins())
        done = self.psql("SELECT 1", "-w", env=self.asking(person, user))
        self.assertNotEqual(0, done.returncode, "it was let in")
        process.until(lambda: self.logins()[before:], "the login's record")
        return done.stderr, self.gate.newest_login()

    def test_record(self):
        """who may speak for whom does so, and it stands on the record beside the identity"""
        for person, why in WHO.items():
            with self.subTest(why):
                self.assertEqual("in", self.good_psql("SELECT 'in'", env=self.asking(person)))
                facts = self.gate.newest_login()
                self.assertEqual(("agent", person, ["agents"]), (facts["identity"], facts["on_behalf_of"], facts["groups"]))
        self.good_psql("SELECT 1", env=self.environment())
        self.assertEqual("", self.gate.newest_login()["on_behalf_of"])
        said = self.gate.run("search", "--identity", "agent", "--verb", "SELECT", "--limit", "0", ok=False).stdout
        found = [json.loads(line) for line in said.splitlines()]
        self.assertTrue({"eve", ""} <= {one["on_behalf_of"] for one in found})

    def test_refused(self):
        """nobody else, for nobody else: the refusal says so, and the record who tried to speak for whom"""
        cases = [("dana", "robot"), ("sam", "agent"), ("corp:zoe@elsewhere.com", "agent"), ("Dana", "agent"), ("dana ", "agent"),
                 ("agent", "agent"), ("x" * 300, "agent"), ("*", "agent")]
        for person, user in cases:
            with self.subTest(person=person, user=user):
                said, facts = self.refused(person.replace(" ", "\\ "), user)
                self.assertIn("may not speak for", said)
                self.assertEqual(("on-behalf-not-allowed", user, person[:256]), (facts["reason"], facts["identity"], facts["on_behalf_of"]))

    def test_no_word_to_strangers(self):
        """with a wrong password nobody hears who may speak for whom"""
        done = self.psql("SELECT 1", "-w", env=self.asking("sam") | {"PGPASSWORD": "wrong"})
        self.assertIn("login refused", done.stderr)
        self.assertNotIn("speak", done.stderr)

    def test_only_at_the_login(self):
        """SET would look as if it had an effect: refused"""
        for sql in ("SET sallyport.on_behalf_of = 'dana'", "SELECT set_config('sallyport.on_behalf_of', 'dana', false)"):
            self.assertIn("sallyport.on_behalf_of", self.psql(sql, "-v", "ON_ERROR_STOP=1").stderr)
        done = self.psql("SELECT 1", "-w", env=self.environment() | {"PGOPTIONS": "-c sallyport.on_behalf_of=dana -c sallyport.on_behalf_of=eve"})
        self.assertIn("given twice", done.stderr)

    def test_not_passed_on(self):
        """the target hears nothing of it"""
        shown = self.good_psql("SELECT coalesce(current_setting('sallyport.on_behalf_of', true), 'nothing')", env=self.asking("dana", target="raw"))
        self.assertEqual("nothing", shown)

    def test_no_rights(self):
        """the person's groups are not the caller's: what they may, he may not"""
        before = self.good_psql("SELECT 1", env=self.asking("dana"))
        self.assertEqual("1", before)
        self.assertEqual(["agents"], self.gate.newest_login()["groups"])

    def paused(self, person, sql, user="agent"):
        child = process.start(["psql", "-XqtA", "-c", sql], stdout=-1, stderr=-1, text=True, env=self.asking(person, user))
        self.addCleanup(process.stop, child, 9)
        for stream in (child.stdout, child.stderr):
            self.addCleanup(stream.close)
        return child, self.gate.wait_approval(sql)

    def test_four_eyes(self):
        """the person who is spoken for counts as the one who asks: she cannot approve, her second name neither; another can"""
        self.make("behalf_one")
        child, approval = self.paused("dana", "TRUNCATE behalf_one")
        self.assertEqual("dana", approval["on_behalf_of"])
        for name in ("dana", "dana-2"):
            said = self.gate.run("approve", approval["id"], as_user=name, ok=False)
            self.assertNotEqual(0, said.returncode, name)
            self.assertIn("asked for it", said.stdout + said.stderr)
        self.gate.run("approve", approval["id"], as_user="dick")
        child.communicate(timeout=60)

    def test_bound(self):
        """a yes for what is asked on behalf of one is none for what is asked on behalf of another, or for oneself"""
        self.make("behalf_two")
        child, approval = self.paused("dana", "TRUNCATE behalf_two")
        child.communicate(timeout=60)  # the hold ends
        self.gate.run("approve", approval["id"], as_user="dick")
        for person in ("erin", "eve"):
            other, second = self.paused(person, "TRUNCATE behalf_two")
            self.assertNotEqual(approval["id"], second["id"])
            other.communicate(timeout=60)
        done = self.psql("TRUNCATE behalf_two", "-v", "ON_ERROR_STOP=1")
        self.assertNotEqual(0, done.returncode)
        self.assertEqual(10, self.count("behalf_two"))
        self.good_psql("TRUNCATE behalf_two", env=self.asking("dana"))
        self.assertEqual(0, self.count("behalf_two"))

    def test_withdrawn(self):
        """a reload that takes the right away ends what is open"""
        child = process.start(["psql", "-XqtAw"], stdin=-1, stdout=-1, stderr=-1, text=True, env=self.asking("eve"))
        self.addCleanup(process.stop, child, 9)
        for stream in (child.stdin, child.stdout, child.stderr):
            self.addCleanup(stream.close)
        child.stdin.write("SELECT 'in';\n")
        child.stdin.flush()
        self.assertEqual("in\n", child.stdout.readline())
        text = open(self.gate.config).read()
        try:
            with open(self.gate.config, "w") as file:
                file.write(text.replace(', "eve"', ""))
            self.gate.run("reload")
            _, said = child.communicate("SELECT 'again';\n", timeout=60)
            self.assertIn("on-behalf-not-allowed", said)
        finally:
            with open(self.gate.config, "w") as file:
                file.write(text)
            self.gate.run("reload")


class Tickets(Api):
    SERVER_KEYS = "failed_logins = 0\n" + ADMIN

    @classmethod
    def issuers(cls):
        return super().issuers() + '\n[[delegation]]\ngroups = ["agents"]\nfor = ["corp:*@example.com"]\n'

    def test_ticket(self):
        """a ticket on behalf of a person: its logins say so, and nobody can say otherwise with it"""
        got = self.ticket(on_behalf_of="corp:ann@example.com")
        self.enters(got)
        facts = self.gate.newest_login()
        self.assertEqual(("corp:agent-7", "corp:ann@example.com"), (facts["identity"], facts["on_behalf_of"]))
        env = self.environment() | {"PGUSER": f"{got['ticket']},shop", "PGPASSWORD": got["access_token"]}
        self.assertEqual(0, self.psql("SELECT 1", "-w", env=env | {"PGOPTIONS": "-c sallyport.on_behalf_of=corp:ann@example.com"}).returncode)
        done = self.psql("SELECT 1", "-w", env=env | {"PGOPTIONS": "-c sallyport.on_behalf_of=corp:bob@example.com"})
        self.assertIn("login refused", done.stderr)
        process.until(lambda: self.logins()[-1]["reason"] == "on-behalf-of-another", "the record")
        listed = self.ask("GET", "/v1/tickets", proof=got["access_token"])[1]["tickets"]
        self.assertIn("corp:ann@example.com", [one["on_behalf_of"] for one in listed])

    def test_refused(self):
        """no ticket for whom the config does not name"""
        for person in ("corp:ann@elsewhere.com", "ann", "corp:ann@example.com\n", "corp:\u202eann@example.com"):
            status, got, _ = self.exchange(self.maker.token(), on_behalf_of=person)
            self.assertEqual(403, status, got)
            self.assertIn("may not speak for", got["error_description"])
        fields = f"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token={self.maker.token()}"
        fields += "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt&on_behalf_of=corp:%ff@example.com"
        self.assertEqual(403, self.ask("POST", "/oauth/token", fields, Content_Type="application/x-www-form-urlencoded")[0])

    def test_person_cannot_approve(self):
        """that person's own login, by whatever name the address has, is the asker's"""
        got = self.ticket(on_behalf_of="corp:Ann@example.com")
        env = self.environment() | {"PGUSER": f"{got['ticket']},shop", "PGPASSWORD": got["access_token"]}
        self.cluster.sql("CREATE TABLE behalf_three (id int); ALTER TABLE behalf_three OWNER TO app", database="shop")
        child = process.start(["psql", "-XqtA", "-c", "TRUNCATE behalf_three"], stdout=-1, stderr=-1, text=True, env=env)
        self.addCleanup(process.stop, child, 9)
        for stream in (child.stdout, child.stderr):
            self.addCleanup(stream.close)
        approval = self.gate.wait_approval("TRUNCATE behalf_three")
        ann = self.maker.token({"sub": "u-1", "email": "ann@example.com", "email_verified": True, "groups": ["dba"]})
        dora = self.maker.token({"sub": "u-2", "email": "dora@example.com", "email_verified": True, "groups": ["dba"]})
        path = f"/v1/approvals/{approval['id']}/approve"
        status, said, _ = self.ask("POST", path, {}, proof=ann)
        self.assertNotEqual(200, status, said)
        self.assertIn("asked for it", said["error"])
        self.assertEqual(200, self.ask("POST", path, {}, proof=dora)[0])
        child.communicate(timeout=60)


if __name__ == "__main__":
    tap.main()
