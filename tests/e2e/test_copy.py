"""COPY to and from the client: stock clients both ways in every format, and what goes wrong in the middle."""

import os
import struct
import subprocess
import tempfile
import threading

import process
import tap
import wireclient
import world
from wireclient import SYNC, message, query, run

try:
    import psycopg
    from psycopg import errors
except ImportError:
    psycopg = None

MIB = 1024 if tap.FULL else 100
RSS_MAX_MIB = 300
FORMATS = ("format text", "format csv", "format csv, header, delimiter ';', null 'nil', quote '''', escape '|'", "format binary",
           "format text, delimiter '|', null 'none'")
POLICY = """
[[rule]]
name = "no-copy-in"
targets = ["raw"]
match = { verb = ["COPY"], "field.writes" = ["*closed"] }
action = "deny"

[[rule]]
name = "ask-copy"
targets = ["raw"]
match = { verb = ["COPY"], object = ["*asked"] }
action = "approve"
approvers = ["dba"]
hold = "60s"
timeout = "10m"

[[mask]]
name = "pii"
targets = ["shop"]
fields = ["customers.email"]
action = "redact"
computed = "content"
"""
ODD = r"""
CREATE TABLE odd(id int, word text, more text[], at timestamp, raw bytea, number numeric, whole jsonb);
INSERT INTO odd VALUES (1, E'tab\t newline\n backslash\\ quote" and ''', '{a,"b,c",NULL}', '2001-02-03', '\x00ff', 1.50, '{"a": "b\\n"}'),
 (2, NULL, NULL, NULL, NULL, NULL, NULL), (3, '', '{}', 'infinity', '', 'NaN', '[]'), (4, E'\\.', '{"\\."}', NULL, NULL, 0, '1'),
 (5, E'é ü 漢 \r\n, ; |', NULL, NULL, NULL, -7, 'null');
INSERT INTO odd SELECT i, repeat(md5(i::text), i % 50), ARRAY[i::text], now(), decode(md5(i::text), 'hex'), i / 7.0, to_jsonb(i)
 FROM generate_series(6, 2000) i;
CREATE TABLE copied(LIKE odd); CREATE TABLE closed(a int); CREATE TABLE asked(a int); CREATE TABLE few(a int, b text);
ALTER TABLE odd OWNER TO app; ALTER TABLE copied OWNER TO app; ALTER TABLE closed OWNER TO app; ALTER TABLE asked OWNER TO app;
ALTER TABLE few OWNER TO app;
"""


class Direct(wireclient.WireClient):
    """The server itself, by the login that the gateway has."""

    def __init__(self, port):
        super().__init__(port, login=False)
        body = struct.pack("!I", 196608) + b"user\0app\0database\0shop\0\0"
        self.send(struct.pack("!I", len(body) + 4) + body)
        self._scram(world.clusters.PASSWORD)
        self.greeting = self.until("Z")


class Copy(world.Case):
    settings = {"policy": POLICY}

    @classmethod
    def setUpClass(cls):
        if psycopg is None:
            raise world.unittest.SkipTest("python3-psycopg is not installed")
        super().setUpClass()
        cls.cluster.sql(ODD, database="shop")
        cls.folder = tempfile.mkdtemp(prefix="sallyport-copy-")
        cls.addClassCleanup(lambda: subprocess.run(["rm", "-rf", cls.folder], check=True))

    def setUp(self):
        self.cluster.sql("TRUNCATE copied, closed, asked, few", database="shop")

    def direct(self):
        return self.environment() | {"PGSSLMODE": "disable", "PGPORT": str(self.cluster.port), "PGUSER": "app",
                                     "PGPASSWORD": world.clusters.PASSWORD}

    def connect(self, target="raw", **more):
        return super().connect(target, tls=False, **({"autocommit": True} | more))

    def count(self, table):
        return int(self.cluster.sql(f"SELECT count(*) FROM {table}", database="shop"))

    def copied(self, what, env):
        """Digest and size of what \\copy writes."""
        return self.digest(["psql", "-Xq", "-c", f"\\copy {what} to pstdout"], env)

    def test_formats(self):
        """psql's \\copy out and in, in every format: the same bytes as directly"""
        for options in FORMATS:
            for tls in (True, False):
                path = f"{self.folder}/data"
                env = self.environment(target="raw", tls=tls)
                self.good_psql(f"\\copy odd to '{path}' ({options})\n\\copy copied from '{path}' ({options})", env=env)
                with open(path, "rb") as file:
                    got = file.read()
                self.good_psql(f"\\copy odd to '{path}' ({options})", env=self.direct())
                with open(path, "rb") as file:
                    self.assertEqual(file.read(), got, options)
                differ = "SELECT count(*) FROM (TABLE odd EXCEPT ALL TABLE copied) x"
                self.assertEqual("0", self.cluster.sql(differ, database="shop"), options)
                self.assertEqual(2000, self.count("copied"))
                self.cluster.sql("TRUNCATE copied", database="shop")
        self.assertEqual(self.copied("(SELECT * FROM odd WHERE id < 9) ", self.direct()),
                         self.copied("(SELECT * FROM odd WHERE id < 9) ", self.environment(target="raw")))

    def test_several(self):
        """COPY among other statements of one text, in a block, by name"""
        out = self.good_psql("COPY (SELECT 1) TO STDOUT\\; SELECT 2\\; COPY few FROM STDIN\\; COPY few TO STDOUT;\n7\tx\n\\.\nSELECT 3;",
                             target="raw")
        self.assertEqual("1\n2\n7\tx\n3", out)
        out = self.good_psql("BEGIN;\nCOPY few FROM STDIN;\n8\ty\n\\.\nROLLBACK;\nCOPY few TO STDOUT;", target="raw")
        self.assertEqual("7\tx", out)

    def test_driver(self):
        """psycopg's copy: rows in and out, text and binary, parameters, blocks of any size"""
        conn = self.connect()
        rows = [(i, None if i % 7 == 0 else f"w\t{i}\\") for i in range(5000)]
        with conn.cursor().copy("COPY few FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        with conn.cursor().copy("COPY (SELECT a, b FROM few ORDER BY a) TO STDOUT") as copy:
            copy.set_types(["int4", "text"])
            self.assertEqual(rows, list(copy.rows()))
        with conn.cursor().copy("COPY (SELECT a, b FROM few WHERE a < %s ORDER BY a) TO STDOUT (FORMAT binary)", (3000,)) as copy:
            copy.set_types(["int4", "text"])
            self.assertEqual(rows[:3000], list(copy.rows()))
        with conn.cursor().copy("COPY few FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["int4", "text"])
            for row in rows:
                copy.write_row(row)
        self.assertEqual(10000, self.count("few"))
        with conn.cursor().copy("COPY few FROM STDIN") as copy:
            copy.write("9\t" + "x" * (3 << 20) + "\n")
        self.assertEqual((3 << 20,), conn.execute("SELECT max(length(b)) FROM few").fetchone())

    def test_failures(self):
        """errors in the middle: bad data, the client's own, a trigger's; the session lives on"""
        conn = self.connect()
        with self.assertRaises(errors.InvalidTextRepresentation), conn.cursor().copy("COPY few FROM STDIN") as copy:
            for _ in range(1000):
                copy.write("x\ty\n" * 100)
        with self.assertRaises((ZeroDivisionError, errors.QueryCanceled)), conn.cursor().copy("COPY few FROM STDIN") as copy:
            copy.write("1\ty\n")
            raise ZeroDivisionError
        with self.assertRaises(errors.UndefinedTable), conn.cursor().copy("COPY nothing FROM STDIN") as copy:
            copy.write("1\ty\n")
        with self.assertRaises(errors.DivisionByZero), conn.cursor().copy("COPY (SELECT 1/(5000 - i) FROM generate_series(1, 9000) i) "
                                                                          "TO STDOUT") as copy:
            for _ in copy:
                pass
        self.assertEqual((0,), conn.execute("SELECT count(*) FROM few").fetchone())
        self.assertIn("after", self.psql("\\copy few from program 'echo x'\nSELECT 'after';", target="raw").stdout)

    def test_reasons(self):
        """COPY that cannot be masked is refused with what is in its way, and what to do"""
        for text, why in (("COPY customers TO STDOUT (FORMAT xml)", 'its option "format"'),
                          ("COPY customers TO STDOUT (FORMAT csv, FORCE_NULL (email))", 'its option "force_null"'),
                          ("COPY customers TO STDOUT (FORMAT csv, DELIMITER 'x')", "delimiter, quote or escape .* Choose another"),
                          ("COPY customers TO STDOUT (FORMAT csv, QUOTE '*')", "delimiter, quote or escape"),
                          ("SELECT 1\\; COPY customers TO STDOUT;", "among other statements of one text.* Send the COPY alone"),
                          ("COPY customers TO STDOUT (ENCODING 'LATIN1')", "UTF8 alone"),
                          ("\\lo_import /dev/null", r'permit = \["function-call"\]; not where values are masked')):
            done = self.psql(text, "-v", "VERBOSITY=verbose")
            self.assertRegex(" ".join(done.stderr.split()), r"0A000: .*" + why, text)
            self.assertEqual("", done.stdout, text)

    def answers(self, connect, count, *parts):
        """Kinds of the messages up to the `count`th ReadyForQuery, or to the end when count is 0."""
        wire = connect()
        try:
            wire.send(*parts)
            seen = wire.until("Z", count) if count else wire.until("end")
            return "".join(kind for kind, _ in seen if kind not in "NS").replace("EE", "E")  # FATAL behind ERROR
        finally:
            wire.close()

    def test_extended(self):
        """the extended protocol's orders, sent at once: the server's own answers"""
        data, done, fail = message("d", b"1\tx\n"), message("c"), message("f", b"no\0")
        bad = message("d", b"x\ty\n")
        copy = run("COPY few FROM STDIN")
        for parts, kinds, rows in (
                ([copy, data, done, SYNC], "12GCZ", 1),
                ([copy, SYNC, data, message("H"), data, done, SYNC], "12GCZ", 2),
                ([copy, data, done, run("SELECT 1"), SYNC], "12GC12DCZ", 1),
                ([copy, data, fail, run("SELECT 1"), SYNC, query("SELECT 1")], "12GEZTDCZ", 0),
                ([copy, bad, data, done, run("SELECT 1"), SYNC, query("SELECT 1")], "12GEZTDCZ", 0),
                ([run("COPY nothing FROM STDIN"), SYNC, data, done, SYNC, query("SELECT 1")], "12EZZTDCZ", 0),
                ([query("COPY few FROM STDIN"), data, done, query("SELECT 1")], "GCZTDCZ", 1),
                ([query("COPY few FROM STDIN; SELECT 1; COPY few FROM STDIN"), data, done, data, done], "GCTDCGCZ", 2),
                ([query("COPY few FROM STDIN"), data, query("SELECT 1")], "GEend", 0),
                ([run("COPY (SELECT 1) TO STDOUT"), SYNC], "12HdcCZ", 0)):
            for connect in (lambda: Direct(self.cluster.port), lambda: wireclient.WireClient(self.gate.port, target="raw")):
                self.assertEqual(kinds, self.answers(connect, kinds.count("Z"), *parts), parts)
                process.until(lambda: self.count("few") == rows, f"{rows} rows after {parts}", timeout=30)
                self.cluster.sql("TRUNCATE few", database="shop")

    def test_cancel(self):
        """a cancel in the middle, of COPY in and of COPY out"""
        conn = self.connect()
        with self.assertRaises(errors.QueryCanceled), conn.cursor().copy("COPY (SELECT repeat('x', 9000), pg_sleep(0.01) FROM "
                                                                         "generate_series(1, 100000) i) TO STDOUT") as copy:
            next(iter(copy))
            conn.cancel()
            for _ in copy:
                pass
        self.assertEqual((1,), conn.execute("SELECT 1").fetchone())
        with self.assertRaises(errors.QueryCanceled), conn.cursor().copy("COPY few FROM STDIN") as copy:
            copy.write("1\tx\n")
            cancelled = threading.Thread(target=conn.cancel)
            cancelled.start()
            cancelled.join()
            for _ in range(200):
                copy.write("2\ty\n" * 1000)
        self.assertEqual((0,), conn.execute("SELECT count(*) FROM few").fetchone())

    def test_ends(self):
        """the client goes in the middle: nothing is stored; the target goes: the client is told"""
        wire = wireclient.WireClient(self.gate.port, target="raw")
        wire.send(query("COPY few FROM STDIN"), message("d", b"1\tx\n"))
        wire.until("G")
        wire.close()
        idle = "SELECT count(*) = 0 FROM pg_stat_activity WHERE query LIKE 'COPY few%' AND state = 'active'"
        process.until(lambda: self.cluster.sql(idle, database="shop") == "t", "the COPY's end")
        self.assertEqual(0, self.count("few"))
        conn = self.connect()
        pid = conn.execute("SELECT pg_backend_pid()").fetchone()[0]
        with self.assertRaises(psycopg.OperationalError), conn.cursor().copy("COPY few FROM STDIN") as copy:
            copy.write("1\tx\n")
            self.cluster.sql(f"SELECT pg_terminate_backend({pid})")
            for _ in range(2000):
                copy.write("2\ty\n" * 1000)
        self.assertEqual(0, self.count("few"))

    def test_large(self):
        """a large COPY each way, masked and not: the same bytes, bounded memory, and a bounded record"""
        self.cluster.sql(f"CREATE UNLOGGED TABLE big AS SELECT i, repeat(md5(i::text), 32) word FROM generate_series(1, {MIB * 1024}) i;"
                         "CREATE UNLOGGED TABLE big2(LIKE big); ALTER TABLE big OWNER TO app; ALTER TABLE big2 OWNER TO app;",
                         database="shop")
        direct = self.copied("big", self.direct())
        self.assertGreater(direct[1], MIB << 20)
        for target in ("raw", "shop"):
            self.copy_each_way(direct, self.environment(target=target, tls=False))
        self.cluster.sql("DROP TABLE big, big2", database="shop")

    def copy_each_way(self, direct, env):
        """big out and into big2 by `env`, the same as `direct`"""
        size = lambda: sum(os.path.getsize(os.path.join(self.gate.log_dir, name)) for name in os.listdir(self.gate.log_dir))
        before = size()
        self.assertEqual(direct, self.copied("big", env))
        self.cluster.sql("TRUNCATE big2", database="shop")
        source = process.start(["psql", "-Xq", "-c", "\\copy big to pstdout"], stdout=subprocess.PIPE, env=self.direct())
        self.addCleanup(process.stop, source, 9)
        sink = subprocess.run(["psql", "-Xq", "-c", "\\copy big2 from pstdin"], stdin=source.stdout, capture_output=True, text=True,
                              env=env, timeout=1500)
        self.assertEqual(0, sink.returncode, sink.stderr)
        self.assertEqual(0, source.wait())
        self.assertEqual(direct, self.copied("big2", self.direct()))
        print(f"# {direct[1] >> 20} MiB each way, peak RSS of the gateway {self.peak_mib()} MiB, log {(size() - before) >> 20} MiB")
        self.assertLess(self.peak_mib(), RSS_MAX_MIB)

    def test_judged(self):
        """COPY is denied and approved as any statement; denied data go nowhere"""
        conn = self.connect()
        with self.assertRaises(errors.InsufficientPrivilege), conn.cursor().copy("COPY closed FROM STDIN") as copy:
            copy.write("1\n")
        with conn.cursor().copy("COPY closed TO STDOUT") as copy:
            self.assertEqual([], list(copy))
        with self.assertRaises(errors.InsufficientPrivilege), conn.cursor().copy("COPY public.closed FROM STDIN (FORMAT csv)") as copy:
            copy.write("1\n")
        self.assertEqual(0, self.count("closed"))

        def approve():
            self.gate.run("approve", self.gate.wait_approval("COPY asked")["id"], as_user="dana")

        person = threading.Thread(target=approve)
        person.start()
        with conn.cursor().copy("COPY asked FROM STDIN") as copy:
            copy.write("1\n2\n")
        person.join()
        self.assertEqual(2, self.count("asked"))

    def test_record(self):
        """the data of COPY FROM STDIN stand on the record before they are sent, in part"""
        self.good_psql("COPY few FROM STDIN;\n77\tput on record\n\\.\n", target="raw")
        process.until(lambda: any("put on record" in one["payload"] for one in self.gate.records("Note")), "the record")


if __name__ == "__main__":
    tap.main()
