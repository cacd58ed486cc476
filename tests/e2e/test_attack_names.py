"""Names that come to stand for something else between a judgement and what it was for, and other ways around masks
and approvals that once worked."""

import tap
import world
from wireclient import SYNC, WireClient, bind, describe, execute, parse, query, run

POLICY = """
[[mask]]
name = "named"
targets = ["shop"]
fields = ["customers.email", "customers.name", "part_one.secret"]
action = "redact"

[[rule]]
name = "escapes"
targets = ["shop"]
use = "sql/escape"
action = "deny"

[[rule]]
name = "destruction"
targets = ["shop"]
use = "sql/destructive"
action = "approve"
approvers = ["dba"]
hold = "1s"
"""


class Names(world.Case):
    settings = {"policy": POLICY}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.sql("""
            CREATE TABLE plain(id int, name text); INSERT INTO plain VALUES (1, 'pen'), (2, 'cup');
            CREATE TABLE parts(id int, secret text) PARTITION BY RANGE (id);
            CREATE TABLE part_one PARTITION OF parts FOR VALUES FROM (0) TO (10); INSERT INTO parts VALUES (1, 'hidden');
            CREATE TABLE logs(label text); INSERT INTO logs VALUES ('kept');
            CREATE SCHEMA other; CREATE TABLE other.logs(label text); INSERT INTO other.logs VALUES ('kept');
            CREATE TYPE pair AS (id int, secret text);
            CREATE FUNCTION age(int) RETURNS text LANGUAGE sql AS 'SELECT email FROM customers WHERE id = $1';
            CREATE VIEW shown AS SELECT email AS n FROM customers;
            CREATE FUNCTION complain() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
                RAISE '%', (SELECT email FROM customers WHERE id = 1) USING ERRCODE = NEW.label; END$$;
            CREATE TABLE complaints(label text); CREATE TRIGGER t BEFORE INSERT ON complaints FOR EACH ROW EXECUTE FUNCTION complain();
            ALTER VIEW shown OWNER TO app; GRANT USAGE ON SCHEMA other TO app;
            GRANT ALL ON plain, parts, part_one, logs, other.logs, complaints TO app""", database="shop")

    def client(self):
        made = WireClient(self.gate.port)
        self.addCleanup(made.close)
        return made

    def hides(self, said, what):
        for secret in (b"@example", b"person1", b"1nosrep", b"hidden", b"name 1"):
            self.assertNotIn(secret, said.lower(), what)

    def kept(self):
        return self.cluster.sql("SELECT (SELECT count(*) FROM logs) + (SELECT count(*) FROM other.logs)", database="shop").strip()

    def test_portal_of_another_statement(self):
        """a portal of EXECUTE or FETCH whose name has come to stand for something else is not run"""
        swap = run("DEALLOCATE q") + run("PREPARE q AS SELECT name FROM customers")
        said = self.client().ask(run("BEGIN"), run("PREPARE q AS SELECT name FROM plain"), parse("EXECUTE q", "s"), bind("pp", "s"),
                                 describe("P", "pp"), swap, execute("pp"), SYNC)
        self.hides(said, "execute")
        self.assertIn(b"C55000\0", said)
        swap = run("CLOSE c") + run("DECLARE c CURSOR FOR SELECT name FROM customers")
        said = self.client().ask(run("BEGIN"), run("DECLARE c CURSOR FOR SELECT name FROM plain"), parse("FETCH ALL c", "s"),
                                 bind("pp", "s"), describe("P", "pp"), swap, execute("pp"), SYNC)
        self.hides(said, "fetch")
        said = self.client().ask(run("PREPARE q AS SELECT name FROM plain"), parse("EXECUTE q", "s"), bind("pp", "s"), describe("P", "pp"),
                                 execute("pp", 1), execute("pp"), SYNC)
        self.assertIn(b"pen", said)
        self.assertIn(b"cup", said)

    def test_deep_names(self):
        """EXECUTE of EXECUTE, as deep as it may be, is not run where what it stands for is held"""
        client = self.client()
        client.ask(parse("DELETE FROM logs", "q0"), *(parse(f"EXECUTE q{i}", f"q{i + 1}") for i in range(8)), SYNC)
        for depth in range(1, 9):
            self.assertIn(b"C42501\0", client.ask(query(f"EXECUTE q{depth}")), depth)
            self.assertIn(b"C42501\0", client.ask(bind("", f"q{depth}"), execute(), SYNC), depth)
            self.assertIn(b"C42501\0", client.ask(query(f"EXPLAIN ANALYZE EXECUTE q{depth}")), depth)
        self.assertEqual("2", self.kept())

    def test_settled_at_bind(self):
        """what was bound under another search path is not held for an approval of what it seems to be now"""
        client = self.client()
        client.ask(query("SET search_path = other"))
        said = client.ask(run("BEGIN"), parse("DELETE FROM logs", "d"), bind("cu", "d"), run("SET search_path = public"),
                          execute("cu"), SYNC)
        self.assertIn(b"C55000\0", said)
        self.assertEqual("2", self.kept())

    def test_bound_values_of_a_cursor(self):
        """a FETCH is held with the values that its cursor was bound to"""
        client = self.client()
        client.send(run("BEGIN"), parse("DELETE FROM logs WHERE $1::bool RETURNING 1", "d"), bind("cu", "d", values=[b"f"]),
                    run("FETCH ALL cu"), SYNC)
        client.until("Z")
        waiting = [one for one in self.gate.run("approvals", "--all") if "FETCH" in one["text"]]
        self.assertEqual([["$1:", "f"]], [[pair["name"][:3], pair["value"]] for pair in waiting[-1]["values"]])

    def test_statements_without_tables(self):
        """a function of users' own that goes by a name of the server's shows nothing"""
        for sql in ("SELECT age(1)", "SELECT 'x' || age(1)", "SELECT age(1)::varchar"):
            self.hides(self.client().ask(query(sql)), sql)
        self.assertIn(b"PEN", self.client().ask(query("SELECT upper('pen')")))

    def test_words_in_errors(self):
        """an error that quotes what it choked on, or that a trigger made up, under any code"""
        for sql in ("SELECT (string_agg(email, '|') || repeat('a', 3000))::tsquery FROM customers",
                    *(f"INSERT INTO complaints VALUES ('{code}')" for code in ("55P03", "54000", "57014", "22012", "40001", "42501"))):
            said = self.client().ask(query(sql))
            self.hides(said, sql)
            self.assertRegex(said, b"(^|\n)E", sql)

    def test_copies(self):
        """copies of a masked field, whatever it is called on the way"""
        for sql in ("INSERT INTO logs SELECT b FROM customers AS s(a, b, c)", "INSERT INTO logs SELECT x.b FROM (SELECT * FROM customers) x(a, b)",
                    "WITH x(a, b) AS (SELECT * FROM customers) INSERT INTO logs SELECT b FROM x",
                    "INSERT INTO logs SELECT s.to_json::text FROM customers s",
                    "WITH x AS (UPDATE customers SET id = id WHERE id = 3 RETURNING name) INSERT INTO logs SELECT name FROM x",
                    "WITH a AS (UPDATE customers SET id = id WHERE id = 7) INSERT INTO logs SELECT name FROM customers",
                    "CREATE TABLE copied AS SELECT name FROM customers", "SELECT name INTO copied FROM customers",
                    "CREATE MATERIALIZED VIEW copied AS SELECT name FROM customers", "CREATE TEMP TABLE copied AS TABLE customers",
                    "PREPARE cq AS SELECT name FROM customers; CREATE TABLE copied AS EXECUTE cq"):
            self.assertIn(b'rule "escapes"', self.client().ask(query(sql)), sql)
        for sql in ("CREATE TEMP TABLE copied AS SELECT name FROM plain", "CREATE TEMP TABLE copied AS SELECT id FROM customers",
                    "SELECT 1 AS a INTO TEMP copied"):
            self.assertNotIn(b"C42501", self.client().ask(query(sql)), sql)

    def test_view_replaced_behind(self):
        """a view that is replaced in the same packet as it is read proves nothing"""
        for _ in range(6):
            said = self.client().send(query("SELECT n || '' FROM shown"), query("CREATE OR REPLACE VIEW shown AS SELECT 'x'::text AS n"))
            client = self.client()
            client.send(query("SELECT n || '' FROM shown"), query("CREATE OR REPLACE VIEW shown AS SELECT 'x'::text AS n"))
            self.hides(b"".join(body for _, body in client.until("Z", 2)), said)
            self.cluster.sql("CREATE OR REPLACE VIEW shown AS SELECT email AS n FROM customers", database="shop")

    def test_whole_rows(self):
        """a masked column of a partition, in rows of whole tables, and in notifications"""
        for sql in ("SELECT secret FROM part_one", "SELECT part_one FROM part_one", "COPY part_one TO STDOUT", "SELECT customers FROM customers"):
            self.hides(self.client().ask(query(sql)), sql)
        client = self.client()
        self.assertIn(b"[masked]", client.ask(query("LISTEN q")) + client.ask(query("NOTIFY q, 'hello'")))

    def test_string_syntax_of_the_role(self):
        """a role whose strings are read otherwise is not served"""
        self.cluster.sql("ALTER ROLE app IN DATABASE shop SET standard_conforming_strings = off")
        try:
            made = WireClient(self.gate.port)
            self.addCleanup(made.close)
            self.assertIn(b"standard_conforming_strings", b"".join(body for _, body in made.greeting))
            self.assertNotIn("Z", [kind for kind, _ in made.greeting])
        finally:
            self.cluster.sql("ALTER ROLE app IN DATABASE shop RESET standard_conforming_strings")


if __name__ == "__main__":
    tap.main()
