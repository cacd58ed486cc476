"""pg_dump and pg_restore through the gateway: the same dump as directly, and a restored database that is the same."""

import filecmp
import os
import re
import shutil
import subprocess
import tempfile

import tap
from twins import Twins

ROWS = 200_000 if tap.FULL else 5000
# Some of each kind of thing that pg_dump asks the catalogue about.
SCHEMA = f"""
CREATE SCHEMA kept AUTHORIZATION app; GRANT CREATE ON DATABASE shop TO app; SET ROLE app; SET search_path = kept;
CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE TYPE pair AS (a int, b text); CREATE TYPE span AS RANGE (subtype = int8);
CREATE DOMAIN small AS int DEFAULT 1 CHECK (value < 10); CREATE SEQUENCE numbers START 7 INCREMENT 3 CYCLE MAXVALUE 100;
CREATE TABLE every(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, t text COLLATE "C", v varchar(9), c char(3), b bytea, n numeric(9, 3),
  f float8, d date, at timestamptz, i interval, u uuid, j json, k jsonb, a int[], w text[], ip inet, m mood, p pair, s small, r span,
  x xml, twice numeric GENERATED ALWAYS AS (n * 2) STORED, CONSTRAINT positive CHECK (f > -1));
INSERT INTO every(t, v, c, b, n, f, d, at, i, u, j, k, a, w, ip, m, p, s, r) SELECT E'tab\\t nl\\n bs\\\\ ü ' || i, 'v' || i % 9, 'c', decode(md5(i::text), 'hex'),
  i / 7.0, i / 3.0, date '2024-01-01' + i % 999, timestamptz '2024-01-01 UTC' + i * interval '1 s', i * interval '1 minute', md5(i::text)::uuid,
  json_build_object('i', i), jsonb_build_array(i, NULL, 'x'), ARRAY[i, NULL], ARRAY['a,b', NULL, '"' || i], '10.0.0.1', 'happy', (i, 'p')::pair,
  i % 9, span(i, i + 5) FROM generate_series(1, {ROWS}) i;
INSERT INTO every(t) VALUES (NULL), (''), (E'\\\\.'), (E'\\\\N');
CREATE TABLE orders(id int PRIMARY KEY, every_id bigint REFERENCES every ON DELETE CASCADE DEFERRABLE, total int NOT NULL DEFAULT nextval('numbers'));
INSERT INTO orders SELECT i, i, i * 2 FROM generate_series(1, 1000) i;
CREATE TABLE parts(id int, at date) PARTITION BY RANGE (at);
CREATE TABLE parts_one PARTITION OF parts FOR VALUES FROM ('2024-01-01') TO ('2024-07-01');
CREATE TABLE parts_rest PARTITION OF parts DEFAULT; INSERT INTO parts SELECT i, date '2024-01-01' + i FROM generate_series(1, 300) i;
CREATE TABLE child(more text) INHERITS (orders); INSERT INTO child VALUES (5000, NULL, 1, 'heir');
CREATE INDEX ON every USING gin (k); CREATE UNIQUE INDEX odd ON every (lower(t), (id % 7)) WHERE id > 5; CREATE INDEX ON every (at DESC NULLS LAST) INCLUDE (d);
CREATE VIEW seen AS SELECT e.id, e.t, o.total FROM every e LEFT JOIN orders o ON o.every_id = e.id;
CREATE MATERIALIZED VIEW counted AS SELECT m, count(*) FROM every GROUP BY m;
CREATE FUNCTION add(a int, b int DEFAULT 2) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a + b';
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $f$BEGIN RAISE NOTICE 'noted'; RETURN NEW; END$f$;
CREATE PROCEDURE done() LANGUAGE plpgsql AS $f$BEGIN COMMIT; END$f$;
CREATE TRIGGER noting AFTER UPDATE OF total ON orders FOR EACH ROW WHEN (old.total <> new.total) EXECUTE FUNCTION noted();
CREATE AGGREGATE summed(int) (sfunc = int4pl, stype = int, initcond = '0'); CREATE OPERATOR ##+ (leftarg = int, rightarg = int, function = add);
CREATE RULE no_delete AS ON DELETE TO orders WHERE old.id < 0 DO INSTEAD NOTHING; CREATE STATISTICS more ON t, v FROM every;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON orders FOR SELECT TO plain USING (id > 0);
ALTER TABLE every CLUSTER ON every_pkey; COMMENT ON TABLE every IS 'it''s "every" type'; COMMENT ON COLUMN every.t IS E'two\\nlines';
GRANT SELECT (id, total), UPDATE (total) ON orders TO plain; GRANT ALL ON SCHEMA kept TO md5er; ALTER DEFAULT PRIVILEGES IN SCHEMA kept GRANT SELECT ON TABLES TO plain;
SELECT nextval('numbers'), nextval('numbers');
"""


def dumped(text):
    """A plain dump without what is new in each run."""
    return [line for line in text.splitlines() if not re.match(r"\\(un)?restrict ", line)]


class Dump(Twins):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.sql(SCHEMA, database="shop")
        cls.folder = tempfile.mkdtemp(prefix="sallyport-e2e-dump-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)

    def env(self, way, database="shop"):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        kept |= {"PGHOST": "localhost", "PGHOSTADDR": "127.0.0.1", "PGPORT": str(way.port), "PGUSER": way.user, "PGPASSWORD": way.password,
                 "PGDATABASE": database, "PGSSLMODE": "verify-full" if way.ca else "disable", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        return kept | ({"PGSSLROOTCERT": way.ca} if way.ca else {})

    def run_good(self, args, way, database="shop"):
        done = subprocess.run(args, capture_output=True, text=True, timeout=500, env=self.env(way, database))
        self.assertEqual((0, ""), (done.returncode, done.stderr), f"{args} at {way.name}")
        return done.stdout

    def plain(self, way, *more, database="shop"):
        return dumped(self.run_good(["pg_dump", *more], way, database))

    def archive(self, way, *more):
        """The path of a new archive."""
        path = tempfile.mkdtemp(dir=self.folder) + "/archive"
        self.run_good(["pg_dump", "-f", path, *more], way)
        return path

    def listing(self, path):
        """What an archive holds, as SQL; its head tells the time of the dump."""
        done = subprocess.run(["pg_restore", "-f", "-", path], capture_output=True, text=True, check=True, timeout=300)
        return dumped(done.stdout)

    def database(self, name):
        self.cluster.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.cluster.sql(f"CREATE DATABASE {name} OWNER app TEMPLATE template0")
        self.addCleanup(self.cluster.sql, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def restored(self, way, *args):
        """What a database holds that pg_restore filled through `way`, as seen past the gateway."""
        self.database("restored")
        self.run_good(["pg_restore", "-d", "restored", *args], way, "restored")
        return self.plain(self.way("direct"), database="restored")

    def test_plain(self):
        """plain dumps: as COPY, as INSERTs, schema only, one table, with what pg_dump sets in its session"""
        for more in ((), ("--inserts", "--rows-per-insert=50", "-t", "kept.*"), ("--column-inserts", "-t", "kept.orders"), ("-s",),
                     ("-a", "--disable-triggers"), ("-n", "kept", "-T", "kept.every", "--if-exists", "--clean", "-C"),
                     ("--serializable-deferrable", "--no-owner", "-x"), ("--enable-row-security", "-t", "kept.orders")):
            lines = self.same(lambda way: self.plain(way, *more))
            self.assertGreater(len(lines), 30, more)

    def test_custom(self):
        """-Fc, compressed and not, and tar: the same contents"""
        for more in (("-Fc",), ("-Fc", "-Z0"), ("-Ft",)):
            self.assertGreater(len(self.same(lambda way: self.listing(self.archive(way, *more)))), ROWS)

    def test_directory(self):
        """-Fd by two jobs, which share a snapshot: the same files, byte for byte"""
        direct = self.archive(self.way("direct"), "-Fd", "-j2", "-Z0")
        for name in ("raw", "raw+tls"):
            through = self.archive(self.way(name), "-Fd", "-j2", "-Z0")
            self.assertEqual(sorted(os.listdir(direct)), sorted(os.listdir(through)))
            data = [one for one in os.listdir(direct) if one != "toc.dat"]
            self.assertEqual(([], []), filecmp.cmpfiles(direct, through, data, shallow=False)[1:])
            self.assertEqual(self.listing(direct), self.listing(through))

    def test_restore(self):
        """pg_restore of each archive, by one job and by two, in one transaction, over what is there"""
        expected = self.plain(self.way("direct"))
        for kind in ("-Fc", "-Fd"):
            path = self.archive(self.way("raw+tls"), kind)
            for more in ((), ("-j2",), ("-1",)):
                for name in ("raw", "raw+tls"):
                    self.assertEqual(expected, self.restored(self.way(name), *more, path), (kind, more, name))
        self.run_good(["pg_restore", "-d", "restored", "--clean", "--if-exists", path], self.way("raw"), "restored")
        self.assertEqual(expected, self.plain(self.way("direct"), database="restored"))

    def test_psql(self):
        """a plain dump read by psql, all in one transaction; as COPY and as INSERTs"""
        expected = self.plain(self.way("direct"))
        for more in ((), ("--inserts", "--rows-per-insert=100")):
            path = self.archive(self.way("raw"), *more)
            self.database("restored")
            done = subprocess.run(["psql", "-Xq1", "-v", "ON_ERROR_STOP=1", "-f", path], capture_output=True, text=True, timeout=500,
                                  env=self.env(self.way("raw+tls"), "restored"))
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            self.assertEqual(expected, self.plain(self.way("direct"), database="restored"))

    def test_large_objects(self):
        """large objects are written by FunctionCalls and read so: refused in clear words; without them the dump is made"""
        oid = self.cluster.sql("SET ROLE app; SELECT lo_from_bytea(0, 'large')", database="shop")
        self.addCleanup(self.cluster.sql, f"SELECT lo_unlink({oid})", "shop")
        done = subprocess.run(["pg_dump"], capture_output=True, text=True, timeout=300, env=self.env(self.way("raw")))
        self.assertNotEqual(0, done.returncode)
        self.assertRegex(done.stderr, "FunctionCall|function call")
        self.assertGreater(len(self.same(lambda way: self.plain(way, "--no-blobs"))), ROWS)

    def test_masked(self):
        """a masked target: the catalogue is read whole, so that the schema's dump is the same"""
        self.assertEqual(self.plain(self.way("direct"), "-s"), self.plain(self.way("shop"), "-s"))

    def test_denied(self):
        """a dump of what a rule denies ends with that rule's name"""
        path = self.archive(self.way("direct"), "-Fc", "-t", "public.effects")
        done = subprocess.run(["pg_restore", "-d", "shop", "--clean", "-e", path], capture_output=True, text=True, timeout=300,
                              env=self.env(self.way("shop")) | {"PGOPTIONS": ""}, stdin=subprocess.DEVNULL)
        self.assertNotEqual(0, done.returncode)
        self.assertIn("destructive-sql", done.stderr)


if __name__ == "__main__":
    tap.main()
