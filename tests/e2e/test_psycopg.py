"""psycopg 3 through the gateway: parameters, pipelines, transactions and refusals as a program sees them."""

import threading

import tap
import world

try:
    import psycopg
    from psycopg import errors
except ImportError:
    psycopg = None


class Psycopg(world.Case):
    @classmethod
    def setUpClass(cls):
        if psycopg is None:
            raise world.unittest.SkipTest("python3-psycopg is not installed")
        super().setUpClass()

    def effects(self, what):
        return int(self.cluster.sql(f"SELECT count(*) FROM effects WHERE what = '{what}'", database="shop"))

    def test_text(self):
        """text results with parameters of several types"""
        row = self.connect("raw").execute("SELECT %s::int, %s::text, %s::numeric, %s::date, %s::int[], NULL::text",
                                          (7, "häß", 1.5, "2024-02-29", [1, 2])).fetchone()
        self.assertEqual((7, "häß", "2024-02-29", [1, 2], None), (row[0], row[1], str(row[3]), row[4], row[5]))

    def test_masked_text(self):
        """rows of a masked target by a server-side parameter"""
        row = self.connect().execute("SELECT id, email FROM customers WHERE id = %s", (7,)).fetchone()
        self.assertEqual(7, row[0])
        self.assertNotIn("person7", row[1])
        self.assertIn("@", row[1])

    def test_binary_masked(self):
        """a binary result is masked as a text one is"""
        conn = self.connect()
        sql, of = "SELECT id, email, ARRAY[email], ROW(email, 7) FROM customers WHERE id = %s", (7,)
        rows = conn.cursor(binary=True).execute(sql, of).fetchall()
        self.assertEqual(7, rows[0][0])
        self.assertNotIn("person7", str(rows))
        self.assertEqual("p******@e******.com", rows[0][1])
        self.assertEqual(rows[0][1], conn.cursor().execute(sql, of).fetchone()[1])
        cursor = self.connect("raw").cursor(binary=True)
        self.assertEqual([("person7@example.com",)],
                         cursor.execute("SELECT email FROM customers WHERE id = %s", (7,)).fetchall())

    def test_denied(self):
        """42501 names the rule; the session lives on"""
        conn = self.connect(autocommit=True)
        with self.assertRaises(errors.InsufficientPrivilege) as caught:
            conn.execute("DELETE FROM effects WHERE id = %s", (1,))
        self.assertIn("no-effects-delete", str(caught.exception))
        self.assertEqual((1,), conn.execute("SELECT 1").fetchone())

    def test_denied_in_transaction(self):
        """BEGIN; INSERT; denied; COMMIT rolls back, by simple and by extended protocol"""
        for params in (None, (1,)):
            conn = self.connect(autocommit=True)
            what = f"rolled back {params is None}"
            conn.execute("BEGIN")
            conn.execute(f"INSERT INTO effects(what) VALUES ('{what}')")
            with self.assertRaises(errors.InsufficientPrivilege):
                conn.execute("DELETE FROM effects WHERE id = " + ("%s" if params else "1"), params)
            self.assertEqual(psycopg.pq.TransactionStatus.INERROR, conn.info.transaction_status)
            with self.assertRaises(errors.InFailedSqlTransaction):
                conn.execute("SELECT 1")
            self.assertEqual("ROLLBACK", conn.execute("COMMIT").statusmessage)
            self.assertEqual(0, self.effects(what))

    def test_denied_in_batch(self):
        """one message of several statements with a denied one has no effect at all"""
        conn = self.connect(autocommit=True)
        with self.assertRaises(errors.InsufficientPrivilege):
            conn.execute("INSERT INTO effects(what) VALUES ('batch'); DELETE FROM effects; SELECT 1")
        self.assertEqual(0, self.effects("batch"))

    def test_transaction_block(self):
        """commit, rollback and savepoints keep their meaning"""
        conn = self.connect("raw")
        with conn.transaction():
            conn.execute("INSERT INTO effects(what) VALUES ('outer')")
            with self.assertRaises(ZeroDivisionError), conn.transaction():
                conn.execute("INSERT INTO effects(what) VALUES ('inner')")
                raise ZeroDivisionError
        self.assertEqual((1, 0), (self.effects("outer"), self.effects("inner")))

    def test_pipeline(self):
        """pipeline mode: many statements, results in order"""
        conn = self.connect("raw", autocommit=True)
        with conn.pipeline():
            cursors = [conn.execute("SELECT %s::int", (i,)) for i in range(200)]
        self.assertEqual(list(range(200)), [cursor.fetchone()[0] for cursor in cursors])

    def test_pipeline_denied(self):
        """a denied statement in a pipeline aborts what follows it up to the Sync, and undoes what came before"""
        conn = self.connect(autocommit=True)
        with self.assertRaises(errors.InsufficientPrivilege) as caught, conn.pipeline():
            conn.execute("INSERT INTO effects(what) VALUES (%s)", ("pipe before",))
            conn.execute("DELETE FROM effects WHERE id = %s", (1,))
            conn.execute("INSERT INTO effects(what) VALUES (%s)", ("pipe after",))
        self.assertIn("no-effects-delete", str(caught.exception))
        self.assertEqual((0, 0), (self.effects("pipe before"), self.effects("pipe after")))
        self.assertEqual((1,), conn.execute("SELECT 1").fetchone())

    def test_pipeline_error(self):
        """the target's own error in a pipeline is reported once, and the next Sync goes on"""
        conn = self.connect("raw", autocommit=True)
        with self.assertRaises(errors.DivisionByZero), conn.pipeline() as pipe:
            first = conn.execute("SELECT 1")
            pipe.sync()
            conn.execute("SELECT 1/0")
            conn.execute("SELECT 2")
        self.assertEqual((1,), first.fetchone())
        self.assertEqual((3,), conn.execute("SELECT 3").fetchone())

    def test_prepared(self):
        """server-side prepared statements, and their end by DEALLOCATE"""
        conn = self.connect("raw", autocommit=True)
        for i in range(20):
            self.assertEqual((i,), conn.execute("SELECT %s::int", (i,), prepare=True).fetchone())
        self.assertEqual((1,), conn.execute("SELECT count(*)::int FROM pg_prepared_statements").fetchone())
        conn.execute("DEALLOCATE ALL")
        self.assertEqual((0,), conn.execute("SELECT count(*)::int FROM pg_prepared_statements").fetchone())

    def test_prepared_denied(self):
        """a denied statement cannot be prepared, nor run by EXECUTE of SQL"""
        conn = self.connect(autocommit=True)
        with self.assertRaises(errors.InsufficientPrivilege):
            conn.execute("DELETE FROM effects WHERE id = %s", (1,), prepare=True)
        with self.assertRaises(psycopg.Error):
            conn.execute("PREPARE d AS DELETE FROM effects")
            conn.execute("EXECUTE d")
        self.assertEqual((1,), conn.execute("SELECT 1").fetchone())

    def test_server_cursor(self):
        """a named cursor reads a result in pieces"""
        conn = self.connect()
        with conn.transaction(), conn.cursor(name="c") as cursor:
            cursor.itersize = 9
            cursor.execute("SELECT id, email FROM customers ORDER BY id")
            rows = list(cursor)
        self.assertEqual(list(range(1, 101)), [row[0] for row in rows])
        self.assertFalse([row for row in rows if "person" in row[1]])

    def test_cancel(self):
        """cancel in mid-query ends the statement, not the session, and no other session's"""
        conn, other = self.connect("raw", autocommit=True), self.connect("raw", autocommit=True)
        other_done = []
        beside = threading.Thread(target=lambda: other_done.append(other.execute("SELECT pg_sleep(3)").fetchone()))
        beside.start()
        timer = threading.Timer(0.5, conn.cancel)
        timer.start()
        with self.assertRaises(errors.QueryCanceled):
            conn.execute("SELECT pg_sleep(60)")
        timer.join()
        self.assertEqual((1,), conn.execute("SELECT 1").fetchone())
        beside.join()
        self.assertEqual([("",)], other_done)

    def test_copy(self):
        """COPY out of what is masked shows the masked values, in text, csv and binary"""
        conn = self.connect(autocommit=True)
        for what in ("customers", "customers (email, id)", "(SELECT email FROM customers)"):
            for how in ("", " WITH CSV HEADER", " (FORMAT binary)"):
                with conn.cursor().copy(f"COPY {what} TO STDOUT{how}") as copy:
                    out = b"".join(copy)
                self.assertIn(b"******@e******.com", out, what + how)
                self.assertNotIn(b"@example.com", out, what + how)
        with self.assertRaises(errors.UndefinedTable), conn.cursor().copy("COPY nowhere TO STDOUT") as copy:
            list(copy)
        self.assertEqual((1,), conn.execute("SELECT 1").fetchone())

    def test_big_values(self):
        """a value of 8 MiB each way, byte-exact"""
        conn = self.connect("raw", autocommit=True)
        value = "sallyport " * (8 * 1024 * 1024 // 10)
        self.assertEqual((value,), conn.execute("SELECT repeat('sallyport ', %s)", (len(value) // 10,)).fetchone())
        small = value[:900_000]
        self.assertEqual((small,), conn.execute("SELECT %s::text", (small,)).fetchone())

    def test_too_big_request(self):
        """a request beyond the unit limit is refused without harm to the gateway"""
        conn = self.connect("raw", autocommit=True)
        with self.assertRaises(psycopg.Error) as caught:
            conn.execute("SELECT %s::text", ("x" * (4 << 20),))
        self.assertIn("limit", str(caught.exception))
        self.assertEqual((1,), self.connect("raw").execute("SELECT 1").fetchone())

    def test_notify(self):
        """LISTEN and NOTIFY between two sessions"""
        listener, speaker = self.connect("raw", autocommit=True), self.connect("raw", autocommit=True)
        listener.execute("LISTEN news")
        speaker.execute("NOTIFY news, 'hello'")
        self.assertEqual("hello", next(listener.notifies()).payload)


if __name__ == "__main__":
    tap.main()
