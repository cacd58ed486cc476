"""asyncpg through the gateway: it asks binary for everything, what it reads of the catalogue included."""

import asyncio
import io
import re

import tap
import world
from twins import Twins

try:
    import asyncpg
except ImportError:
    asyncpg = None

# Each expression is a type; asyncpg has a binary decoder of its own for it, or reads its make from the catalogue.
VALUES = (
    "true", "7::int2", "-7::int4", "7000000000::int8", "1.5::float4", "'-infinity'::float8", "'nan'::float8", "123456.789000::numeric",
    "'NaN'::numeric", "1e-30::numeric", "'häß'::text", "'bpchar'::char(9)", "'var'::varchar(9)", "'n'::name", "'c'::\"char\"",
    "'\\x00ff10'::bytea", "'2024-02-29'::date", "'infinity'::date", "'12:34:56.789'::time", "'12:34:56+02'::timetz",
    "'2024-02-29 12:00:00.123456'::timestamp", "'2024-02-29 12:00+03'::timestamptz", "'1 year 2 mons 3 days 04:05:06.7'::interval",
    "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "'{\"a\": [1, \"b\"]}'::json", "'{\"a\": [1, \"b\"]}'::jsonb", "'<a/>'::xml",
    "'192.168.0.1'::inet", "'192.168.0.0/16'::cidr", "'2001:db8::1/64'::inet", "'08:00:2b:01:02:03'::macaddr",
    "'08:00:2b:01:02:03:04:05'::macaddr8", "B'1011'::bit(4)", "B'10110'::varbit", "'(1,2)'::point", "'[(0,0),(1,1)]'::lseg",
    "'((0,0),(1,1))'::path", "'((0,0),(1,1),(1,0))'::polygon", "'<(1,2),3>'::circle", "'(1,1),(0,0)'::box", "'{1,2,3}'::line",
    "'$12.34'::money", "16384::oid", "'customers'::regclass", "'int4'::regtype", "'0/16B3748'::pg_lsn", "'10:20:10,14'::txid_snapshot",
    "'{1,NULL,3}'::int[]", "'{{1,2},{3,4}}'::int[]", "'{a,\"b,c\",NULL}'::text[]", "'{}'::text[]", "'{2024-02-29}'::date[]",
    "'{\"{\\\"a\\\": 1}\"}'::jsonb[]", "'[1,5)'::int4range", "'empty'::int4range", "'(,5]'::numrange",
    "'[2024-01-01,2024-02-01)'::daterange", "'{[1,2),[5,7)}'::int4multirange", "'a b:1 c'::tsvector", "'a & b'::tsquery",
    "'happy'::twin_mood", "'{sad,happy}'::twin_mood[]", "(1,'x')::twin_pair", "ARRAY[(1,'x'),(2,NULL)]::twin_pair[]",
    "5::twin_small", "'[1,3]'::twin_range", "ROW(1, 'x'::text, NULL::int)", "NULL::int", "NULL::text", "''", "(SELECT c FROM customers c WHERE id = 7)")
NEEDS_TYPES = re.compile(r"twin|ROW|SELECT|\[\]|range")  # of these the driver looks up how they are made
# What asyncpg encodes in binary as an argument of the type.
ARGUMENTS = {
    "bool": True, "int2": -5, "int4": 2**31 - 1, "int8": -2**63, "float4": 0.5, "float8": 1e300, "text": "häß\n", "varchar": "v",
    "bytea": b"\0\xff", "json": '{"a": 1}', "jsonb": '{"a": 1}', "int4[]": [1, None, 3], "text[]": ["a", None, "b,\""],
    "twin_mood": "sad", "twin_pair": (1, "x"), "twin_small": 5, "twin_pair[]": [(1, "x"), None], "oid": 7, "inet": "10.0.0.1",
    "point": (1.0, 2.0), "tid": (1, 2), "name": "n"}
FRESH = """
DROP TABLE IF EXISTS twin; DROP TYPE IF EXISTS twin_mood, twin_pair, twin_range CASCADE; DROP DOMAIN IF EXISTS twin_small;
CREATE TYPE twin_mood AS ENUM ('sad', 'happy'); CREATE TYPE twin_pair AS (a int, b text);
CREATE DOMAIN twin_small AS int CHECK (value < 10); CREATE TYPE twin_range AS RANGE (subtype = int8);
CREATE TABLE twin(id int PRIMARY KEY, word text, mood twin_mood, at timestamptz); ALTER TABLE twin OWNER TO app;
"""


def plain(value):
    """The value's type and text; some of the driver's types print their address only."""
    return type(value).__name__ + " " + (repr(tuple(value)) if isinstance(value, asyncpg.Path) else repr(value))


class Asyncpg(Twins):
    fresh = FRESH

    @classmethod
    def setUpClass(cls):
        if asyncpg is None:
            raise world.unittest.SkipTest("python3-asyncpg is not installed")
        super().setUpClass()

    def arguments(self, way):
        return {"host": "localhost", "port": way.port, "user": way.user, "password": way.password, "database": "shop",
                "ssl": way.tls() or False, "timeout": 120}

    def program(self, body):
        """`body(connection)` as a program of a way, with a connection of its own, and a proof that it is still good."""
        async def connected(way):
            conn = await asyncpg.connect(**self.arguments(way))
            try:
                got = await body(conn)
                assert await conn.execute("SELECT 1 UNION SELECT 2") == "SELECT 2"
                assert await conn.fetchval("SELECT 6 * $1::int", 7) == 42 or way.name == "shop"
                return got
            finally:
                await conn.close(timeout=60)

        return lambda way: asyncio.run(connected(way))

    def test_types(self):
        """a value of every common type, in binary, and the look-ups of types that the driver does not know"""
        async def body(conn):
            got = [plain(await conn.fetchval("SELECT " + one)) for one in VALUES]
            row = await conn.fetchrow("SELECT " + ", ".join(f"{one} AS c{i}" for i, one in enumerate(VALUES)))
            return got + [(name, plain(value)) for name, value in row.items()]

        self.assertEqual(2 * len(VALUES), len(self.same(self.program(body))))

    def test_arguments(self):
        """an argument of each type, sent in binary, comes back as text and in binary"""
        async def body(conn):
            return [(await conn.fetchval(f"SELECT $1::{kind}::text", value), repr(await conn.fetchval(f"SELECT $1::{kind}", value)))
                    for kind, value in ARGUMENTS.items()]

        self.same(self.program(body))

    def test_table(self):
        """executemany, execute's status, RETURNING, a table's rows as records"""
        async def body(conn):
            await conn.executemany("INSERT INTO twin VALUES ($1, $2, $3, '2024-01-01')",
                                   [(i, f"word {i}" if i % 5 else None, ("sad", "happy")[i % 2]) for i in range(500)])
            got = [await conn.execute("UPDATE twin SET word = $1 WHERE id < 10", "new"),
                   await conn.fetch("DELETE FROM twin WHERE id % 2 = $1 AND id < 20 RETURNING *", 1),
                   await conn.execute("INSERT INTO twin(id) VALUES (1000); INSERT INTO twin(id) VALUES (1001)")]
            return got + await conn.fetch("SELECT * FROM twin ORDER BY id")

        self.assertEqual(3 + 492, len(self.same(self.program(body))))

    def test_prepared(self):
        """prepared statements: parameters, attributes, plan, use after a change of the table"""
        async def body(conn):
            made = await conn.prepare("SELECT id, email, $2::twin_mood AS mood FROM customers WHERE id = ANY($1::int[]) ORDER BY id")
            got = [[(one.name, one.type.name) for one in made.get_attributes()], [one.name for one in made.get_parameters()],
                   made.get_statusmsg(), list(await made.fetch([1, 2, 3], "sad")), await made.fetchval([9], "happy", column=1),
                   list(await made.fetchrow([5], "sad")), await made.explain([1], "sad")]
            star = await conn.prepare("SELECT * FROM twin WHERE id > $1")
            await star.fetch(1)
            await conn.execute("ALTER TABLE twin ADD COLUMN more int DEFAULT 4")
            try:
                got.append(await star.fetch(1))
            except asyncpg.PostgresError as error:
                got.append((error.sqlstate, str(error)))
            for i in range(150):  # beyond the driver's cache of statements, which closes the oldest
                got.append(await conn.fetchval(f"SELECT {i} + $1::int", i))
            return got

        self.same(self.program(body))

    def test_cursors(self):
        """cursors in a transaction: iteration, fetch, forward, several at once"""
        async def body(conn):
            got = []
            async with conn.transaction():
                async for row in conn.cursor("SELECT id, email FROM customers ORDER BY id", prefetch=7):
                    got.append(tuple(row))
                one = await conn.cursor("SELECT generate_series(1, $1::int)", 100)
                two = await conn.cursor("SELECT generate_series(1, 10)")
                got += [await one.fetch(5), await two.fetchrow(), await one.forward(50), await one.fetchrow(), await two.fetch(100)]
                made = await conn.prepare("SELECT name FROM customers WHERE id <= $1 ORDER BY id")
                async for row in made.cursor(20, prefetch=3):
                    got.append(row[0])
            return got

        self.same(self.program(body))

    def test_transactions(self):
        """commit, rollback, savepoints, isolation, read only, deferrable, an error in the middle"""
        async def body(conn):
            got = []
            try:
                async with conn.transaction():
                    await conn.execute("INSERT INTO twin(id) VALUES (1)")
                    async with conn.transaction():
                        await conn.execute("INSERT INTO twin(id) VALUES (2)")
                    try:
                        async with conn.transaction():
                            await conn.execute("INSERT INTO twin(id) VALUES (3)")
                            await conn.execute("SELECT 1/0")
                    except asyncpg.DivisionByZeroError as error:
                        got.append(error.sqlstate)
                async with conn.transaction(isolation="serializable", readonly=True, deferrable=True):
                    got.append(await conn.fetchval("SHOW transaction_isolation"))
                    await conn.execute("INSERT INTO twin(id) VALUES (4)")
            except asyncpg.ReadOnlySQLTransactionError as error:
                got.append(str(error))
            return got + await conn.fetch("SELECT id FROM twin ORDER BY id")

        self.same(self.program(body))

    def test_errors(self):
        """every field of an error, of a notice, and what is refused before it is sent"""
        async def body(conn):
            got, said = [], []
            conn.add_log_listener(lambda _, message: said.append(message.as_dict()))
            for sql, args in (("SELECT nothing", ()), ("SELECT $1::int", ("x",)), ("SELECT 1/$1", (0,)),
                              ("INSERT INTO customers(id) VALUES ($1)", (1,)), ("SELECT $1::twin_small", (50,)),
                              ("DO $$ BEGIN RAISE NOTICE 'one %', 1 USING HINT = 'h', DETAIL = 'd', ERRCODE = 'XX123'; END $$", ()),
                              ("SELECT 1; SELECT 2", (1,)), ("SELECT * FROM twin_missing", ())):
                try:
                    await conn.execute(sql, *args)
                    got.append("none")
                except asyncpg.PostgresError as error:
                    got.append({key: value for key, value in error.as_dict().items() if key != "server_source_line"})
                except asyncpg.InterfaceError as error:
                    got.append(str(error))
                except asyncpg.DataError as error:
                    got.append(str(error))
            await asyncio.sleep(0)
            return [got, said]

        self.assertEqual(1, len(self.same(self.program(body))[1]))

    def test_unreadable(self):
        """what no grammar reads is refused with the server's own code, and not sent"""
        async def body(conn):
            for args in ((), (1,)):
                with self.assertRaises(asyncpg.PostgresSyntaxError):
                    await conn.fetch("SELEC $1" if args else "SELEC 1", *args)
            return await conn.fetchval("SELECT true")

        self.assertTrue(self.run_at("raw", self.program(body)))
        self.assertNotIn("SELEC ", self.cluster.logged())

    def test_copy(self):
        """copy_from_table, copy_from_query, copy_to_table, copy_records_to_table: text, csv and binary"""
        async def body(conn):
            got = [await conn.copy_records_to_table("twin", records=[(i, f"w\t{i}", None) for i in range(3000)],
                                                    columns=["id", "word", "at"])]
            for options in ({}, {"format": "csv", "header": True, "delimiter": ";"}, {"format": "binary"}):
                out, query = io.BytesIO(), io.BytesIO()
                got.append(await conn.copy_from_table("twin", output=out, **options))
                got.append(await conn.copy_from_query("SELECT id, word FROM twin WHERE id < $1 ORDER BY id", 9, output=query, **options))
                await conn.execute("TRUNCATE twin")
                out.seek(0)
                got.append(await conn.copy_to_table("twin", source=out, **options))
                got += [out.getvalue(), query.getvalue()]
            try:
                await conn.copy_to_table("twin", source=io.BytesIO(b"x\ty\n"), columns=["id", "word"])
            except asyncpg.PostgresError as error:
                got.append((error.sqlstate, error.as_dict().get("context")))
            try:
                await conn.copy_records_to_table("twin", records=[(1, "again")], columns=["id", "word"])
            except asyncpg.UniqueViolationError as error:
                got.append(error.detail)
            return got + [await conn.fetchval("SELECT count(*) FROM twin")]

        self.assertEqual(3000, self.same(self.program(body))[-1])

    def test_notify(self):
        """LISTEN and NOTIFY, between sessions and to oneself"""
        async def body(conn):
            heard = asyncio.Queue()
            await conn.add_listener("twins", lambda _, pid, channel, payload: heard.put_nowait((channel, payload)))
            await conn.execute("NOTIFY twins, 'one'")
            await conn.execute("SELECT pg_notify($1, $2)", "twins", "two ä")
            got = [await asyncio.wait_for(heard.get(), 120) for _ in range(2)]
            self.cluster.sql("NOTIFY twins, 'three'", database="shop")
            got.append(await asyncio.wait_for(heard.get(), 120))
            await conn.reset()
            await conn.execute("NOTIFY twins, 'nobody hears'")
            return got + [heard.qsize(), await conn.fetch("SELECT pg_listening_channels()")]

        self.assertEqual([("twins", "one"), ("twins", "two ä"), ("twins", "three"), 0, []], self.same(self.program(body)))

    def test_timeout(self):
        """a timeout cancels at the server, of a query, of a COPY, and by a task's end; the session lives on"""
        async def body(conn):
            got = []
            for doing in (lambda: conn.fetchval("SELECT pg_sleep(600)", timeout=0.3),
                          lambda: conn.execute("SELECT pg_sleep(600)", timeout=0.3),
                          lambda: conn.copy_from_query("SELECT pg_sleep(600)", output=io.BytesIO(), timeout=0.3)):
                try:
                    got.append(await doing())
                except asyncio.TimeoutError:
                    got.append("timeout")
                got.append(await conn.fetchval("SELECT $1::text", "after"))
            task = asyncio.ensure_future(conn.fetchval("SELECT pg_sleep(600)"))
            await asyncio.sleep(0.3)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                got.append("cancelled")
            got.append(await conn.fetchval("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND "
                                           "state = 'active' AND pid <> pg_backend_pid()"))
            return got

        self.same(self.program(body))

    def test_reset(self):
        """reset puts settings, cursors, locks and listeners back"""
        async def body(conn):
            await conn.execute("SET work_mem = '1234kB'; SET search_path = pg_catalog; SELECT pg_advisory_lock(77)")
            before = await conn.fetchval("SHOW work_mem"), await conn.fetchval("SHOW search_path")
            await conn.reset()
            return before + (await conn.fetchval("SHOW work_mem"), await conn.fetchval("SHOW search_path"),
                             await conn.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"),
                             conn.get_settings().TimeZone, conn.get_server_version()[:2])

        self.same(self.program(body))

    def test_pool(self):
        """a pool of ten under a thousand statements, resets between them, a broken connection replaced"""
        async def pooled(way):
            async with asyncpg.create_pool(**self.arguments(way), min_size=2, max_size=10, max_queries=50) as pool:
                got = await asyncio.gather(*(pool.fetchval("SELECT $1::int * 2", i) for i in range(1000)))
                async with pool.acquire() as conn:
                    await conn.execute("SET work_mem = '1234kB'")
                    pid = await conn.fetchval("SELECT pg_backend_pid()")
                    self.cluster.sql(f"SELECT pg_terminate_backend({pid})")
                    try:
                        await conn.fetch("SELECT 1")
                    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                        got.append(type(error).__name__)
                got += await asyncio.gather(*(pool.fetchval("SHOW work_mem") for _ in range(20)))
            return got

        self.same(lambda way: asyncio.run(pooled(way)))

    def test_codecs(self):
        """codecs of the program's own: json and an enum, in text"""
        async def body(conn):
            await conn.set_type_codec("jsonb", schema="pg_catalog", encoder=lambda value: f'["{value}"]', decoder=lambda text: ("j", text))
            await conn.set_type_codec("twin_mood", encoder=str.lower, decoder=str.upper)
            return [await conn.fetchval("SELECT $1::jsonb", "x"), await conn.fetchval("SELECT $1::twin_mood", "SAD")]

        self.same(self.program(body))

    def test_big(self):
        """values of 8 MiB out and 900 kB in, byte-exact"""
        async def body(conn):
            big = await conn.fetchval("SELECT decode(repeat('00ff10', $1), 'hex')", (8 << 20) // 3)
            value = bytes(range(256)) * 3500
            assert await conn.fetchval("SELECT $1::bytea", value) == value
            return len(big), big[:999], len(await conn.fetch("SELECT repeat('x', 1000) FROM generate_series(1, 20000)"))

        self.same(self.program(body))

    def test_masked(self):
        """a masked target: no value fails to be decoded, the session goes on"""
        async def body(conn):
            got = [tuple(row) for row in await conn.fetch("SELECT id, email, balance FROM customers ORDER BY id")]
            got += [await conn.fetchval("SELECT " + one) for one in VALUES if not NEEDS_TYPES.search(one)]
            got += [await conn.fetchval(f"SELECT $1::{kind}", value) for kind, value in ARGUMENTS.items() if not NEEDS_TYPES.search(kind)]
            async with conn.transaction():
                got += [tuple(row) async for row in conn.cursor("SELECT id, name FROM customers ORDER BY id", prefetch=7)]
            await conn.executemany("INSERT INTO twin(id, word) VALUES ($1, $2)", [(i, "w") for i in range(100)])
            await conn.reset()
            return got + [await conn.execute("DELETE FROM twin WHERE id < 100")]

        got = self.masked(self.program(body))
        self.assertEqual("DELETE 100", got[-1])
        self.assertNotIn("person7@", str(got))

    def test_masked_types(self):
        """a masked target: the driver's own look-ups of types"""
        async def body(conn):
            if await conn.fetchval("SELECT 1234") is None:
                self.skipTest("this gateway withholds binary numbers of a masked target")
            got = [await conn.fetchval("SELECT " + one) for one in VALUES]
            return got + [await conn.fetchval(f"SELECT $1::{kind}", value) for kind, value in ARGUMENTS.items()]

        self.masked(self.program(body))

    def test_denied(self):
        """a denied statement is 42501 and names its rule, alone, prepared, in executemany and in a transaction"""
        async def body(conn):
            got = []
            for doing in (lambda: conn.execute("DELETE FROM effects"), lambda: conn.fetch("DELETE FROM effects WHERE id = $1", 1),
                          lambda: conn.executemany("DELETE FROM effects WHERE id = $1", [(1,), (2,)]),
                          lambda: conn.prepare("DELETE FROM effects WHERE id = $1")):
                for inside in (False, True):
                    block = conn.transaction()
                    if inside:
                        await block.start()
                    try:
                        await doing()
                    except asyncpg.InsufficientPrivilegeError as error:
                        got.append((error.sqlstate, "no-effects-delete" in str(error)))
                    if inside:
                        await block.rollback()
            return got

        self.assertEqual([("42501", True)] * 8, self.run_at("shop", self.program(body)))


if __name__ == "__main__":
    tap.main()
