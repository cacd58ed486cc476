"""What the tests of made and fetched credentials share: a role that makes roles, and targets that use it."""

import process
import world

MINTER_PASSWORD = "word of the minter Xk2p9"
HOSTILE = "word that stands nowhere"


def minted(name, port, more="", lease="1h", lease_max="24h", database="shop", user="minter", password="minter"):
    return f"""
[[target]]
name = "{name}"
protocol = "postgresql"
address = "127.0.0.1:{port}"
tls = "off"
database = "{database}"
allow = ["agents", "dba"]
default = "allow"
[target.logins.app.credential]
kind = "postgresql-role"
user = "{user}"
password = "file:secrets/{password}"
owner = "app"
lease = "{lease}"
lease_max = "{lease_max}"
{more}
"""


class Case(world.Case):
    """One gateway a class; `more_targets` is asked for its further targets once the cluster is there."""

    @classmethod
    def more_targets(cls):
        return ""

    @classmethod
    def setUpClass(cls):
        if world.clusters.programs() is None:
            raise world.unittest.SkipTest("no PostgreSQL server programs under /usr/lib/postgresql")
        make_minter(world.cluster())
        cls.settings = cls.settings | {"targets": cls.more_targets()}
        cls.gate = world.gateways.Gateway(world.cluster(), **cls.settings)
        cls.addClassCleanup(lambda: cls.gate.remove())
        cls.gate.secret("minter", MINTER_PASSWORD)
        cls.prepare()
        cls.gate.start()
        cls.cluster = world.cluster()

    @classmethod
    def prepare(cls):
        """Before the start."""

    def roles(self, like="sp_%"):
        """The minted roles that are there."""
        found = self.cluster.sql(f"SELECT rolname FROM pg_roles WHERE rolname LIKE '{like}' ORDER BY 1")
        return found.split("\n") if found else []

    def no_roles(self, what, like="sp_%"):
        process.until(lambda: not self.roles(like), what)

    def session_user(self, **where):
        return self.good_psql("SELECT session_user", **where)

    def leases(self):
        return self.gate.run("status")["credentials"]


def make_minter(cluster):
    """Not a superuser: what the documents say is all that it may do."""
    cluster.sql("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'minter') THEN "
                f"CREATE ROLE minter LOGIN CREATEROLE PASSWORD '{MINTER_PASSWORD}'; GRANT app TO minter; END IF; END $$")
