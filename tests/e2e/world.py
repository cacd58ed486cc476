"""A cluster and a gateway that all cases of a test program share, and stock clients to use them with."""

import atexit
import hashlib
import os
import re
import shutil
import subprocess
import unittest

import cluster as clusters
import gateway as gateways
import process
from gateway import SECRETS

_shared = {}


def cluster():
    """The program's cluster, made when first asked for."""
    if "cluster" not in _shared:
        if not clusters.programs():
            raise unittest.SkipTest("no PostgreSQL server programs under /usr/lib/postgresql")
        _shared["cluster"] = clusters.Cluster()
        atexit.register(_shared["cluster"].remove)
    return _shared["cluster"]


def gateway(**settings):
    """A started gateway before the program's cluster; the caller removes it."""
    made = gateways.Gateway(cluster(), **settings)
    try:
        return made.start()
    except BaseException:
        made.remove()
        raise


class Case(unittest.TestCase):
    """Cases with one gateway a class."""

    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.gate = gateway(**cls.settings)
        cls.addClassCleanup(lambda: cls.gate.remove())
        cls.cluster = cluster()

    def tearDown(self):
        # A gateway that died fails the case that killed it.
        self.assertIsNone(self.gate.process.poll(), "the gateway has ended:\n" + self.gate.said())

    def environment(self, user="agent", target="shop", database="shop", tls=True, port=None):
        """libpq's variables for `user` at `target`."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        kept |= {"PGHOST": "localhost", "PGHOSTADDR": "127.0.0.1", "PGPORT": str(port or self.gate.port),
                 "PGUSER": f"{user},{target}", "PGPASSWORD": SECRETS.get(user, "none"), "PGCONNECT_TIMEOUT": "30",
                 "PGSSLMODE": "verify-full" if tls else "disable", "PGSSLROOTCERT": self.gate.folder + "/tls/ca.crt",
                 "PSQLRC": "/dev/null", "PSQL_HISTORY": "/dev/null", "LC_ALL": "C.UTF-8", "PAGER": "cat", "TERM": "dumb"}
        return kept | ({"PGDATABASE": database} if database else {})

    def psql(self, sql, *args, timeout=240, env=None, **where):
        """Runs `sql` in psql; the completed process with text output."""
        return subprocess.run(["psql", "-Xq", *args], input=sql, capture_output=True, text=True, timeout=timeout,
                              env=env or self.environment(**where))

    def good_psql(self, sql, *args, **where):
        """The output of a psql that must succeed."""
        done = self.psql(sql, "-tA", "-v", "ON_ERROR_STOP=1", *args, **where)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout.rstrip("\n")

    def connect(self, target="shop", user="agent", tls=True, **more):
        """A psycopg connection, closed with the case."""
        import psycopg  # the cases that call this are skipped where it is not installed
        env = self.environment(user=user, target=target, tls=tls)
        conn = psycopg.connect(host=env["PGHOST"], hostaddr=env["PGHOSTADDR"], port=env["PGPORT"], user=env["PGUSER"],
                               password=env["PGPASSWORD"], dbname="shop", sslmode=env["PGSSLMODE"],
                               sslrootcert=env["PGSSLROOTCERT"], **({"connect_timeout": 60} | more))
        self.addCleanup(conn.close)
        return conn

    def digest(self, args, env):
        """SHA-256 and size of what a program writes to its standard output."""
        child = process.start(args, stdout=subprocess.PIPE, env=env)
        self.addCleanup(process.stop, child, 9)
        total, size = hashlib.sha256(), 0
        while block := child.stdout.read(1 << 20):
            total.update(block)
            size += len(block)
        self.assertEqual(0, child.wait())
        return total.hexdigest(), size

    def peak_mib(self):
        """The most memory that the gateway has held."""
        with open(f"/proc/{self.gate.process.pid}/status") as file:
            return int(re.search(r"VmHWM:\s+(\d+)", file.read())[1]) // 1024

    def pgbench(self, *args, timeout=900, **where):
        program = shutil.which("pgbench") or clusters.programs() + "/pgbench"
        return subprocess.run([program, *args], capture_output=True, text=True, timeout=timeout,
                              env=self.environment(**where))

    def spawn(self, sql, *args, **where):
        """psql as a running process; its output is read with communicate()."""
        child = process.start(["psql", "-XqtA", *args, "-c", sql], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, env=self.environment(**where))
        self.addCleanup(lambda: process.stop(child, 9))
        return child
