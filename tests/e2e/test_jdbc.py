"""pgjdbc through the gateway: programs of tests/e2e/jdbc print what they saw, and must see the same as directly."""

import glob
import os
import shutil
import subprocess
import tempfile

import tap
import world
from twins import Twins

DRIVER = "/usr/share/java/postgresql.jar"
SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "jdbc")
FRESH = """
DROP TABLE IF EXISTS twin; DROP TYPE IF EXISTS twin_mood, twin_pair CASCADE; DROP DOMAIN IF EXISTS twin_small;
CREATE TYPE twin_mood AS ENUM ('sad', 'happy'); CREATE TYPE twin_pair AS (a int, b text);
CREATE DOMAIN twin_small AS int CHECK (value < 10);
CREATE TABLE twin(id serial PRIMARY KEY, word text NOT NULL, amount int DEFAULT 0, mood twin_mood, customer int REFERENCES customers);
CREATE INDEX ON twin(word, amount DESC); COMMENT ON COLUMN twin.word IS 'a word'; ALTER TABLE twin OWNER TO app;
"""
COPIED = "DROP TABLE IF EXISTS twin; CREATE TABLE twin(id int, word text, amount int); ALTER TABLE twin OWNER TO app;"
BINARY = "prepareThreshold=-1"  # the driver asks for binary from the first execution on


class Jdbc(Twins):
    fresh = FRESH

    @classmethod
    def setUpClass(cls):
        if not shutil.which("java") or not shutil.which("javac"):
            raise world.unittest.SkipTest("no Java compiler: default-jdk-headless is not installed")
        if not os.path.exists(DRIVER):
            raise world.unittest.SkipTest("libpostgresql-jdbc-java is not installed")
        super().setUpClass()
        cls.classes = tempfile.mkdtemp(prefix="sallyport-e2e-jdbc-")
        cls.addClassCleanup(shutil.rmtree, cls.classes, True)
        done = subprocess.run(["javac", "-d", cls.classes, "-cp", DRIVER, *glob.glob(SOURCES + "/*.java")], capture_output=True,
                              text=True, timeout=300)
        assert done.returncode == 0, done.stderr

    def java(self, way, name, *more):
        """Runs Main; the completed process."""
        if way.ca:
            more = ("sslmode=verify-full", "sslrootcert=" + way.ca, *more)
        else:
            more = ("sslmode=disable", *more)
        env = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        return subprocess.run(["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", self.classes + ":" + DRIVER, "Main", *name.split("."),
                               f"jdbc:postgresql://localhost:{way.port}/shop", *more], capture_output=True, text=True, timeout=400,
                              env=env | {"PGUSER": way.user, "PGPASSWORD": way.password, "TZ": "Asia/Kolkata", "LC_ALL": "C.UTF-8"})

    def program(self, name, *more):
        def run(way):
            done = self.java(way, name, *more)
            self.assertEqual(0, done.returncode, f"at {way.name}: {done.stderr}\n{done.stdout}")
            return done.stdout.splitlines()

        return run

    def test_types(self):
        """every common type, by text first and in binary once the driver has prepared"""
        seen = self.same(self.program("Queries.types"), at=["raw+tls"])
        self.same(self.program("Queries.types", BINARY), at=["raw"])
        self.assertGreater(len(seen), 45)

    def test_parameters(self):
        """parameters of every common type, text and binary, before and after server-side prepare"""
        self.same(self.program("Queries.parameters"), at=["raw+tls"])
        self.same(self.program("Queries.parameters", BINARY), at=["raw"])

    def test_batches(self):
        """addBatch and executeBatch, with an error in the middle, in a transaction and without, and rewritten"""
        self.assertTrue(self.same(self.program("Queries.batches")))
        self.same(self.program("Queries.batches", "reWriteBatchedInserts=true", BINARY), at=["raw"])

    def test_fetching(self):
        """setFetchSize with autocommit off: portals are suspended, several are open, one is left half read"""
        self.same(self.program("Queries.fetching"))
        self.same(self.program("Queries.fetching", BINARY), at=["raw"])

    def test_keys(self):
        """getGeneratedKeys of one row and of a batch, and result sets that can be updated"""
        self.same(self.program("Queries.keys"))

    def test_transactions(self):
        """isolation, savepoints, read only, an error in a block, autosave"""
        self.same(self.program("Queries.transactions"))

    def test_errors(self):
        """errors with every field, warnings, several results of one text, calls, a plan whose result changed, DEALLOCATE ALL"""
        self.same(self.program("Queries.errors"))

    def test_modes(self):
        """preferQueryMode simple, extendedForPrepared and extendedCacheEverything"""
        for mode in ("simple", "extendedForPrepared", "extendedCacheEverything"):
            for name in ("Queries.errors", "Queries.batches", "Queries.keys"):
                self.same(self.program(name, "preferQueryMode=" + mode), at=["raw"])

    def test_copies(self):
        """CopyManager both ways in every format, piecewise, cancelled, with errors"""
        self.fresh = COPIED
        self.same(self.program("Streams.copies"))

    def test_cancels(self):
        """cancel by another thread, by a time limit, of simple and prepared statements; the session lives on"""
        self.same(self.program("Streams.cancels"))

    def test_notifications(self):
        """LISTEN, NOTIFY, getNotifications"""
        seen = self.same(self.program("Streams.notifications"))
        self.assertEqual(["heard: twins to oneself", "heard: twins from another"], seen[:2])

    def test_big(self):
        """900 kB in and 8 MB out in one row, byte-exact, text and binary"""
        self.same(self.program("Streams.big"))

    def test_metadata(self):
        """DatabaseMetaData and ResultSetMetaData as tools ask them"""
        self.assertGreater(len(self.same(self.program("Catalogue.tables"))), 50)
        self.same(lambda way: sorted(self.program("Catalogue.types")(way)))  # the driver's query leaves the order open

    def test_function_call(self):
        """a FunctionCall (large objects) is refused with an error that says so; the session lives on"""
        lines = self.run_at("raw", self.program("Streams.objects"))
        self.assertRegex(lines[0], "^object: 0A000 .*[Ff]unction")
        self.assertEqual("still: here", lines[-1])

    def test_unreadable(self):
        """what no grammar reads is refused with the server's own code"""
        lines = self.run_at("raw", self.program("Queries.unreadable"))
        self.assertEqual(["42601", "42601", "here"], [lines[0].split()[1], lines[2].split()[1], lines[-1].split()[1]])

    def test_tls(self):
        """verify-full accepts the gateway's certificate, and refuses it by another CA or another name"""
        self.assertEqual(0, self.java(self.way("raw+tls"), "Queries.transactions").returncode)
        wrong = self.java(self.way("raw"), "Queries.transactions", "sslmode=verify-full", f"sslrootcert={self.cluster.folder}/target-ca.crt")
        self.assertNotEqual(0, wrong.returncode)
        self.assertIn("PKIX path", wrong.stderr)
        self.assertEqual(0, self.java(self.way("raw"), "Queries.transactions", "sslmode=require").returncode)

    def test_masked(self):
        """a masked target: nothing fails to be decoded in text or binary, nothing leaks, batches, keys and metadata work"""
        for more in ((), (BINARY,)):
            lines = self.run_at("shop", self.program("Masked.rows", *more))
            self.assertIn("decoded: 800", lines)
            self.assertIn("batch: 300", lines)
            self.assertIn("keys: 45150", lines)
            self.assertIn("still: here", lines)
            self.assertFalse([line for line in lines if line.startswith("leak")])

    def test_denied(self):
        """a denied statement is 42501 and names its rule, however it comes"""
        lines = self.run_at("shop", self.program("Masked.denied"))
        self.assertEqual(16, len([line for line in lines if " 42501 " in line and "no-effects-delete" in line]))
        self.assertEqual("still: here", lines[-1])


if __name__ == "__main__":
    tap.main()
