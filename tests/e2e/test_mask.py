"""Masks that name fields and look at no content: what the host is asked first must not hide them."""

import json

import gateway
import tap
import world

NAMED = """
[[mask]]
name = "named"
targets = ["shop"]
fields = ["customers.email"]
action = "redact"
computed = "content"
"""


class FieldsOnly(world.Case):
    settings = {"policy": NAMED}

    def test_named_field(self):
        """a mask by field names alone, with computed = "content", masks that field and nothing else"""
        out = self.good_psql("SELECT email, name FROM customers ORDER BY id LIMIT 2")
        self.assertEqual("[masked]|name 1\n[masked]|name 2", out)


class Large(world.Case):
    """Rows that come while the gateway still asks the catalogue what they are."""

    settings = {"policy": NAMED + "\n[[mask]]\nname = \"content\"\ntargets = [\"shop\"]\ndetect = [\"@pii\"]\naction = \"redact\"\n"}
    COUNT = 40000

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.sql(f"""
            CREATE TABLE large AS SELECT i AS id, md5(i::text) AS sum, repeat('x', 200) AS pad FROM generate_series(1, {cls.COUNT}) AS i;
            CREATE TABLE inbox(line text); GRANT ALL ON large, inbox TO app""", database="shop")

    def test_first_result(self):
        """a session's first result may be large, in any form"""
        for sql in ("SELECT * FROM large", "BEGIN; DECLARE c CURSOR FOR SELECT * FROM large; FETCH ALL FROM c", "COPY large TO STDOUT",
                    "COPY (SELECT * FROM large) TO STDOUT", "SELECT upper(pad), sum FROM large"):
            self.assertLessEqual(self.COUNT, self.good_psql(sql).count("\n") + 1, sql)
        for binary in (False, True):
            conn = self.connect(user="agent")
            rows = conn.execute("SELECT id, sum, pad FROM large", binary=binary).fetchall()
            self.assertEqual((self.COUNT, "x" * 200), (len(rows), rows[-1][2]))
            conn.close()

    def test_first_requests(self):
        """what a client sends on while the gateway looks something up may be large too"""
        conn = self.connect(user="agent", autocommit=True)
        with conn.pipeline():
            conn.execute("SELECT sum FROM large")
            for number in range(40):
                conn.execute("INSERT INTO inbox VALUES (%s)", (f"{number} " + "y" * 200000,))
        self.assertEqual((40,), conn.execute("SELECT count(*) FROM inbox").fetchone())


class Computed(world.Case):
    settings = {"policy": NAMED.replace('computed = "content"\n', "")}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.sql("""
            CREATE TABLE products(id int, name text); INSERT INTO products VALUES (1, 'pen');
            CREATE VIEW plain AS SELECT lower(name) AS name, id::text || 'x' AS id FROM products WHERE name LIKE 'p%';
            CREATE VIEW people AS SELECT upper(email) AS email FROM customers;
            CREATE VIEW over_people AS SELECT p.* FROM people p;
            CREATE MATERIALIZED VIEW copied AS SELECT left(email, 9) AS part FROM customers;
            CREATE VIEW hidden AS SELECT query_to_xml('SELECT email FROM customers', true, true, '')::text AS x;
            CREATE TABLE heirs() INHERITS (customers); INSERT INTO heirs SELECT (jsonb_populate_record(c, '{"id": 900001}')).* FROM customers c WHERE id = 1;
            CREATE FUNCTION shout(products) RETURNS text LANGUAGE sql AS 'SELECT email FROM customers WHERE id = 1';
            CREATE FUNCTION ltrim(products) RETURNS text LANGUAGE sql AS 'SELECT email FROM customers WHERE id = 1';
            GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO app; GRANT CREATE, TEMP ON DATABASE shop TO app""", database="shop")

    def test_proven(self):
        """what is computed from relations that no mask names is shown, through views too"""
        for sql, value in (("SELECT upper(name) FROM products", "PEN"),
                           ("SELECT name FROM plain", "pen"), ("SELECT max(id) FROM plain", "1x"),
                           ("SELECT x.n || 's' FROM (SELECT name AS n FROM public.products) AS x", "pens"),
                           ("WITH customers AS (SELECT name FROM products) SELECT upper(name) FROM customers", "PEN"),
                           ("SELECT name || '' FROM products FOR UPDATE", "pen"),
                           ("SELECT upper(relname) FROM pg_class WHERE relname = 'products'", "PRODUCTS"),
                           ("SELECT max(table_name::text) FROM information_schema.tables WHERE table_name = 'products'", "products")):
            self.assertEqual(value, self.good_psql(sql), sql)

    def test_unproven(self):
        """what may come from a masked field is masked, whichever way"""
        for sql in ("SELECT upper(email) FROM customers WHERE id = 1",
                    "SELECT (SELECT email FROM customers WHERE id = 1) || name FROM products",
                    "SELECT email FROM people LIMIT 1", "SELECT email FROM over_people LIMIT 1", "SELECT part FROM copied LIMIT 1",
                    "SELECT x FROM hidden", "SELECT lower(email) FROM heirs", "SELECT max(email) FROM heirs",
                    "SELECT p.shout FROM products p", "SELECT ltrim(p) FROM products p", "SELECT shout(p) FROM products p",
                    "SELECT max(query) FROM pg_stat_activity", "SELECT max(most_common_vals::text) || 'x' FROM pg_stats",
                    "SELECT query_to_xml('SELECT email FROM customers', true, true, '')::text || name FROM products",
                    "TABLE people LIMIT 1", "EXECUTE p", "FETCH c"):
            first = "PREPARE p AS SELECT lower(email) FROM customers; BEGIN; DECLARE c CURSOR FOR SELECT lower(email) FROM customers;"
            out = self.good_psql(first + sql).lower()
            self.assertNotIn("@", out, sql)
            self.assertNotIn("example", out, sql)
            self.assertNotIn("user1", out, sql)

    def test_open_transaction(self):
        """a table that only this transaction sees proves nothing by its name"""
        conn = self.connect(user="agent")
        conn.execute("CREATE TEMP TABLE products AS SELECT 1 AS id, email AS name FROM customers")
        self.assertEqual("[masked]", conn.execute("SELECT lower(name) FROM products LIMIT 1").fetchone()[0])
        conn.rollback()
        self.assertEqual("pen", conn.execute("SELECT lower(name) FROM products").fetchone()[0])


class Copied(world.Case):
    settings = {"policy": NAMED + """
[[rule]]
name = "no-escape"
targets = ["shop"]
use = "sql/escape"
action = "deny"
"""}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.sql("CREATE TABLE notes(id int, note text); CREATE VIEW callers AS SELECT id, email AS contact FROM customers;"
                        "GRANT ALL ON notes, callers TO app; GRANT CREATE ON SCHEMA public TO app", database="shop")

    def test_copies(self):
        """a copy of a masked field to where no mask names it is an escape, in whatever statement"""
        for sql in ("INSERT INTO notes(note) SELECT email FROM customers", "INSERT INTO notes(note) SELECT c::text FROM customers c",
                    "INSERT INTO notes(note) VALUES ((SELECT max(email) FROM customers))", "INSERT INTO notes(note) SELECT contact FROM callers",
                    "UPDATE notes SET note = c.email FROM customers c WHERE c.id = notes.id", "CREATE VIEW mine AS SELECT email AS e FROM customers",
                    "WITH x AS (INSERT INTO notes(note) SELECT email FROM customers RETURNING id) SELECT count(*) FROM x",
                    "PREPARE p AS INSERT INTO notes(note) SELECT email FROM customers", "CREATE TABLE mine AS SELECT email FROM customers",
                    "MERGE INTO notes n USING customers c ON c.id = n.id WHEN NOT MATCHED THEN INSERT VALUES (c.id, c.email)"):
            done = self.psql(sql)
            self.assertIn('denied by rule "no-escape"', done.stderr, sql)
        self.assertEqual("0", self.cluster.sql("SELECT count(*) FROM notes", database="shop"))

    def test_others(self):
        """what copies no masked field runs"""
        for sql in ("INSERT INTO notes(note) SELECT name FROM customers WHERE id < 3", "INSERT INTO notes VALUES (1, 'x') RETURNING id",
                    "UPDATE notes SET note = c.name FROM customers c WHERE c.id = notes.id", "INSERT INTO notes SELECT * FROM notes",
                    "CREATE VIEW ids AS SELECT id FROM customers", "DROP VIEW ids",
                    "DELETE FROM notes USING customers c WHERE c.id = notes.id"):
            self.good_psql(sql)


class Reloaded(world.Case):
    settings = {"policy": NAMED.replace('computed = "content"', 'computed = "content"\nexcept = ["dba"]')}

    def change(self, *pairs):
        """Replaces text of the config, and reloads it."""
        with open(self.gate.config) as file:
            text = file.read()
        for old, new in pairs:
            self.assertIn(old, text)
            text = text.replace(old, new, 1)
        with open(self.gate.config, "w") as file:
            file.write(text)
        self.gate.run("reload")

    def setUp(self):
        self.gate.write()
        self.gate.run("reload")

    def test_targets_move(self):
        """a reload that puts another target before its own leaves an open session under its own target's masks"""
        conn = self.connect(user="agent")
        sql = "SELECT email FROM customers WHERE id = 1"
        self.assertEqual(("[masked]",), conn.execute(sql).fetchone())
        self.change(("[[target]]", gateway.target("aaa", self.cluster.port) + "[[target]]"))
        self.assertEqual(("[masked]",), conn.execute(sql).fetchone())
        self.assertEqual(("[masked]",), self.connect(user="agent").execute(sql).fetchone())

    def test_groups_change(self):
        """who is taken out of a group that saw the truth sees masked values from the next request on"""
        conn = self.connect(user="dana")
        sql = "SELECT email FROM customers WHERE id = 1"
        self.assertIn("@", conn.execute(sql).fetchone()[0])
        self.change((f"groups = {json.dumps(gateway.GROUPS['dana'])}", 'groups = ["agents"]'))
        self.assertEqual(("[masked]",), conn.execute(sql).fetchone())


if __name__ == "__main__":
    tap.main()
