"""What only a login with `permit` may do: FunctionCall with large objects, and replication with PostgreSQL's own tools."""

import ctypes
import ctypes.util
import glob
import hashlib
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import unittest

import gateway as gateways
import process
import tap
import world
from cluster import PASSWORD
from gateway import BIN
from wireclient import SYNC, WireClient, message, parse, query, run

FULL = os.environ.get("SALLYPORT_FULL", "0") == "1"
SEED = int(os.environ.get("SALLYPORT_SEED", random.randrange(1 << 32)))

LOGIN = '{ credential = { user = "%s", password = "file:secrets/app" }%s }'


def target(name, port, logins, extra=""):
    lines = [f"{key} = " + LOGIN % (user, f", permit = {permit}" if permit else "") for key, user, permit in logins]
    return (f'[[target]]\nname = "{name}"\nprotocol = "postgresql"\naddress = "127.0.0.1:{port}"\ntls = "off"\ndatabase = "shop"\n'
            f'allow = ["agents", "dba"]\ndefault = "allow"\nlogins = {{ {", ".join(lines)} }}\n{extra}\n')


# The targets that masks do not cover: each has a login that may and one that may not.
LOGINS = (("may", "app", '["function-call"]'), ("not", "app", ""), ("copies", "repl", '["replication"]'), ("none", "repl", ""))
RULES = """
[[rule]]
name = "no-calls"
targets = ["ruled"]
match = { verb = ["FUNCTION_CALL"], object = ["pg_catalog.lo_unlink"] }
action = "deny"

[[rule]]
name = "ask-first"
targets = ["ruled"]
use = "sql/escape"
action = "approve"
approvers = ["dba"]
hold = "60s"
timeout = "10m"
"""


def prepare(cluster):
    """A server that decodes its WAL, with a role for replication."""
    cluster.sql("ALTER SYSTEM SET wal_level = logical")
    cluster.sql(f"CREATE ROLE repl LOGIN REPLICATION PASSWORD '{PASSWORD.replace(chr(39), chr(39) * 2)}'")
    with open(cluster.data + "/pg_hba.conf", "a") as file:
        file.write("host replication repl 127.0.0.1/32 scram-sha-256\n")
    cluster.stop()
    cluster.start()


class Logins(world.Case):
    @classmethod
    def setUpClass(cls):
        cluster = world.cluster()
        if not cluster.sql("SELECT 1 FROM pg_roles WHERE rolname = 'repl'"):
            prepare(cluster)
        cls.settings = {"targets": target("lent", cluster.port, LOGINS) + target("ruled", cluster.port, LOGINS),
                        "policy": RULES}
        super().setUpClass()
        cls.bin = cluster.bin
        cls.folder = cls.gate.folder + "/out"
        os.makedirs(cls.folder)

    def asked(self, verb):
        """Records of requests with this verb, newest last."""
        return [one for one in self.gate.records("Request") if verb in one["verbs"]]

    def tool(self, *args, target, ok=True, timeout=300, **where):
        """One of PostgreSQL's programs for replication."""
        env = self.environment(target=target, **where)
        done = subprocess.run([f"{self.bin}/{args[0]}", *args[1:]], capture_output=True, text=True, timeout=timeout, env=env)
        if ok:
            self.assertEqual(0, done.returncode, done.stderr)
        return done


class Pq:
    """libpq's own calls, for what no program has."""

    class Arg(ctypes.Structure):
        _fields_ = [("len", ctypes.c_int), ("isint", ctypes.c_int), ("u", ctypes.c_void_p)]

    def __init__(self, env):
        name = ctypes.util.find_library("pq")
        if not name:
            raise unittest.SkipTest("no libpq")
        self.lib = ctypes.CDLL(name)
        for call in ("PQconnectdb", "PQexec", "PQfn"):
            getattr(self.lib, call).restype = ctypes.c_void_p
        for call in ("PQerrorMessage", "PQresultErrorField"):
            getattr(self.lib, call).restype = ctypes.c_char_p
        kept = {key: os.environ.get(key) for key in env}
        os.environ.update(env)
        try:
            self.conn = ctypes.c_void_p(self.lib.PQconnectdb(b""))
        finally:
            for key, value in kept.items():
                os.environ.pop(key) if value is None else os.environ.__setitem__(key, value)
        if self.lib.PQstatus(self.conn) != 0:
            raise AssertionError(self.error())

    def error(self):
        return self.lib.PQerrorMessage(self.conn).decode()

    def exec(self, sql):
        result = ctypes.c_void_p(self.lib.PQexec(self.conn, sql.encode()))
        status = self.lib.PQresultStatus(result)
        self.lib.PQclear(result)
        assert status in (1, 2), self.error()

    def fn(self, oid, *values):
        """PQfn with integers, and an integer as its result; None and the SQLSTATE where it fails."""
        args = (self.Arg * max(1, len(values)))()
        for i, value in enumerate(values):
            args[i].len, args[i].isint = 4, 1
            ctypes.memmove(ctypes.addressof(args[i]) + self.Arg.u.offset, ctypes.byref(ctypes.c_int(value)), 4)
        out, size = ctypes.c_int(), ctypes.c_int()
        result = ctypes.c_void_p(self.lib.PQfn(self.conn, oid, ctypes.byref(out), ctypes.byref(size), 1, args, len(values)))
        good = self.lib.PQresultStatus(result) == 1
        state = None if good else (self.lib.PQresultErrorField(result, ord("C")) or b"").decode()
        self.lib.PQclear(result)
        return (out.value, None) if good else (None, state)

    def close(self):
        self.lib.PQfinish(self.conn)


class Calls(Logins):
    def pq(self, target):
        made = Pq(self.environment(target=target))
        self.addCleanup(made.close)
        return made

    def test_libpq(self):
        """libpq's lo_ functions: what was written is read again, in pieces and at places"""
        pq = self.pq("may~lent")
        rng = random.Random(SEED)
        data = rng.randbytes(3 << 20)
        pq.exec("BEGIN")
        oid = pq.lib.lo_creat(pq.conn, 0x60000)
        self.assertGreater(oid, 0, pq.error())
        fd = pq.lib.lo_open(pq.conn, oid, 0x60000)
        self.assertGreaterEqual(fd, 0, pq.error())
        for at in range(0, len(data), 500_000):
            part = data[at:at + 500_000]
            self.assertEqual(len(part), pq.lib.lo_write(pq.conn, fd, part, ctypes.c_size_t(len(part))), pq.error())
        self.assertEqual(0, pq.lib.lo_lseek(pq.conn, fd, 0, 0))
        room = ctypes.create_string_buffer(len(data))
        self.assertEqual(len(data), pq.lib.lo_read(pq.conn, fd, room, ctypes.c_size_t(len(data))), pq.error())
        self.assertEqual(hashlib.sha256(data).digest(), hashlib.sha256(room.raw).digest())
        for _ in range(20):
            at, size = rng.randrange(len(data)), rng.randrange(5000)
            self.assertEqual(at, pq.lib.lo_lseek(pq.conn, fd, at, 0))
            self.assertEqual(at, pq.lib.lo_tell(pq.conn, fd))
            got = pq.lib.lo_read(pq.conn, fd, room, ctypes.c_size_t(size))
            self.assertEqual(data[at:at + size], room.raw[:got])
        self.assertEqual(0, pq.lib.lo_close(pq.conn, fd), pq.error())
        pq.exec("COMMIT")
        self.assertEqual("t", self.cluster.sql(f"SELECT sha256(lo_get({oid})) = '\\x{hashlib.sha256(data).hexdigest()}'", "shop"))
        self.assertEqual(1, pq.lib.lo_unlink(pq.conn, oid), pq.error())

    def test_pqfn(self):
        """PQfn: any function by its OID; errors as the server has them, and the session goes on behind them"""
        pq = self.pq("may~lent")
        self.assertEqual((7, None), pq.fn(177, 3, 4))  # int4pl
        self.assertEqual((None, "22012"), pq.fn(154, 1, 0))  # int4div
        self.assertEqual((None, "42883"), pq.fn(4000000000))
        pq.exec("SELECT 1")
        pq.exec("BEGIN")
        self.assertEqual((None, "22012"), pq.fn(154, 1, 0))
        self.assertEqual((None, "25P02"), pq.fn(177, 3, 4))
        pq.exec("ROLLBACK")
        self.assertEqual((12, None), pq.fn(177, 5, 7))

    def test_same_as_direct(self):
        """calls in extended segments, in failed ones and wrong ones: the same answers as the server itself gives"""
        call = lambda oid, *values: message("F", struct.pack("!IHHH", oid, 1, 1, len(values)) + b"".join(
            struct.pack("!Ii", 4, one) for one in values) + struct.pack("!H", 1))
        good, bad = call(177, 3, 4), call(154, 1, 0)
        texts = message("F", struct.pack("!IHH", 177, 0, 2) + b"\0\0\0\x013\0\0\0\x014" + struct.pack("!H", 0))
        null = message("F", struct.pack("!IHH", 177, 0, 2) + b"\0\0\0\x013\xff\xff\xff\xff" + struct.pack("!H", 0))
        cases = [((good,), 1), ((bad,), 1), ((texts,), 1), ((null,), 1), ((call(177, 1),), 1), ((call(2, 1),), 1),
                 ((run("SELECT 1"), good, run("SELECT 2"), SYNC), 2), ((run("SELECT 1/0"), good, bad, SYNC), 1),
                 ((run("BEGIN"), bad, good, query("ROLLBACK"), SYNC), 4), ((good, bad, good, query("SELECT 1")), 4),
                 ((parse("SELECT $1::int", "a"), good, run("SELECT 3"), SYNC), 2),
                 ((run("INSERT INTO effects(what) VALUES ('f')"), bad, query("SELECT count(*) FROM effects WHERE what = 'f'")), 2)]
        direct = [self.direct(parts, count) for parts, count in cases]
        for (parts, count), expected in zip(cases, direct):
            client = WireClient(self.gate.port, target="may~lent")
            client.send(*parts)
            self.assertEqual(expected, client.until("Z", count), parts)
            client.close()

    def direct(self, parts, count):
        """The server's own answer."""
        class Direct(WireClient):
            def __init__(self, folder, port):  # pylint: disable=super-init-not-called
                self.socket = socket.socket(socket.AF_UNIX)
                self.socket.settimeout(60)
                self.socket.connect(f"{folder}/.s.PGSQL.{port}")
                self.held = b""
                body = struct.pack("!I", 196608) + b"user\0postgres\0database\0shop\0client_encoding\0UTF8\0\0"
                self.send(struct.pack("!I", len(body) + 4) + body)
                self.until("Z")

        client = Direct(self.cluster.folder, self.cluster.port)
        client.send(*parts)
        try:
            return client.until("Z", count)
        finally:
            client.close()

    def test_psql(self):
        """psql's \\lo_import, \\lo_export, \\lo_unlink"""
        path, back = self.folder + "/in", self.folder + "/back"
        with open(path, "wb") as file:
            file.write(random.Random(SEED).randbytes(200_000))
        out = self.good_psql(f"\\lo_import {path}\n\\lo_export :LASTOID {back}\n\\echo :LASTOID\n", target="may~lent")
        oid = int(out.split()[-1])
        with open(path, "rb") as one, open(back, "rb") as other:
            self.assertEqual(one.read(), other.read())
        self.good_psql(f"\\lo_unlink {oid}", target="may~lent")
        done = self.psql(f"\\lo_import {path}\nSELECT 'alive'", "-tA", target="not~lent")
        self.assertIn("FunctionCall", done.stderr)
        self.assertIn("alive", done.stdout)

    def test_sql(self):
        """the functions on large objects in SQL go with it"""
        oid = self.good_psql("SELECT lo_from_bytea(0, 'large')", target="may~lent")
        self.assertEqual("large", self.good_psql(f"SELECT convert_from(lo_get({oid}), 'UTF8')", target="may~lent"))
        self.assertIn("not supported", self.psql(f"SELECT lo_get({oid})", target="not~lent").stderr)
        self.good_psql(f"SELECT lo_unlink({oid})", target="may~lent")

    def test_dump(self):
        """pg_dump and pg_restore with large objects"""
        oid = self.good_psql("SELECT lo_from_bytea(0, 'large')", target="may~lent")
        self.addCleanup(self.cluster.sql, f"SELECT lo_unlink({oid})", "shop")
        path = self.folder + "/dump"
        self.tool("pg_dump", "-Fc", "-b", "-T", "*", "-f", path, target="may~lent")
        self.cluster.sql(f"SELECT lo_unlink({oid})", "shop")
        self.tool("pg_restore", "-d", "shop", "-a", path, target="may~lent")
        self.assertEqual("large", self.cluster.sql(f"SELECT convert_from(lo_get({oid}), 'UTF8')", "shop"))

    def test_hba(self):
        """the pg_hba lines let each role in once, with replication where a login may, and out from everywhere else"""
        lines = self.gate.run("targets", "--test", "lent", as_user="agent")["pg_hba"]
        self.assertEqual([["host", "shop", "app", "127.0.0.1/32", "scram-sha-256"],
                          ["host", "shop,replication", "repl", "127.0.0.1/32", "scram-sha-256"],
                          ["local", "all,replication", "app", "reject"], ["local", "all,replication", "repl", "reject"],
                          ["host", "all,replication", "app", "all", "reject"],
                          ["host", "all,replication", "repl", "all", "reject"]], [line.split() for line in lines])

    def test_rules(self):
        """rules see the call: its verb, function and values; a held one is approved with them"""
        pq = self.pq("may~ruled")
        self.assertEqual((None, "42501"), pq.fn(964, 1))
        self.assertIn("no-calls", pq.error())
        child = process.start([sys.executable, "-c", "import test_logins, os\n"
                               "print(test_logins.Pq(dict(os.environ)).fn(177, 30, 4)[0])"],
                              stdout=subprocess.PIPE, text=True, cwd=os.path.dirname(os.path.abspath(__file__)),
                              env=self.environment(target="may~ruled") | {"PYTHONDONTWRITEBYTECODE": "1"})
        self.addCleanup(process.stop, child, signal.SIGKILL)
        approval = self.gate.wait_approval("FUNCTION_CALL oid:177")
        self.gate.run("approve", approval["id"], as_user="dana")
        self.assertEqual("34", child.communicate(timeout=120)[0].strip())
        self.assertTrue(self.asked("FUNCTION_CALL"))

    def test_refused(self):
        """without the permission: 0A000, the session lives, and nothing reaches the server"""
        pq = self.pq("not~lent")
        self.assertEqual((None, "0A000"), pq.fn(177, 3, 4))
        self.assertIn('permit = ["function-call"]', pq.error())
        pq.exec("SELECT 1")


class Copies(Logins):
    def slot(self, name):
        self.addCleanup(self.cluster.sql, f"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '{name}'")

    def test_basebackup(self):
        """pg_basebackup with its WAL: the backup verifies"""
        count = 3_000_000 if FULL else 100_000
        self.cluster.sql(f"CREATE TABLE big AS SELECT i, md5(i::text) FROM generate_series(1, {count}) i", "shop")
        self.addCleanup(self.cluster.sql, "DROP TABLE big", "shop")
        for name, more in (("plain", ("-X", "stream")), ("fetched", ("-X", "fetch", "-Ft", "-z"))):
            path = f"{self.folder}/{name}"
            self.tool("pg_basebackup", "-D", path, "-c", "fast", *more, target="copies~lent", database=None)
            if name == "plain":
                subprocess.run([self.bin + "/pg_verifybackup", path], check=True, capture_output=True)
            else:
                self.assertTrue(os.path.exists(path + "/base.tar.gz"))
        self.assertTrue(self.asked("BASE_BACKUP"))
        self.assertLess(self.peak_mib(), 400)
        print(f"# figure: base backup of {count} rows, gateway's peak {self.peak_mib()} MiB")

    def test_receivewal(self):
        """pg_receivewal: a segment comes as it lies at the server"""
        self.slot("made")
        for what in ("--create-slot", "--drop-slot"):
            self.tool("pg_receivewal", what, "--slot", "made", target="copies~lent")
        self.slot("wal")
        self.cluster.sql("SELECT pg_create_physical_replication_slot('wal', true)")
        path = self.folder + "/wal"
        os.makedirs(path)
        self.cluster.sql("SELECT pg_switch_wal()")
        name = self.cluster.sql("CREATE TABLE w AS SELECT generate_series(1, 20000) i; DROP TABLE w;"
                                "SELECT pg_walfile_name(pg_current_wal_lsn())")
        self.cluster.sql("SELECT pg_switch_wal()")
        reached = self.cluster.sql("CREATE TABLE w2(); DROP TABLE w2; SELECT pg_current_wal_lsn()")
        self.tool("pg_receivewal", "-D", path, "--slot", "wal", "--endpos", reached, "--no-loop", target="copies~lent")
        with open(f"{path}/{name}", "rb") as one, open(f"{self.cluster.data}/pg_wal/{name}", "rb") as other:
            self.assertTrue(one.read() == other.read(), name)
        self.assertTrue(self.asked("START_REPLICATION"))

    def test_recvlogical(self):
        """pg_recvlogical with test_decoding: the changes as the server decodes them itself"""
        if not os.path.exists(self.cluster.sql("SELECT setting FROM pg_config WHERE name = 'PKGLIBDIR'") + "/test_decoding.so"):
            self.skipTest("no test_decoding (postgresql-contrib)")
        for name in ("one", "two"):
            self.slot(name)
        self.tool("pg_recvlogical", "-d", "shop", "--slot", "one", "--create-slot", "-P", "test_decoding", target="copies~lent")
        self.cluster.sql("SELECT pg_create_logical_replication_slot('two', 'test_decoding')", "shop")
        self.cluster.sql("INSERT INTO items(label, amount) SELECT repeat('x', i), i FROM generate_series(1, 3000) i;"
                         "UPDATE items SET amount = 0 WHERE amount = 7; DELETE FROM items WHERE amount = 9;", "shop")
        end = self.cluster.sql("CREATE TABLE w(); DROP TABLE w; SELECT pg_current_wal_lsn()", "shop")
        path = self.folder + "/changes"
        self.tool("pg_recvlogical", "-d", "shop", "--slot", "one", "--start", "--endpos", end, "--no-loop", "-f", path,
                  "-o", "include-xids=0", target="copies~lent")
        with open(path) as file:
            got = [one for one in file.read().splitlines() if "items" in one]
        wanted = self.cluster.sql("SELECT data FROM pg_logical_slot_peek_changes('two', NULL, NULL, 'include-xids', '0')", "shop")
        self.assertEqual([one for one in wanted.splitlines() if "items" in one], got)
        self.assertGreater(len(got), 3000)
        self.tool("pg_recvlogical", "-d", "shop", "--slot", "one", "--drop-slot", target="copies~lent")

    def test_standby(self):
        """a standby that follows through the gateway has what is written at its primary"""
        path = self.folder + "/standby"
        env = self.environment(target="copies~lent", database=None)
        made = subprocess.run([self.bin + "/pg_basebackup", "-D", path, "-c", "fast", "-R"], capture_output=True, text=True, env=env)
        self.assertEqual(0, made.returncode, made.stderr)
        port = process.free_port()
        if os.geteuid() == 0:
            for root, folders, files in os.walk(self.folder):
                for one in [root] + [f"{root}/{name}" for name in folders + files]:
                    shutil.chown(one, "postgres", "postgres")
            for part in (self.gate.folder, self.gate.folder + "/tls"):
                os.chmod(part, 0o711)
        with open(path + "/postgresql.auto.conf", "a") as file:
            file.write(f"port = {port}\nunix_socket_directories = '{path}'\nhot_standby = on\nssl = off\nlog_statement = none\n")
        # libpq looks for a certificate of the user's.
        with open(self.folder + "/standby.log", "wb") as log:
            server = process.start([self.bin + "/postgres", "-D", path], user="postgres", cwd=path, stdout=log, stderr=log,
                                   env=os.environ | {"HOME": path})
        self.addCleanup(process.stop, server, signal.SIGINT)
        self.cluster.sql("INSERT INTO effects(what) VALUES ('followed')", "shop")

        def followed():
            self.assertIsNone(server.poll(), "the standby has ended")
            done = subprocess.run(["psql", "-XqtA", "-h", path, "-p", str(port), "-U", "postgres", "-d", "shop", "-c",
                                   "SELECT count(*) FROM effects WHERE what = 'followed'"], capture_output=True, text=True)
            return done.stdout.strip() == "1"

        process.until(followed, "the standby")

    def test_sql(self):
        """a walsender of a database takes SQL too, judged as ever; a physical one SHOW alone; neither the extended protocol"""
        client = WireClient(self.gate.port, target="copies~lent", settings=(("replication", "database"),))
        self.assertIn(b"SELECT 1\0", client.ask(query("SELECT 1")))
        self.assertIn(b"IDENTIFY_SYSTEM\0", client.ask(query("IDENTIFY_SYSTEM")))
        self.assertIn(b"C0A000\0", client.ask(run("SELECT 1"), SYNC))
        self.assertIn(b"SELECT 1\0", client.ask(query("SELECT 1")))
        physical = WireClient(self.gate.port, target="copies~lent", settings=(("replication", "true"),))
        self.assertIn(b"SHOW\0", physical.ask(query("SHOW wal_segment_size")))
        self.assertIn(b"C0A000\0", physical.ask(query("SELECT 1")))
        self.assertIn(b"C0A000\0", physical.ask(run("SELECT 1"), SYNC))
        self.assertIn(b"IDENTIFY_SYSTEM\0", physical.ask(query("IDENTIFY_SYSTEM")))

    def test_refused(self):
        """without the permission nobody gets in; the server hears nothing"""
        before = self.cluster.logged().count("replication")
        for tool in (("pg_receivewal", "-D", self.folder, "--no-loop"), ("pg_basebackup", "-D", self.folder + "/no"),
                     ("pg_recvlogical", "-d", "shop", "--slot", "x", "--create-slot", "-P", "test_decoding")):
            for where in ("none~lent", "may~lent", "raw"):
                done = self.tool(*tool, target=where, ok=False)
                self.assertNotEqual(0, done.returncode)
                self.assertIn("replication connections are not allowed", done.stderr)
        self.assertEqual(before, self.cluster.logged().count("replication"))

    def test_rules(self):
        """replication commands are judged: what a rule holds begins when a person says yes"""
        path = self.folder + "/asked"
        child = process.start([self.bin + "/pg_basebackup", "-D", path, "-c", "fast", "-X", "none"], stderr=subprocess.PIPE,
                              text=True, env=self.environment(target="copies~ruled", database=None))
        self.addCleanup(process.stop, child, signal.SIGKILL)
        approval = self.gate.wait_approval("BASE_BACKUP")
        self.assertFalse(glob.glob(path + "/base/*"))
        self.gate.run("approve", approval["id"], as_user="dana")
        self.assertEqual(0, child.wait(240), child.stderr.read())
        self.assertTrue(glob.glob(path + "/base/*"))

    def test_withdrawn(self):
        """a stream ends when the permission is taken back by a reload"""
        client = WireClient(self.gate.port, target="copies~lent", settings=(("replication", "true"),))
        client.send(query("START_REPLICATION " + self.cluster.sql("SELECT pg_current_wal_flush_lsn()")))
        self.assertEqual("W", client.next()[0])
        kept = self.gate.targets
        try:
            self.gate.targets = kept.replace(', permit = ["replication"]', "")
            self.gate.write()
            self.gate.run("reload")
            said = client.until("end")
            self.assertIn(b"permission-withdrawn", b"".join(body for kind, body in said if kind == "E"))
        finally:
            self.gate.targets = kept
            self.gate.write()
            self.gate.run("reload")


class Config(Logins):
    def test_masked(self):
        """a mask on the target is a config error, at the permission's line, which says why; so is a permission nobody knows"""
        folder = self.folder + "/conf"
        os.makedirs(folder)
        with open(self.gate.config) as file:
            text = file.read()
        mask = '\n[[mask]]\nname = "m"\ntargets = ["lent"]\ndetect = ["@secrets"]\n'
        for more, wrong in ((mask + 'action = "redact"\n', "cannot be masked"), (mask + 'direction = "request"\n', "cannot be masked"),
                            ("", "no such permission")):
            changed = text.replace('"replication"', '"replicate"') if not more else text + more
            path = f"{self.gate.folder}/other.toml"
            with open(path, "w") as file:
                file.write(changed)
            done = subprocess.run([BIN, "--config", path, "check"], capture_output=True, text=True)
            self.assertNotEqual(0, done.returncode)
            said = done.stdout + done.stderr
            self.assertIn(wrong, said)
            line = next(i for i, one in enumerate(changed.splitlines(), 1) if "permit" in one)
            self.assertIn(f"other.toml:{line}", said)


if __name__ == "__main__":
    print(f"# SALLYPORT_SEED={SEED}", file=sys.stderr)
    tap.main()
