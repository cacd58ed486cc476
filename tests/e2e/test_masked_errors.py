"""Errors and notices on a target with a mask by name: shown where nothing in them can be a masked field's value."""

import tap
import world

MASK = """
[[mask]]
name = "named"
targets = ["shop"]
fields = ["customers.email"]
action = "redact"
"""
THINGS = """
CREATE TABLE orders(id int PRIMARY KEY, customer int REFERENCES customers DEFERRABLE, note text CHECK (note <> 'bad'));
INSERT INTO orders VALUES (1, 1, 'x');
CREATE TABLE heirs(extra int) INHERITS (customers); INSERT INTO heirs SELECT * FROM customers WHERE id < 3;
CREATE VIEW people AS SELECT id, email AS e FROM customers;
CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN EXECUTE format('SELECT 1/0 /* %s */', (SELECT min(email) FROM customers)); RETURN NEW; END $$;
CREATE TABLE watched(id int); CREATE TRIGGER told BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION told();
CREATE TABLE guarded(id int); INSERT INTO guarded VALUES (1); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY looks ON guarded USING ((SELECT min(email)::int FROM customers) = id);
CREATE FUNCTION told(int) RETURNS int LANGUAGE sql AS 'SELECT min(email)::int FROM customers';
CREATE DOMAIN wary AS int CHECK (told(VALUE) > 0);
CREATE TABLE copies(id int PRIMARY KEY, note text);
GRANT ALL ON ALL TABLES IN SCHEMA public TO app; ALTER TABLE orders OWNER TO app; ALTER TABLE heirs OWNER TO app
"""


class Errors(world.Case):
    settings = {"policy": MASK}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.sql(THINGS, database="shop")

    def test_shown(self):
        """what a person did wrong is said, with the words that they used, and what only unmasked tables hold"""
        for sql, text in (("SELECT 'x'::int", 'invalid input syntax for type integer: "x"'), ("SELECT * FROM customers WHERE id = 'y'", '"y"'),
                          ("SELECT nosuch(1) FROM orders", "HINT:  No function matches"), ("SELECT '{bad'::json", "JSON data, line 1: {bad"),
                          ("SELECT note::int FROM orders", 'type integer: "x"'), ("SELECT note::json FROM orders", 'Token "x" is invalid'),
                          ("INSERT INTO orders VALUES (1, 1, 'twice')", "Key (id)=(1) already exists."),
                          ("INSERT INTO orders VALUES (2, 1, 'bad')", "Failing row contains (2, 1, bad)."),
                          ("INSERT INTO orders VALUES (2, 99999, 'no')", "Key (customer)=(99999) is not present"),
                          ("UPDATE orders SET note = 'bad' WHERE id = 1", "Failing row contains (1, 1, bad)."),
                          ("COPY nosuch TO STDOUT", 'relation "nosuch" does not exist'),
                          ("COPY (SELECT nosuch FROM customers) TO STDOUT", 'column "nosuch" does not exist'),
                          ("DROP TABLE IF EXISTS nosuch", 'table "nosuch" does not exist, skipping'),
                          ("CREATE TABLE orders(at date DEFAULT now())", 'relation "orders" already exists')):
            done = self.psql(sql)
            self.assertIn(text, done.stderr, sql)
            self.assertNotIn("[masked]", done.stderr, sql)

    def test_bound(self):
        """a value that a caller bound is the caller's own, whatever the statement reads"""
        for sql in ("SELECT email FROM customers WHERE id = %s", "INSERT INTO orders VALUES (%s, 1, 'y')"):
            conn = self.connect(user="agent", autocommit=True)
            with self.assertRaisesRegex(Exception, 'invalid input syntax for type integer: "abc"'):
                conn.execute(sql, ("abc",))

    def test_hidden(self):
        """what may quote a masked field's value does not, whichever way"""
        for sql in ("SELECT email::int FROM customers", "SELECT email::regtype FROM customers", "SELECT to_regtype(email) FROM customers",
                    "SELECT email::regclass FROM customers", "SELECT email::regprocedure FROM customers", "SELECT email::jsonpath FROM customers",
                    "SELECT e::json FROM people", "SELECT email::int FROM heirs", "SELECT c.email::int FROM customers c JOIN orders o ON o.customer = c.id",
                    "SELECT * FROM guarded", "SELECT told(1)", "SELECT 1::wary", "SELECT id::wary FROM orders",
                    "INSERT INTO watched VALUES (1)", "INSERT INTO orders SELECT 1, 1, email FROM customers",
                    "INSERT INTO copies SELECT 1, email FROM customers", "UPDATE copies SET note = (SELECT max(email) FROM customers)::int",
                    "INSERT INTO customers(id, email) SELECT 901, email FROM customers WHERE id = 1",
                    "UPDATE customers SET email = 'person1@' || 'example.com' WHERE id = 2", "UPDATE customers SET id = NULL WHERE id = 1",
                    "INSERT INTO heirs(id, email) VALUES ('person1@' || 'example.com', 1)",
                    "BEGIN; SET CONSTRAINTS ALL DEFERRED; INSERT INTO orders SELECT 7, 88888, email FROM customers WHERE id = 1; COMMIT",
                    "ALTER TABLE customers ALTER email TYPE regclass USING email::regclass", "ALTER TABLE customers ALTER email TYPE regclass",
                    "ALTER TABLE customers ADD CHECK (email::regclass IS NOT NULL)", "CREATE UNIQUE INDEX ON customers ((left(email, 6)))",
                    "CREATE INDEX ON customers (to_tsquery('simple', email || ' &|'))",
                    "DO $$ BEGIN RAISE '%', (SELECT min(email) FROM customers); END $$",
                    "DO $$ BEGIN RAISE NOTICE USING MESSAGE = (SELECT min(email) FROM customers), ERRCODE = '42P07'; END $$",
                    "DO $$ BEGIN EXECUTE format('DROP TABLE IF EXISTS %I', (SELECT min(email) FROM customers)); END $$",
                    "DO $$ BEGIN EXECUTE format('SELECT %L::int', (SELECT min(email) FROM customers)); END $$",
                    "DO $$ BEGIN EXECUTE format('CREATE TABLE %I()', (SELECT min(email) FROM customers)); EXECUTE format('CREATE TABLE %I()', (SELECT min(email) FROM customers)); END $$",
                    "DO $$ BEGIN EXECUTE format('PREPARE p AS SELECT %L::text', (SELECT min(email) FROM customers)); END $$; EXECUTE p",
                    "PREPARE p AS SELECT email::int FROM customers; EXECUTE p", "BEGIN; DECLARE c CURSOR FOR SELECT email::int FROM customers; FETCH c",
                    "BEGIN; CREATE TEMP TABLE orders AS SELECT email AS note FROM customers; SELECT note::int FROM orders",
                    "CREATE TABLE mine AS SELECT email::int FROM customers", "COPY (SELECT email::int FROM customers) TO STDOUT"):
            done = self.psql(sql)
            # But for the words of the statement itself, which psql repeats.
            said = "\n".join(line for line in (done.stdout + done.stderr).lower().split("\n") if not line.startswith("line 1:"))
            self.assertNotIn("example", said, sql)
            self.assertNotIn("person", said, sql)


if __name__ == "__main__":
    tap.main()
