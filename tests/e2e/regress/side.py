"""One cluster with a regression database, and psql runs as pg_regress makes them."""

import os
import re
import shutil
import subprocess

import process
from cluster import PASSWORD, Cluster
from regress.source import sql_of

FILE_TIMEOUT = 400  # seconds; only ends a test that has failed
# What pg_regress sets for its database and its own server, and what makes plans the same from run to run.
_SETTINGS = """
max_prepared_transactions = 2
jit = off
autovacuum = off
"""
_DATABASE = """
CREATE DATABASE "%(name)s" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
ALTER DATABASE "%(name)s" SET lc_messages TO 'C';
ALTER DATABASE "%(name)s" SET lc_monetary TO 'C';
ALTER DATABASE "%(name)s" SET lc_numeric TO 'C';
ALTER DATABASE "%(name)s" SET lc_time TO 'C';
ALTER DATABASE "%(name)s" SET bytea_output TO 'hex';
ALTER DATABASE "%(name)s" SET timezone_abbreviations TO 'Default';
"""


class Side:
    """A cluster of its own and the way to it: `where` is directly there until somebody says otherwise."""

    def __init__(self, source):
        self.cluster = Cluster()
        try:
            self._prepare(source)
        except BaseException:
            self.cluster.remove()
            raise

    def _prepare(self, source):
        self.cluster.stop()
        with open(self.cluster.data + "/postgresql.conf", "a") as file:
            file.write(_SETTINGS)
        self.cluster.start()
        self.cluster.sql("ALTER ROLE postgres PASSWORD '%s'" % PASSWORD.replace("'", "''"))
        self.databases = set()
        # The server reads and writes these files too, and it runs as another user.
        self.folder = self.cluster.folder
        shutil.copytree(source.folder, self.folder + "/src")
        os.makedirs(self.folder + "/out/results")
        os.makedirs(self.folder + "/lib")
        # The tests look for the modules of contrib/spi beside their own.
        for library in (source.library, self.cluster.bin + "/../lib/autoinc.so", self.cluster.bin + "/../lib/refint.so"):
            shutil.copy(library, self.folder + "/lib")
        subprocess.run(["chmod", "-R", "a+rX", self.folder + "/src", self.folder + "/lib"], check=True)
        if os.geteuid() == 0:
            for path in ("/out", "/out/results"):
                shutil.chown(self.folder + path, "postgres", "postgres")
        self.where = {"PGPORT": str(self.cluster.port), "PGUSER": "postgres", "PGPASSWORD": PASSWORD}

    def environment(self, test):
        kept = {key: value for key, value in os.environ.items()
                if not key.startswith(("PG", "LC_")) and key not in ("LANG", "LANGUAGE")}
        return kept | self.where | {
            "PGHOST": "127.0.0.1", "PGSSLMODE": "disable", "PGAPPNAME": "pg_regress/" + test.name, "PGTZ": "America/Los_Angeles",
            "PGDATESTYLE": "Postgres, MDY", "PGOPTIONS": "-c intervalstyle=postgres_verbose", "LANG": "C", "LC_MESSAGES": "C",
            "PG_ABS_SRCDIR": f"{self.folder}/src/{test.folder}", "PG_ABS_BUILDDIR": self.folder + "/out", "PG_LIBDIR": self.folder + "/lib",
            "PG_DLSUFFIX": ".so", "HOME": self.folder}

    def run(self, test):
        """The output of a test's SQL as lines, the run's own folder taken out."""
        if test.database not in self.databases:
            self.cluster.sql(_DATABASE % {"name": test.database})
            self.databases.add(test.database)
        args = ["psql", "-X", "-a", "-q", "-d", test.database, "-v", "HIDE_TABLEAM=on", "-v", "HIDE_TOAST_COMPRESSION=on"]
        output = f"{self.folder}/psql.out"
        with open(sql_of(self.folder + "/src", test)) as sql, open(output, "wb") as out:
            child = process.start(args, user="postgres", stdin=sql, stdout=out, stderr=subprocess.STDOUT,
                                  cwd=f"{self.folder}/src/{test.folder}", env=self.environment(test))
            try:
                child.wait(FILE_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.stop(child, 9)
                out.write(b"\nthe test did not end\n")
        with open(output, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read().replace(self.folder, "FOLDER").split("\n")

    def statements(self):
        """How many statements the server has run for the tests."""
        return len(re.findall(r"(?m)^\d+ pg_regress/\S+: LOG:  (?:statement|execute)", self.cluster.logged()))

    def remove(self):
        self.cluster.remove()
