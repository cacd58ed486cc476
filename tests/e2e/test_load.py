"""Size, number and disturbance: a large result, many sessions, a slow reader, restarts and reloads under load."""

import os
import signal
import socket
import subprocess
import threading

import process
import tap
import world

try:
    import psycopg
except ImportError:
    psycopg = None

MIB = 1024 if tap.FULL else 128
SESSIONS = 200
RSS_MAX_MIB = 300


class Load(world.Case):
    @classmethod
    def setUpClass(cls):
        if psycopg is None:
            raise world.unittest.SkipTest("python3-psycopg is not installed")
        super().setUpClass()

    def connect(self, target="raw", **more):
        return super().connect(target, tls=False, **({"autocommit": True} | more))

    def test_large_result(self):
        """a large result arrives byte-exact in bounded memory"""
        rows = MIB * 1024
        # Letters alone: a run of digits may well be somebody's card, and `shop` is masked.
        sql = f"SELECT i, repeat(translate(md5(i::text), '0123456789', 'ghijklmnop'), 32) FROM generate_series(1, {rows}) i"
        args = ["psql", "-XqtA", "-v", "FETCH_COUNT=1000", "-c", sql]
        # FETCH_COUNT is psql's own bound; the cursor's batches are still one stream here.
        direct = self.digest(args, self.direct())
        for target, tls in (("raw", True), ("shop", False)):
            self.assertEqual(direct, self.digest(args, self.environment(target=target, tls=tls)))
        print(f"# {direct[1] >> 20} MiB twice, peak RSS of the gateway {self.peak_mib()} MiB")
        self.assertGreater(direct[1], MIB << 20)
        self.assertLess(self.peak_mib(), RSS_MAX_MIB)

    def test_clean_kinds(self):
        """clean values of many types, in rows and by COPY, come out of a masked target byte for byte"""
        letters = "translate(md5(i::text), '0123456789', 'ghijklmnop')"
        sql = (f"SELECT i, i % 2 = 0 AS even, i / 8.0::float8 AS eighth, date '2001-02-03' + i % 9000 AS day, '{{\"n\": [1, null]}}'::jsonb || "
               f"jsonb_build_object('word', {letters}) doc, ARRAY[{letters}, 'née, \"quoted\"', NULL] list, "
               f"convert_to(repeat({letters}, 4), 'UTF8') bytes, repeat({letters} || E' at place\\t.\\n', 16) words, "
               f"({letters})::name, int4range(i, i + 5) span, ROW(i, 'a b') both_, NULL none FROM generate_series(1, {MIB * 1024}) i")
        ways = [["-c", f"COPY ({sql}) TO STDOUT {how}"] for how in ("", "(FORMAT csv, HEADER)", "(FORMAT binary)")]
        sizes = []
        for way in [["-v", "FETCH_COUNT=1000", "-c", sql], *ways]:
            args = ["psql", "-XqtA", *way]
            direct = self.digest(args, self.direct())
            self.assertEqual(direct, self.digest(args, self.environment(target="shop", tls=False)), way)
            sizes.append(direct[1] >> 20)
        print(f"# {sizes} MiB of clean values, peak RSS of the gateway {self.peak_mib()} MiB")
        self.assertGreater(min(sizes), MIB * 3 // 4)
        self.assertLess(self.peak_mib(), RSS_MAX_MIB)

    def direct(self):
        return self.environment() | {"PGHOST": "localhost", "PGHOSTADDR": "127.0.0.1", "PGSSLMODE": "disable",
                                     "PGPORT": str(self.cluster.port), "PGUSER": "app", "PGPASSWORD": world.clusters.PASSWORD}

    def test_one_stream(self):
        """a large result in one stream that the client reads slowly: memory stays bounded, others go on"""
        conn = self.raw_socket(f"SELECT repeat(md5(i::text), 32) FROM generate_series(1, {MIB * 1024}) i")
        other = self.connect("shop")
        for i in range(50):
            self.assertEqual((i,), other.execute("SELECT %s::int", (i,)).fetchone())
        self.assertLess(self.peak_mib(), RSS_MAX_MIB)
        got = 0
        while got < (MIB << 20):
            block = conn.recv(1 << 20)
            self.assertTrue(block, "the stream ended early")
            got += len(block)
        print(f"# {got >> 20} MiB, peak RSS of the gateway {self.peak_mib()} MiB")
        self.assertLess(self.peak_mib(), RSS_MAX_MIB)

    def raw_socket(self, sql):
        """A session's socket that has sent `sql` and reads nothing by itself."""
        conn = self.connect("raw")
        duplicate = socket.socket(fileno=os.dup(conn.fileno()))
        self.addCleanup(duplicate.close)
        duplicate.setblocking(True)
        body = sql.encode() + b"\0"
        duplicate.sendall(b"Q" + (len(body) + 4).to_bytes(4, "big") + body)
        return duplicate

    def test_many_sessions(self):
        """200 sessions at once, each gets its own answers"""
        conns = [self.connect("shop" if i % 2 else "raw") for i in range(SESSIONS)]
        for _ in range(3):
            for i, conn in enumerate(conns):
                conn.pgconn.send_query_params(b"SELECT $1::int", [str(i).encode()])
            for i, conn in enumerate(conns):
                result = conn.pgconn.get_result()
                self.assertEqual(str(i).encode(), result.get_value(0, 0))
                while conn.pgconn.get_result():
                    pass
        live = self.gate.run("status")["sessions"]
        self.assertGreaterEqual(live, SESSIONS)
        for conn in conns:
            conn.close()
        process.until(lambda: self.gate.run("status")["sessions"] <= live - SESSIONS, "the sessions' end", pause=0.3)

    def worker(self, stop, outcome, sql="SELECT count(*) FROM items"):
        """Runs statements until told to stop; a broken session is opened anew. Counts into `outcome`."""
        conn = None
        while not stop.is_set():
            try:
                if conn is None:
                    conn = psycopg.connect(hostaddr="127.0.0.1", port=self.gate.port, user="agent,shop", dbname="shop",
                                           password=world.SECRETS["agent"], sslmode="disable", autocommit=True)
                conn.execute(sql)
                outcome["good"] = outcome.get("good", 0) + 1
            except psycopg.Error as error:
                outcome.setdefault("errors", set()).add((error.sqlstate, str(error).splitlines()[0]))
                stop.wait(0.05)
                if conn is None or conn.closed or conn.broken:
                    conn = None
        if conn is not None:
            conn.close()

    def under_load(self, act, count=8):
        """Runs `act(outcomes)` beside `count` workers; returns what each saw."""
        stop, outcomes = threading.Event(), [{} for _ in range(count)]
        threads = [threading.Thread(target=self.worker, args=(stop, outcome)) for outcome in outcomes]
        for thread in threads:
            thread.start()
        more = lambda: (before := [one.get("good", 0) for one in outcomes]) and process.until(
            lambda: all(one.get("good", 0) > was for one, was in zip(outcomes, before)), "progress of every worker")
        try:
            more()
            act(more)
            more()
        finally:
            stop.set()
            for thread in threads:
                thread.join(180)
        return outcomes

    def test_target_restart(self):
        """a target's restart under load: clear errors, the gateway lives, new sessions work"""
        def restart(more):
            self.cluster.stop()
            self.assertIn('target "shop" is unavailable', self.psql("SELECT 1").stderr)
            self.cluster.start()

        outcomes = self.under_load(restart)
        seen = set().union(*(one.get("errors", set()) for one in outcomes))
        for line in sorted(map(str, seen)):
            print("# " + line)
        self.assertTrue(seen)
        self.assertEqual([], [one for one in seen if "lost synchron" in one[1]])
        self.assertEqual("1", self.good_psql("SELECT 1"))

    def test_reload(self):
        """reload under load: no statement fails, the new rule is in force, a bad config is refused whole"""
        deny = '[[rule]]\nname = "no-items"\ntargets = ["shop"]\nmatch = { verb = ["INSERT"], object = ["*items"] }\naction = "deny"\n'

        def reload(more):
            self.assertEqual("", self.good_psql("INSERT INTO items(label) VALUES ('before')"))
            for _ in range(5):
                self.gate.write(deny)
                self.gate.run("reload")
                more()
            self.assertIn("no-items", self.psql("INSERT INTO items(label) VALUES ('after')").stderr)
            self.gate.write('[[rule]]\nname = "broken"\ntargets = ["shop"]\nuse = "sql/nothing"\naction = "deny"\n')
            refused = self.gate.run("reload", ok=False)
            self.assertNotEqual(0, refused.returncode)
            self.assertIn("sql/nothing", refused.stdout + refused.stderr)
            self.assertIn("no-items", self.psql("INSERT INTO items(label) VALUES ('after')").stderr)
            self.gate.write()
            self.gate.process.send_signal(signal.SIGHUP)
            process.until(lambda: self.psql("INSERT INTO items(label) VALUES ('at last')").returncode == 0 and
                          "no-items" not in self.psql("INSERT INTO items(label) VALUES ('at last')").stderr, "SIGHUP")

        outcomes = self.under_load(reload)
        self.assertEqual([], [one["errors"] for one in outcomes if "errors" in one])

    def test_z_drain(self):
        """SIGTERM: a running statement ends well, then its session; the process ends by itself and the log is whole"""
        conn, idle = self.connect("raw"), self.connect("raw")
        rows = []
        thread = threading.Thread(target=lambda: rows.append(conn.execute("SELECT pg_sleep(2), 'done'").fetchone()))
        thread.start()
        running = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(2)%' AND state = 'active'"
        process.until(lambda: self.cluster.sql(running), "the statement at the target")
        self.gate.process.send_signal(signal.SIGTERM)
        thread.join(180)
        self.assertEqual([("", "done")], rows)
        self.assertEqual(0, self.gate.process.wait(180))
        with self.assertRaises(psycopg.OperationalError):
            idle.execute("SELECT 1")
        self.assertTrue(self.gate.verify()["whole"])
        self.gate.start()


if __name__ == "__main__":
    tap.main()
