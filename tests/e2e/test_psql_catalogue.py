"""What people ask of a masked target's catalogue: psql's commands, and what graphical clients ask, say what they say
without a gateway, because nothing of it can be a masked field's value; and what of the catalogue can, stays masked."""

import cluster as clusters
import gateway
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
CREATE TYPE mood AS ENUM ('fine', 'so-so');
CREATE TYPE place AS (street text, town text);
CREATE DOMAIN short AS text DEFAULT 'none' CHECK (length(VALUE) < 9);
CREATE TABLE orders(id serial PRIMARY KEY, customer int REFERENCES customers, placed date DEFAULT current_date, note short,
    mood mood, total numeric(9, 2) CHECK (total >= 0), twice numeric GENERATED ALWAYS AS (total * 2) STORED);
CREATE UNIQUE INDEX orders_note ON orders (lower(note)) WHERE note <> 'none';
CREATE TABLE parts(day date, n int) PARTITION BY RANGE (day);
CREATE TABLE parts_old PARTITION OF parts FOR VALUES FROM ('2001-01-01') TO ('2002-01-01');
CREATE VIEW totals AS SELECT customer, sum(total) AS total FROM orders GROUP BY customer;
CREATE VIEW people AS SELECT id, upper(email) AS email FROM customers;
CREATE MATERIALIZED VIEW days AS SELECT placed, count(*) FROM orders GROUP BY placed;
CREATE FUNCTION twice(n int, OUT m int) LANGUAGE sql AS 'SELECT n * 2';
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.placed := coalesce(NEW.placed, now()); RETURN NEW; END $$;
CREATE TRIGGER stamped BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE PROCEDURE nothing() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE joined(text) (SFUNC = textcat, STYPE = text);
CREATE STATISTICS order_stats ON customer, placed FROM orders;
CREATE PUBLICATION news FOR TABLE orders;
ALTER TABLE parts ENABLE ROW LEVEL SECURITY;
CREATE POLICY recent ON parts FOR SELECT USING (n > 0);
COMMENT ON TABLE orders IS 'what was ordered';
COMMENT ON COLUMN orders.note IS 'as the customer said it';
COMMENT ON FUNCTION twice IS 'doubles';
COMMENT ON DATABASE shop IS 'all of it';
INSERT INTO orders(customer, note, total, mood) SELECT i, 'n' || i, i, 'fine' FROM generate_series(1, 20) i;
GRANT ALL ON ALL TABLES IN SCHEMA public TO app; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO app;
ALTER TABLE orders OWNER TO app; ALTER VIEW totals OWNER TO app;
"""
# Each its own psql, as people type them.
COMMANDS = r"""
\d
\d+
\d customers
\d+ customers
\d orders
\d+ orders
\d+ parts
\d parts_old
\d+ totals
\d+ people
\d+ days
\d orders_pkey
\d orders_id_seq
\d c*
\dt+
\dt *.*
\di+
\dv+
\dm+
\ds+
\dS
\dP+
\l
\l+
\df
\df+
\df pg_catalog.pg_get_*
\da
\du
\du+
\dn
\dn+
\dp
\z orders
\dT
\dT+
\dTS
\dD+
\dx
\dx+
\dL+
\dO
\dC+
\do pg_catalog.=
\dc pg_catalog.utf8*
\dF+
\dFd+
\dA+
\dAc btree
\db+
\dd
\ddp
\dy
\des
\det
\deu
\dew
\dRp+
\dX
\drds
\dg
\sf twice
\sf+ stamp
\sv totals
\encoding
\echo :SERVER_VERSION_NAME
SHOW work_mem
SELECT version()
SELECT current_user, current_database(), pg_backend_pid() > 0
"""
# As pgAdmin, DBeaver, DataGrip, Metabase, ORMs and drivers ask.
QUESTIONS = [
    "SELECT * FROM information_schema.tables ORDER BY 2, 3",
    "SELECT * FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position",
    "SELECT table_name, column_name, column_default, is_nullable, data_type FROM information_schema.columns WHERE table_name = 'orders' ORDER BY 2",
    "SELECT * FROM information_schema.views WHERE table_schema = 'public' ORDER BY table_name",
    "SELECT * FROM information_schema.table_constraints WHERE table_schema = 'public' ORDER BY constraint_name",
    "SELECT * FROM information_schema.key_column_usage ORDER BY constraint_name, ordinal_position",
    "SELECT * FROM information_schema.referential_constraints",
    "SELECT * FROM information_schema.constraint_column_usage ORDER BY constraint_name, column_name",
    "SELECT * FROM information_schema.check_constraints WHERE constraint_schema = 'public' AND constraint_name NOT LIKE '%not_null' ORDER BY constraint_name",
    "SELECT routine_name, routine_type, data_type, external_language FROM information_schema.routines WHERE specific_schema = 'public' ORDER BY 1",
    "SELECT * FROM information_schema.sequences", "SELECT * FROM information_schema.schemata ORDER BY schema_name",
    "SELECT * FROM information_schema.triggers", "SELECT * FROM information_schema.table_privileges WHERE table_name = 'orders' ORDER BY privilege_type, grantee",
    "SELECT * FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename", "SELECT * FROM pg_views WHERE schemaname = 'public' ORDER BY viewname",
    "SELECT * FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname", "SELECT * FROM pg_matviews",
    "SELECT * FROM pg_sequences", "SELECT * FROM pg_policies", "SELECT * FROM pg_roles ORDER BY rolname", "SELECT * FROM pg_rules WHERE schemaname = 'public'",
    "SELECT relname, n_live_tup, seq_scan FROM pg_stat_user_tables WHERE relname = 'parts'",
    "SELECT datname, usename, state, backend_type, wait_event_type FROM pg_stat_activity WHERE pid = pg_backend_pid()",
    "SELECT name, unit, category, vartype, boot_val, enumvals FROM pg_settings WHERE name IN ('work_mem', 'wal_level')",
    "SELECT pid = pg_backend_pid(), locktype, mode, granted FROM pg_locks WHERE pid = pg_backend_pid() ORDER BY 2, 3",
    "SELECT 'orders'::regclass::oid > 0, to_regclass('public.orders'), to_regtype('mood'), 'twice'::regproc",
    "SELECT pg_size_pretty(pg_total_relation_size('parts')), pg_relation_size('parts'), pg_table_size('parts'), pg_indexes_size('parts')",
    "SELECT c.conname, pg_get_constraintdef(c.oid, true) FROM pg_constraint c WHERE conrelid = 'orders'::regclass ORDER BY 1",
    "SELECT a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum) FROM pg_attribute a"
    " LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attrelid = 'orders'::regclass AND a.attnum > 0 ORDER BY a.attnum",
    "SELECT pg_get_viewdef('totals'::regclass, true), obj_description('orders'::regclass, 'pg_class'), pg_get_userbyid(10), pg_encoding_to_char(6)",
    "SELECT pg_get_functiondef('twice'::regproc), pg_get_function_arguments('twice'::regproc), pg_get_function_result('twice'::regproc)",
    "SELECT indexrelid::regclass, pg_get_indexdef(indexrelid, 1, true) FROM pg_index WHERE indrelid = 'orders'::regclass ORDER BY 1",
    "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'orders'::regclass AND NOT tgisinternal",
    "SELECT enum_range(NULL::mood), enumlabel FROM pg_enum ORDER BY 2",
    "SELECT current_schema(), current_schemas(true), inet_server_port() IS NULL, pg_is_in_recovery(), pg_postmaster_start_time() < now()",
    "SELECT pg_get_serial_sequence('orders', 'id'), has_table_privilege('orders', 'SELECT'), pg_has_role('app', 'USAGE')",
    "SELECT n.nspname, has_schema_privilege(n.oid, 'CREATE'), obj_description(n.oid) FROM pg_namespace n WHERE nspname !~ '^pg_t' ORDER BY 1",
    "SELECT t.oid > 0, t.typname, t.typdelim, pg_type_is_visible(t.oid) FROM pg_type t WHERE t.typname IN ('mood', 'text') ORDER BY 2",
    "SELECT quote_ident(nspname) || '.' || quote_ident(relname) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public' ORDER BY 1",
    "SELECT pg_partition_root('parts_old'), pg_get_partkeydef('parts'::regclass), pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'parts_old'",
    # pgJDBC's getPrimaryKeys and asyncpg's introspection, shortened.
    "SELECT result.table_name, result.column_name, result.key_seq FROM (SELECT ct.relname AS table_name, a.attname AS column_name,"
    " (information_schema._pg_expandarray(i.indkey)).n AS key_seq, information_schema._pg_expandarray(i.indkey) AS keys, a.attnum"
    " FROM pg_class ct JOIN pg_attribute a ON ct.oid = a.attrelid JOIN pg_index i ON a.attrelid = i.indrelid WHERE i.indisprimary"
    " AND ct.relname = 'orders') result WHERE result.attnum = (result.keys).x",
    "WITH RECURSIVE tree(oid, name, depth) AS (SELECT t.oid, format_type(t.oid, NULL), 0 FROM pg_type t WHERE typname IN ('place', 'mood')"
    " UNION ALL SELECT a.atttypid, format_type(a.atttypid, NULL), depth + 1 FROM tree JOIN pg_type t ON t.oid = tree.oid"
    " JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0) SELECT name, depth FROM tree ORDER BY depth, name",
    "EXPLAIN SELECT note FROM orders WHERE id = 3", "EXPLAIN (FORMAT json) SELECT note FROM orders",
]


class Catalogue(world.Case):
    settings = {"policy": MASK}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.sql(THINGS, database="shop")
        cls.cluster.sql("ANALYZE", database="shop")

    def both(self, sql, *args):
        """What psql says directly, and through the gateway."""
        directly = self.environment(tls=False, port=self.cluster.port) | {"PGUSER": "app", "PGPASSWORD": clusters.PASSWORD}
        said = [self.psql(sql, *args, env=env) for env in (directly, self.environment())]
        return [(done.returncode, done.stdout, done.stderr) for done in said]

    def check(self, sql):
        direct, through = self.both(sql + "\n")
        if direct != through:
            return f"{sql}\n--- directly\n{direct[1]}{direct[2]}--- through the gateway\n{through[1]}{through[2]}"
        return None

    def test_commands(self):
        """psql's commands say what they say directly"""
        wrong = [one for one in map(self.check, COMMANDS.strip().split("\n")) if one]
        self.assertEqual([], wrong, "\n".join(wrong))

    def test_questions(self):
        """what graphical clients ask is answered as directly"""
        wrong = [one for one in map(self.check, QUESTIONS) if one]
        self.assertEqual([], wrong, "\n".join(wrong))


class Attacked(world.Case):
    """What of the catalogue holds stored values, or what others say, stays masked, for a superuser too."""

    ATTACKS = """
        SELECT query FROM pg_stat_activity
        SELECT a.query FROM pg_stat_activity AS a(datid, datname, pid, leader_pid, usesysid, query)
        SELECT state || query FROM pg_stat_activity
        SELECT usename FROM (SELECT query AS usename FROM pg_stat_activity) x
        SELECT (SELECT query FROM pg_stat_activity WHERE query LIKE '%@%' LIMIT 1) AS state FROM pg_stat_activity
        SELECT state FROM (SELECT query AS state FROM pg_stat_activity OFFSET 0) AS pg_stat_activity
        SELECT pg_stat_get_backend_activity(backendid) FROM pg_stat_get_backend_idset() AS backendid
        SELECT (pg_stat_get_activity(NULL)).query
        SELECT query FROM pg_stat_get_activity(NULL)
        SELECT most_common_vals, histogram_bounds FROM pg_stats
        SELECT array_to_string(most_common_vals::text::text[], ',') FROM pg_stats WHERE tablename = 'customers'
        SELECT stavalues1::text, stavalues2::text FROM pg_statistic
        SELECT stavalues1 FROM pg_statistic
        SELECT pg_catalog.array_out(stavalues1) FROM pg_statistic
        SELECT most_common_vals FROM pg_stats_ext
        SELECT m.values FROM pg_statistic_ext_data d, pg_mcv_list_items(d.stxdmcv) m
        SELECT pg_mcv_list_items(stxdmcv) FROM pg_statistic_ext_data
        SELECT stxdmcv::text FROM pg_statistic_ext_data
        SELECT encode(data, 'escape') FROM pg_largeobject
        SELECT pg_get_userbyid(p) FROM picks p
        SELECT p.obj_description FROM picks p
        SELECT pg_relation_size(p) FROM picks p
        SELECT to_regtype(email) FROM customers
        SELECT format_type(25, 1) || email FROM customers
        SELECT array_to_string(ARRAY(SELECT email FROM customers), ',')
        SELECT (information_schema._pg_expandarray(ARRAY(SELECT email FROM customers))).x
        SELECT table_to_xml('customers', true, true, '')
        SELECT pg_get_expr(adbin, adrelid) || (SELECT max(email) FROM customers) FROM pg_attrdef
        SELECT set_config('application_name', (SELECT min(email) FROM customers), false)
        SELECT setting, reset_val FROM pg_settings WHERE name = 'application_name'
        SELECT application_name FROM pg_stat_activity
        SELECT current_setting('application_name')
        SHOW application_name
        SELECT unit FROM (SELECT setting AS unit FROM pg_settings) pg_settings
        SELECT (pg_show_all_settings()).setting
        SELECT statement FROM pg_prepared_statements
        SELECT statement FROM pg_cursors
        SELECT ident FROM pg_backend_memory_contexts
        EXPLAIN ANALYZE SELECT * FROM customers WHERE email = (SELECT min(email) FROM customers)
    """

    @classmethod
    def setUpClass(cls):
        cls.settings = {"policy": MASK.replace('["shop"]', '["shop", "all"]'),
                        "targets": gateway.target("all", world.cluster().port, user="chief")}
        super().setUpClass()
        cls.cluster.sql(f"CREATE ROLE chief SUPERUSER LOGIN PASSWORD {clusters._quoted(clusters.PASSWORD)}")
        cls.cluster.sql("""
            CREATE TABLE picks(id int); INSERT INTO picks VALUES (1);
            CREATE FUNCTION pg_get_userbyid(picks) RETURNS text LANGUAGE sql AS 'SELECT email FROM customers WHERE id = 1';
            CREATE FUNCTION obj_description(picks) RETURNS text LANGUAGE sql AS 'SELECT email FROM customers WHERE id = 1';
            CREATE FUNCTION pg_relation_size(picks) RETURNS text LANGUAGE sql AS 'SELECT email FROM customers WHERE id = 1';
            CREATE STATISTICS twins (mcv) ON name, email FROM customers; UPDATE customers SET name = 'n', email = email;
            ALTER TABLE customers ALTER email SET STATISTICS 100; ANALYZE customers;
            SELECT lo_from_bytea(0, convert_to(min(email), 'UTF8')) FROM customers;
            GRANT ALL ON picks TO app""", database="shop")
        # Functions of these names leave nothing proven, whoever's case comes next.
        cls.addClassCleanup(cls.cluster.sql, "DROP TABLE picks CASCADE", database="shop")

    def test_attacks(self):
        """samples of columns, statements of other sessions and free settings stay masked"""
        other = self.connect(user="dana", target="raw")
        other.execute("SELECT 'literal@example.com'")
        first = ("PREPARE p AS SELECT 'p@example.com'; BEGIN; DECLARE c CURSOR FOR SELECT 'c@example.com';"
                 "SAVEPOINT s; SELECT set_config('application_name', min(email), false) FROM customers;\n")
        for target in ("shop", "all"):
            for sql in map(str.strip, self.ATTACKS.strip().split("\n")):
                done = self.psql(first + sql, "-tA", target=target)
                said = (done.stdout + done.stderr).replace(sql, "").lower()
                self.assertNotIn("example", said, sql)
                self.assertNotIn("person", said, sql)


if __name__ == "__main__":
    tap.main()
