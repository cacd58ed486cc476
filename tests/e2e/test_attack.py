"""Hostile peers against real parts: nothing that a rule stops runs, nothing that a mask hides gets out.

Also keeps attacks that never worked, because a change may let them."""

import socket
import struct
import subprocess
import threading

import tap
import world
from cluster import PASSWORD
from gateway import BIN, target
from wireclient import FLUSH, SYNC, WireClient, bind, describe, execute, message, parse, query, run

STRICT = """
[[rule]]
name = "reading"
targets = ["shop"]
use = "sql/read-only"
action = "allow"

[[rule]]
name = "the-rest"
targets = ["shop"]
match = { verb = ["*", "UNPARSED"] }
action = "deny"
"""
NAMED = """
[[mask]]
name = "named"
targets = ["shop"]
fields = ["customers.email", "customers.name"]
action = "redact"

[[rule]]
name = "no-effects-delete"
targets = ["shop"]
match = { verb = ["DELETE"], object = ["*effects"] }
action = "deny"
"""
# With standard_conforming_strings = off the DELETE is no part of a literal.
HIDDEN = "SELECT 'a\\', ';DELETE FROM effects;--'"
HIDDEN_ALONE = "WITH q AS (SELECT 'a\\' , ' b), d AS (DELETE FROM effects RETURNING 1) SELECT 1--' AS b) SELECT 1"
SWITCH = "SELECT set_config('standard_' || 'conforming_strings', '%s', false)"
SECRETS = (b"person1@", b"PERSON1@", b"name 1", b"NAME 1", b"NAME1")

# A side effect, wherever an expression may stand.
CONTEXTS = """SELECT %s
SELECT 1 WHERE %s > 0
SELECT 1 ORDER BY %s
SELECT 1 GROUP BY %s
SELECT 1 HAVING %s > 0
SELECT 1 LIMIT %s
SELECT 1 OFFSET %s
VALUES (%s)
SELECT * FROM %s x
SELECT * FROM ROWS FROM (%s) x
SELECT * FROM items, LATERAL (SELECT %s) x
WITH x AS MATERIALIZED (SELECT %s) SELECT 1
SELECT EXISTS (SELECT %s)
SELECT ARRAY(SELECT %s)
SELECT 1 = ANY (SELECT %s)
SELECT CASE WHEN %s > 0 THEN 1 END
SELECT COALESCE(%s)
SELECT (ROW(%s)).*
SELECT (ARRAY[1])[%s]
SELECT CAST(%s AS text)
SELECT 1 BETWEEN SYMMETRIC 0 AND %s
SELECT 'a' SIMILAR TO %s::text
SELECT now() AT TIME ZONE make_interval(secs => %s)
SELECT XMLELEMENT(name x, XMLATTRIBUTES(%s AS y))
SELECT * FROM XMLTABLE('/a' PASSING '<a/>' COLUMNS b int PATH '.' DEFAULT %s) x
SELECT sum(1) FILTER (WHERE %s > 0)
SELECT sum(1) OVER w FROM items WINDOW w AS (PARTITION BY %s)
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY %s)
SELECT string_agg(label, '' ORDER BY %s) FROM items
SELECT * FROM items TABLESAMPLE system (50) REPEATABLE (%s)
SELECT DISTINCT ON (%s) 1
SELECT 1 GROUP BY GROUPING SETS ((%s))
SELECT * FROM items FETCH FIRST (%s) ROWS ONLY
SELECT EXTRACT(epoch FROM make_interval(secs => %s))
SELECT (1, %s) OVERLAPS (1, 2)
SELECT 1 UNION SELECT %s
SELECT 1; SELECT %s
EXPLAIN ANALYZE SELECT %s
EXPLAIN (ANALYZE FALSE, ANALYZE) SELECT %s
EXPLAIN ("analyze" 'true') SELECT %s
PREPARE p AS SELECT %s
DECLARE c CURSOR FOR SELECT %s
SELECT /* /* */ 1 -- */ %s
SELECT $a$ $$ $a$, %s
SELECT U&'!0061' UESCAPE '!', %s
SELECT E'\\'', %s
SELECT COLLATION FOR (%s::text)""".splitlines()
SPELLINGS = """setval('probe', 42)
pg_catalog . setval ('probe' , 42)
shop.pg_catalog.setval('probe', 42)
U&"\\0073etval"('probe', 42)
SETVAL/**/('probe', 42)
setval(VARIADIC 'probe', 42)
nextval('probe')""".splitlines()
STATEMENTS = [
    "WITH d AS (DELETE FROM effects RETURNING 1) SELECT 1", "EXPLAIN ANALYZE DELETE FROM effects",
    "MERGE INTO effects USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE", "SELECT * INTO made FROM effects",
    "EXPLAIN ANALYZE CREATE TABLE made AS SELECT 1", "DO $$BEGIN DELETE FROM effects; END$$",
    "SELECT query_to_xml('DELETE FROM effects RETURNING 1', true, true, '')", "SELECT lo_create(0)",
    'SELECT pg_catalog.U&"lo\\005fcreate"(0)', "COPY effects FROM PROGRAM 'echo 1'", "COPY (DELETE FROM effects RETURNING 1) TO STDOUT",
    "BEGIN; PREPARE TRANSACTION 'x'", "SET \"role\" = 'app'", 'SET U&"rol\\0065" = app', "SELECT set_config('role', 'app', false)",
    "UPDATE pg_settings SET setting = 'x' WHERE name = 'search_path'", "SELECT 1;\x0bDELETE FROM effects",
    "SELECT 1;\xa0DELETE FROM effects", "\ufeffDELETE FROM effects", "SELECT 1--\r;DELETE FROM effects",
    "SELECT 'a' /*\n*/ 'b;DELETE FROM effects;--'", "SELECT a$$b FROM (SELECT 1 a$$b) x;DELETE FROM effects;--$$",
    "SELECT U&'\\';DELETE FROM effects;--'", "SELECT E'\\\\';DELETE FROM effects;--'", "SELECT 1 /*/*/ */;DELETE FROM effects;--*/ */",
    "SELECT 1 @--\n 2;DELETE FROM effects", "SELECT " + "1+" * 100000 + "1;DELETE FROM effects",
    "SELECT '" + "x" * 900000 + "';DELETE FROM effects", ";" * 100000 + "DELETE FROM effects",
    "SELECT query_to_xmlschema('SELECT setval(''probe'', 77)', true, true, '')",
    "SELECT ts_stat('SELECT setval(''probe'', 78)')", "SELECT pg_logical_emit_message(true, 'a', 'b')",
]
# An expression over a masked field, and not one byte of it in any answer.
LEAKS = """('"' || email || '"')::regclass
('"' || name || '"')::regtype
('"' || name || '"')::regrole
('"' || name || '"')::regproc
current_setting(name)
has_table_privilege(quote_ident(name), 'select')
to_tsquery(name || ' &&')
name::tsquery
name::int
name::json
('$.' || name || ' !!')::jsonpath
('x' || name)::xml
convert_from('a', name)
now() AT TIME ZONE name
set_config('my.' || name, '1', false)
set_config('application_name', name, false)
set_config('TimeZone', '<' || email || '>+3', false)
set_config('TimeZone', replace(name, ' ', '') || '3', false)
nextval(quote_ident(name))
name || ''
name::varchar(8)
name::bytea
array[name]
row(name)
customers
to_jsonb(customers)
json_build_object(name, 1)
query_to_xml('SELECT name FROM customers WHERE id = 1', true, true, '')
table_to_xml('customers', true, true, '')
regexp_matches(name, '.*')
encode(name::bytea, 'base64')
substr(name, 1, 6)""".splitlines()


class Attack(world.Case):
    def client(self, **how):
        client = WireClient(self.gate.port, **how)
        self.addCleanup(client.close)
        return client

    def answers(self, *parts, count=1, **how):
        """All that a new session is told up to `count` ReadyForQuery, or to its end."""
        client = self.client(**how)
        client.send(*parts)
        return b"\n".join(kind.encode() + body for kind, body in client.until("Z", count))

    def state(self):
        return self.cluster.sql("SELECT last_value::text || is_called FROM probe; SELECT count(*) FROM effects;"
                                "SELECT count(*) FROM pg_class; SELECT count(*) FROM pg_prepared_xacts;"
                                "SELECT count(*) FROM pg_largeobject_metadata", database="shop")

    @classmethod
    def prepare(cls):
        world.cluster().sql("CREATE SEQUENCE IF NOT EXISTS probe; ALTER SEQUENCE probe OWNER TO app;"
                            "INSERT INTO effects(what) VALUES ('a'), ('b')", database="shop")


class Disguise(Attack):
    settings = {"policy": STRICT}

    def test_disguises(self):
        """no disguise of a side effect passes sql/read-only, simple or extended"""
        self.prepare()
        before = self.state()
        texts = [context % SPELLINGS[0] for context in CONTEXTS] + ["SELECT " + one for one in SPELLINGS] + STATEMENTS
        client = self.client()
        for text in texts:
            for parts in ([query(text)], [run(text), SYNC]):
                said = client.ask(*parts, query("ROLLBACK"))
                client.until("Z")
                self.assertRegex(said, b"C(42501|0A000|54000)\0", text[:200])
        self.assertEqual(before, self.state())

    def test_startup(self):
        """a session cannot begin with what SET may not do"""
        for setting in (("search_path", "evil, pg_catalog"), ("search_path", 'evil,"pg_catalog"'), ("role", "app"),
                        ("options", "-c standard_conforming_strings=off"), ("options", "-csearch_path=evil,PG_CATALOG"),
                        ("client_encoding", "SJIS"), ("session_authorization", "app"), ("replication", "database")):
            with self.assertRaises(PermissionError, msg=setting):
                self.client(settings=[setting])
        self.client(settings=[("search_path", "pg_catalog, public")])

    def test_bytes(self):
        """what is not UTF-8, or holds a zero byte, is refused"""
        for text in (b"SELECT 1;DELETE FROM effects\xff", b"SELECT '\xc0\xa7;DELETE FROM effects;--'", b"SELECT '\xed\xa0\x80'"):
            self.assertIn(b"C42501\0", self.answers(message("Q", text + b"\0")))
        self.assertIn(b"C08P01\0", self.answers(message("Q", b"SELECT 1\0;DELETE FROM effects\0")))


class Syntax(Attack):
    settings = {"policy": NAMED}

    def test_string_syntax(self):
        """a text that the server may read otherwise does not follow what may have changed that"""
        self.prepare()
        before = self.state()
        off, on = SWITCH % "off", SWITCH % "on"
        block = "DO $$BEGIN PERFORM set_config('standard_conforming_strings', 'off', false); END$$"
        view = "UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'"
        for first in (off, block, view):
            self.answers(query(first), query(HIDDEN), count=2)
            said = self.answers(run(first), run(HIDDEN_ALONE), run(on), SYNC)
            self.assertIn(b"C0A000\0", said)
            self.assertIn(b"C0A000\0", self.answers(run(first), FLUSH, run(HIDDEN_ALONE), run(on), SYNC))
            self.assertIn(b"C0A000\0", self.answers(run(first), query(HIDDEN)))
            self.answers(parse(first, "f"), bind(name="f"), execute(), SYNC, run(HIDDEN_ALONE), SYNC, count=2)
            self.answers(query("SELECT 1/0"), run("SELECT 1/0"), query(first), SYNC, query(HIDDEN), count=3)
        encoding = "SELECT set_config('client_' || 'encoding', 'SJIS', false)"
        self.assertIn(b"C0A000\0", self.answers(run(encoding), run("SELECT E'\u3042\\'"), SYNC))
        self.assertEqual(before, self.state())

    def test_plain_pipelines(self):
        """pipelines that change nothing of that sort take any text"""
        text = "SELECT 'a\\b', '\u00fc'"
        self.assertEqual(3, self.answers(run("SELECT id FROM items"), run(text), run(text), SYNC).count(b"\x03a\\b") + 1)
        said = self.answers(query(SWITCH % "on"), query(text), query("SELECT pg_sleep(0)"), query(text), count=4)
        self.assertNotIn(b"C0A000\0", said)  # a value may be masked: what runs behind it could have changed names


class Leaks(Attack):
    settings = {"policy": NAMED}

    def clean(self, said, what):
        self.assertRegex(said, b"(^|\n)[CE]", what)
        for secret in SECRETS:
            self.assertNotIn(secret, said, what)

    def test_expressions(self):
        """rows, errors and status values that carry a masked field in an expression"""
        for one in LEAKS:
            text = f"SELECT {one} FROM customers WHERE id = 1"
            self.clean(self.answers(query(text)), one)
            self.clean(self.answers(parse(text), bind(result_format=1), execute(), SYNC), one)
            self.clean(self.answers(query(f"DECLARE c CURSOR WITH HOLD FOR {text}; FETCH c")), one)

    def test_numbers(self):
        """numbers that spell a masked text are masked with it; counts and sums are not"""
        for one in ("ascii(substr(email, 1, 1))", "('x' || substr(encode(email::bytea, 'hex'), 1, 14))::bit(56)::bigint",
                    "length(email)", "strpos(email, '@')", "hashtext(email)"):
            text = f"SELECT {one} FROM customers WHERE id = 1"
            self.assertEqual("", self.good_psql(text), one)
            self.assertEqual("", self.good_psql(f"BEGIN; DECLARE c CURSOR FOR {text}; FETCH c; COMMIT").strip(), one)
            self.assertEqual("", self.good_psql(f"PREPARE p AS {text}; EXECUTE p"), one)
        self.assertRegex(self.good_psql("SELECT count(*), max(id), sum(id), 5::int FROM customers"), r"^\d+\|\d+\|\d+\|5$")

    def test_raise(self):
        """RAISE under any code"""
        for code in ("P0001", "42P01", "22012", "42501", "57014", "ABCDE"):
            for level in ("NOTICE", "EXCEPTION"):
                self.clean(self.answers(query("DO $$BEGIN RAISE %s USING ERRCODE = '%s', MESSAGE = (SELECT name FROM customers "
                                              "WHERE id = 1); END$$" % (level, code))), code)

    def test_stored(self):
        """a value that waits in a setting or a name; what code at the target writes into a definition is a copy (THREATS.md)"""
        client = self.client()
        value = "(SELECT name FROM customers WHERE id = 1)"
        client.ask(query(f"SELECT set_config('my.x', {value}, false), set_config('application_name', {value}, false)"))
        for text in ("SELECT current_setting('my.x')", "SELECT current_setting('my.' || 'x', true)", "SHOW my.x", "SHOW application_name",
                     "SELECT pg_catalog.current_setting('application_name')", "SELECT setting FROM pg_settings",
                     "SELECT query, application_name FROM pg_stat_get_activity(pg_backend_pid())"):
            self.clean(client.ask(query(text)), text)
            self.clean(client.ask(run(text), SYNC), text)

    def test_renamed_name(self):
        """a prepared statement that code at the target has replaced"""
        client = self.client()
        client.ask(query("PREPARE x AS SELECT 'a'::text"))
        client.ask(query("DO $$BEGIN EXECUTE 'DEALLOCATE x';"
                         "EXECUTE $q$PREPARE x AS SELECT name || '' FROM customers WHERE id = 1$q$; END$$"))
        self.clean(client.ask(bind(name="x"), execute(), SYNC), "bind")
        self.clean(client.ask(query("EXECUTE x")), "execute")

    def test_parent(self):
        """a table that a masked one was made to inherit from"""
        client = self.client()
        client.ask(query("CREATE TABLE parent(email text); ALTER TABLE customers INHERIT parent"))
        self.addCleanup(self.cluster.sql, "ALTER TABLE customers NO INHERIT parent; DROP TABLE parent", database="shop")
        said = client.ask(query("SELECT email FROM parent ORDER BY 1 LIMIT 1"))
        self.assertIn(b"[masked]", said)
        self.clean(said, "parent")

    def test_own_errors(self):
        """errors about what the caller wrote himself stay readable"""
        for text, words in (("SELECT * FROM nosuch", b'relation "nosuch" does not exist'), ("SELECT 1 FROM items, nosuch", b"does not exist"),
                            ("SELECT nosuch FROM customers", b'column "nosuch" does not exist'), ("DROP TABLE nosuch", b'table "nosuch"'),
                            ("SELECT 1/0 FROM customers", b"division by zero"), ("SHOW nosuch", b'parameter "nosuch"')):
            self.assertIn(words, self.answers(query(text)), text)
            self.assertIn(words, self.answers(run(text), SYNC), text)
        self.assertIn(b"Europe/Berlin", self.answers(query("SET TimeZone = 'Europe/Berlin'")))


class Names(Attack):
    settings = {"hold": "0s"}

    def test_names(self):
        """what a name stands for is judged where it runs"""
        self.prepare()
        before = self.state()
        change = "UPDATE effects SET what = 'x' RETURNING id"
        drop = "DROP TABLE effects"
        one = parse("SELECT 1", "x")
        for parts, count in (
                ([parse(drop, "d"), SYNC, query("EXECUTE d")], 2), ([parse(drop, "d"), SYNC, query('EXECUTE U&"\\0064"')], 2),
                ([parse(change, "d"), SYNC, query("EXPLAIN ANALYZE EXECUTE d")], 2),
                ([parse(change, "d"), SYNC, query("CREATE TABLE made AS EXECUTE d")], 2),
                ([query("BEGIN"), parse(change, "d"), bind("p", "d"), SYNC, query("FETCH ALL FROM p"), query("COMMIT")], 4),
                ([query("BEGIN"), parse(change, "d"), bind("p", "d"), parse("MOVE ALL IN p"), bind(), execute(), SYNC, query("COMMIT")], 3),
                ([parse(drop, "d"), parse("EXECUTE d"), bind(), execute(), SYNC], 1),
                ([parse("SELECT 1"), bind(), parse(drop), bind(), execute(), SYNC], 1),
                ([parse(drop, "x"), SYNC, one, SYNC, bind(name="x"), execute(), SYNC], 3),
                ([one, SYNC, query("DEALLOCATE x; SELECT 1/0"), parse(drop, "x"), bind(name="x"), execute(), SYNC], 3),
                ([one, SYNC, query("DEALLOCATE x; PREPARE x AS UPDATE effects SET what = 'x'"), query("EXECUTE x")], 3),
                ([parse(drop, "a" * 63), SYNC, query("EXECUTE " + "a" * 70)], 2),
                ([parse("SELECT 1", "d"), parse(drop, "D"), SYNC, query('EXECUTE "D"')], 2)):
            self.assertIn(b"C42501\0", self.answers(*parts, count=count), parts)
            self.assertEqual(before, self.state(), parts)

    def test_fast_path(self):
        """FunctionCall is refused; COPY data out of place goes nowhere"""
        self.assertIn(b"C0A000\0", self.answers(message("F", struct.pack("!IHHH", 1598, 0, 0, 0))))
        self.assertIn(b"SELECT 1\0", self.answers(message("d", b"x"), message("c"), query("SELECT 1")))

    def test_shown(self):
        """an approver is shown what would lead his eye astray"""
        self.answers(query('DROP TABLE "astray\u202e\u200b\x1b[2K\r" /*\n7QQQQ  approved\n  who     nobody*/'))
        one = next(one for one in self.gate.approvals() if "astray" in one["text"])
        shown = subprocess.run([BIN, "--config", self.gate.config, "approvals", one["id"]], capture_output=True, text=True,
                               check=True).stdout
        for part in ("astray\\u{202e}\\u{200b}\\x1b[2K\\x0d", "\n          7QQQQ", "\n            who     nobody"):
            self.assertIn(part, shown)

    def test_strangers(self):
        """callers without a login: garbage, half a startup, silence; others are served"""
        startup = struct.pack("!I", 196608) + b"user\0agent,shop\0\0"
        held = []
        for first in (b"", b"\0\0\0\x08\x04\xd2\x16\x2f", b"\x7f\xff\xff\xff\0\x03\0\0", struct.pack("!I", 9000) + b"\0\x03\0\0user\0" + b"a" * 5000,
                      struct.pack("!I", len(startup) + 4) + startup, b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 300, b"\0\0\0\0", b"\0\0\0\x04"):
            for _ in range(30):
                held.append(socket.create_connection(("127.0.0.1", self.gate.port), 30))
                held[-1].sendall(first)
        self.assertIn(b"SELECT 1\0", self.answers(query("SELECT 1")))
        for one in held:
            one.close()
        self.assertIn(b"SELECT 1\0", self.answers(query("SELECT 1")))


class HostileTarget(Attack):
    """A target that lies: each script is what it sends after AuthenticationOk and ReadyForQuery, to whatever comes."""

    GREETING = message("R", struct.pack("!I", 0)) + message("S", b"server_version\x0015.0\0") + message(
        "S", b"client_encoding\0UTF8\0") + message("S", b"standard_conforming_strings\0on\0") + message("K", struct.pack("!II", 1, 2)) + message("Z", b"I")
    ROW = message("T", struct.pack("!H", 1) + b"a\0" + struct.pack("!IhIhih", 0, 0, 25, -1, -1, 0))
    DONE = message("C", b"SELECT 1\0") + message("Z", b"I")
    SCRIPTS = [
        b"\xff" * 100, message("R", struct.pack("!I", 3)), message("R", struct.pack("!I", 0)), message("K", struct.pack("!II", 1, 2)),
        message("G", b"\0\0\0"), message("H", b"\0\0\0"), message("W", b"\0\0\0"), message("d", b"x"), message("V", b"\0\0\0\0"),
        message("v", b"\0" * 8), message("D", struct.pack("!HI", 1, 1) + b"x"), ROW + message("D", struct.pack("!H", 9)),
        ROW + message("D", struct.pack("!Hi", 1, -2)), ROW + message("D", struct.pack("!HI", 1, 0x7fffffff) + b"x"),
        b"D\x7f\xff\xff\xff\0\1", b"D\0\0\0\3", b"T\x7f\xff\xff\xff", b"E\x7f\xff\xff\xff" + b"S" * 5000, message("E", b"SERROR"), message("E", b""),
        message("T", struct.pack("!H", 65535)), message("T", struct.pack("!H", 1) + b"a"), message("Z", b"I") * 3, message("Z", b"X"),
        message("1"), message("2"), message("n"), message("s"), message("t", b"\0\0"), DONE * 2, message("C", b"SELECT 1"), message("A", b"x"),
        message("S", b"client_encoding\0SJIS\0") + DONE, message("S", b"standard_conforming_strings\0off\0") + DONE,
        ROW + ROW + DONE, message("I") + message("D", struct.pack("!HI", 1, 1) + b"x"),
    ]

    @classmethod
    def setUpClass(cls):
        cls.listener = socket.create_server(("127.0.0.1", 0))
        cls.script, cls.login, cls.heard = b"", cls.GREETING, []
        cls.settings = {"targets": target("liar", cls.listener.getsockname()[1]), "policy": NAMED.replace('["shop"]', '["shop", "liar"]')}
        threading.Thread(target=cls.lie, daemon=True).start()
        super().setUpClass()
        cls.addClassCleanup(cls.listener.close)

    @classmethod
    def lie(cls):
        while True:
            try:
                one, _ = cls.listener.accept()
            except OSError:
                return
            threading.Thread(target=cls.speak, args=(one,), daemon=True).start()

    @classmethod
    def speak(cls, one):
        try:
            with one:
                one.settimeout(60)
                cls.heard.append(one.recv(65536))
                one.sendall(cls.login)
                while data := one.recv(65536):
                    cls.heard.append(data)
                    one.sendall(cls.script)
        except OSError:
            return

    def test_replies(self):
        """replies out of place or malformed end the session in the protocol's words, and nothing else"""
        for script in self.SCRIPTS:
            type(self).script = script
            client = self.client(target="liar")
            client.socket.settimeout(3)
            client.send(query("SELECT a FROM t"), SYNC)
            try:
                said = client.until("end")
                self.assertEqual(("end", b""), said[-1], script[:60])
                self.assertRegex(b"".join(body for kind, body in said if kind == "E"), b"FATAL", script[:60])
            except TimeoutError:
                # What is whole and in place so far: the gateway waits for the rest of it.
                self.assertIn(script[:1], b"EDTIC", script[:60])
            client.close()
            self.assertIsNone(self.gate.process.poll(), script[:60])

    def test_unasked_rows(self):
        """rows that claim other columns than were described are not shown"""
        row = lambda *values: message("D", struct.pack("!H", len(values)) + b"".join(struct.pack("!I", len(v)) + v for v in values))
        for script in (self.ROW + row(b"person1@example.com", b"name 1") + self.DONE, row(b"name 1") + self.DONE,
                       message("N", b"SNOTICE\0C00000\0Mname 1\0\0") + self.DONE, message("A", struct.pack("!I", 1) + b"c\0name 1\0") + self.ROW):
            type(self).script = script
            client = self.client(target="liar")
            client.socket.settimeout(3)
            client.send(query("SELECT a FROM t"))
            said = b""
            try:
                while True:
                    said += client.next()[1]
            except (EOFError, TimeoutError, ConnectionResetError):
                pass
            for secret in SECRETS:
                self.assertNotIn(secret, said, script)

    def test_logins(self):
        """a target that asks for the secret another way does not get it, and no caller hears of it"""
        cls = type(self)
        for ask in (struct.pack("!I", 3), struct.pack("!I", 7), struct.pack("!I", 10) + b"PLAIN\0\0", struct.pack("!I", 10) + b"SCRAM-SHA-256-PLUS\0\0",
                    struct.pack("!I", 12) + b"v=x", struct.pack("!I", 2), struct.pack("!I", 5) + b"ab", b"\0"):
            cls.login, cls.script, cls.heard = message("R", ask), message("R", struct.pack("!I", 3)), []
            try:
                with self.assertRaises((PermissionError, AssertionError, EOFError), msg=ask):
                    client = self.client(target="liar")
                    if client.greeting[-1][0] != "Z":
                        raise EOFError
            finally:
                cls.login = cls.GREETING
            self.assertTrue(cls.heard, ask)
            self.assertNotIn(PASSWORD.encode(), b"".join(cls.heard))
        self.assertNotIn(PASSWORD, self.gate.said())


class Crowd(world.Case):
    settings = {"server": 'sessions = 8\nworkers = 1'}

    def test_silent_callers(self):
        """callers who connect and prove nothing cannot keep others out"""
        crowd = [socket.create_connection(("127.0.0.1", self.gate.port), 30) for _ in range(60)]
        self.addCleanup(lambda: [one.close() for one in crowd])
        for _ in range(3):
            self.assertEqual("1", self.good_psql("SELECT 1"))


if __name__ == "__main__":
    tap.main()
