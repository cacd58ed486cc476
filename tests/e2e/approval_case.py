"""What tests of approvals share: people, rules, and a gateway whose holds end soon, so that a yes comes before the
next try."""

import json
import re

import gateway
import pki
import world

try:
    import psycopg
    from psycopg import errors
except ImportError:
    psycopg = None

# agent-2 and dana-2 are agent and dana under a second name.
PEOPLE = {"lea": ["lead"], "sam": ["security"], "dick": ["dba"], "eve": ["interns"], "agent-2": ["dba", "agents"], "dana-2": ["dba"]}
MAILS = {"agent": "agent@example.com", "agent-2": "agent@example.com", "dana": "dana@example.com", "dana-2": "dana@example.com"}
for name, groups in PEOPLE.items():
    gateway.SECRETS.setdefault(name, name + "'s word")
    gateway.GROUPS.setdefault(name, groups)
    gateway._verifiers.setdefault(name, pki.scram_secret(gateway.SECRETS[name]))

RULES = """
[[mask]]
name = "pii"
targets = ["shop"]
detect = ["@pii", "@secrets"]
action = "partial"

[[rule]]
name = "never"
match = { verb = ["DROP"], object = ["*never*"] }
action = "deny"

[[rule]]
name = "two-groups"
match = { verb = ["DROP", "TRUNCATE"], object = ["*two_*"] }
action = "approve"
approvers = { dba = 1, security = 1 }
hold = "%(hold)s"

[[rule]]
name = "two-persons"
match = { verb = ["DROP", "TRUNCATE"], object = ["*pair_*"] }
action = "approve"
approvers = ["dba", "lead"]
approvals = 2
hold = "%(hold)s"

[[rule]]
name = "again"
match = { verb = ["UPDATE"], object = ["*often_*"] }
action = "approve"
approvers = ["dba"]
again = "30m"
hold = "%(hold)s"

[[rule]]
name = "soon-over"
match = { verb = ["TRUNCATE"], object = ["*brief_*"] }
action = "approve"
approvers = ["dba"]
hold = "%(hold)s"
timeout = "2s"

[[rule]]
name = "with-reason"
match = { verb = ["TRUNCATE"], object = ["*why_*"] }
action = "approve"
approvers = ["dba"]
needs_reason = true
hold = "%(hold)s"

[[rule]]
name = "escalating"
match = { verb = ["TRUNCATE"], object = ["*late_*"] }
action = "approve"
approvers = ["dba"]
escalate = { after = "3s", to = ["lead"] }
hold = "%(hold)s"

[[rule]]
name = "destructive"
use = "sql/destructive"
action = "approve"
approvers = ["dba"]
hold = "%(hold)s"
"""


class Case(world.Case):
    settings = {"hold": "1s", "policy": RULES}

    @classmethod
    def setUpClass(cls):
        if psycopg is None:
            raise world.unittest.SkipTest("python3-psycopg is not installed")
        super().setUpClass()
        text = open(cls.gate.config).read()
        for name, mail in MAILS.items():
            text = text.replace(f'name = "{name}"\n', f'name = "{name}"\nemail = "{mail}"\n', 1)
        open(cls.gate.config, "w").write(text)
        cls.gate.run("reload")
        cls.config_text = text

    def tearDown(self):
        super().tearDown()
        # One identity may have a hundred open.
        for one in self.gate.run("approvals"):
            self.gate.run("revoke", one["id"], ok=False)

    def connect(self, user="agent", **more):
        return super().connect(user=user, tls=False, autocommit=True, **more)

    def make(self, table, schema="public"):
        """A table of app's with ten rows."""
        table = f"{schema}.{table}"
        self.cluster.sql(f"CREATE SCHEMA IF NOT EXISTS {schema}; DROP TABLE IF EXISTS {table}; CREATE TABLE {table}(id int);"
                         f"ALTER TABLE {table} OWNER TO app; GRANT ALL ON SCHEMA {schema} TO app;"
                         f"INSERT INTO {table} SELECT generate_series(1, 10)", database="shop")
        return table.removeprefix("public.")

    def count(self, table):
        return int(self.cluster.sql(f"SELECT count(*) FROM {table}", database="shop"))

    def detail(self, conn, sql, params=None):
        """What the refusal tells a program."""
        with self.assertRaises(errors.InsufficientPrivilege) as caught:
            conn.execute(sql, params)
        return caught.exception.diag.message_detail or ""

    def pending(self, conn, sql, params=None):
        """Runs into the end of `hold`; returns the approval's id."""
        detail = self.detail(conn, sql, params)
        self.assertIn("state=pending", detail)
        return re.search(r"approval=(\w+)", detail)[1]

    def yes(self, one, who="dana", *more):
        return self.gate.run("approve", one, *more, as_user=who)

    def refused(self, *args, who=None):
        """The refusal's text of a command that must not count."""
        done = self.gate.run(*args, as_user=who, ok=False)
        self.assertEqual(1, done.returncode, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def approval(self, one):
        return next(a for a in self.gate.run("approvals", "--all") if a["id"] == one)
