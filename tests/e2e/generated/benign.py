"""What applications, object mappers, drivers and tools say all day: none of it is for a rule against harm to hold.

Templates in the spelling of the programs they are from, filled in from a seed over one schema, so that the server runs them
too. Each has the class that it should be let through as: `read` everywhere, `write` where only harm is denied."""

import itertools
import re

SCHEMA = """
CREATE TABLE users(id bigserial PRIMARY KEY, email text UNIQUE NOT NULL, name varchar(80), password_hash text, is_active boolean DEFAULT true,
  created_at timestamptz DEFAULT now(), updated_at timestamptz, deleted_at timestamptz, settings jsonb DEFAULT '{}', tags text[] DEFAULT '{}');
CREATE TABLE products(id serial PRIMARY KEY, sku text UNIQUE, title text, price numeric(10,2), stock int DEFAULT 0, details jsonb, search tsvector);
CREATE TABLE orders(id bigserial PRIMARY KEY, user_id bigint REFERENCES users(id), status text DEFAULT 'new', total numeric(12,2), placed_at timestamptz
  DEFAULT now(), updated_at timestamptz, note text);
CREATE TABLE order_lines(id bigserial PRIMARY KEY, order_id bigint REFERENCES orders(id) ON DELETE CASCADE, product_id int REFERENCES products(id),
  quantity int CHECK (quantity > 0), price numeric(10,2), UNIQUE (order_id, product_id));
CREATE TABLE events(id bigserial PRIMARY KEY, kind text, payload jsonb, happened_at timestamptz DEFAULT now(), day date DEFAULT current_date);
CREATE TABLE categories(id serial PRIMARY KEY, parent_id int REFERENCES categories(id), title text);
CREATE TABLE jobs(id bigserial PRIMARY KEY, queue text, args jsonb, run_at timestamptz, locked_by text, attempts int DEFAULT 0);
CREATE TABLE sessions(token text PRIMARY KEY, user_id bigint, data bytea, expires_at timestamptz);
CREATE TABLE schema_migrations(version varchar PRIMARY KEY);
INSERT INTO users(email, name) SELECT 'user' || i || '@example.com', 'User ' || i FROM generate_series(1, 20) i;
INSERT INTO products(sku, title, price) SELECT 'SKU-' || i, 'Product ' || i, i FROM generate_series(1, 20) i;
INSERT INTO orders(user_id, total) SELECT i, i * 10 FROM generate_series(1, 20) i;
INSERT INTO order_lines(order_id, product_id, quantity, price) SELECT i, i, 1, i FROM generate_series(1, 20) i;
INSERT INTO events(kind, payload) SELECT 'login', '{"ip": "10.0.0.1", "tags": ["a"]}' FROM generate_series(1, 20);
"""

# [n]: a number; [w]: a word; [d]: a day; [s]: ascending or descending.
READ = r"""
SELECT "users"."id", "users"."email", "users"."name" FROM "users" WHERE "users"."id" = [n] LIMIT 1
SELECT "users".* FROM "users" WHERE "users"."email" = '[w]@example.com' AND "users"."deleted_at" IS NULL ORDER BY "users"."id" [s] LIMIT [n]
SELECT 1 AS one FROM "users" WHERE "users"."email" = '[w]@example.com' LIMIT 1
SELECT COUNT(*) FROM "orders" WHERE "orders"."user_id" = [n] AND "orders"."status" IN ('new', '[w]')
SELECT COUNT(DISTINCT "orders"."user_id") FROM "orders" INNER JOIN "users" ON "users"."id" = "orders"."user_id" WHERE "users"."is_active" = TRUE AND [n] = [n]
SELECT "orders"."id" AS t0_r0, "orders"."total" AS t0_r1, "order_lines"."id" AS t1_r0 FROM "orders" LEFT OUTER JOIN "order_lines" ON "order_lines"."order_id" = "orders"."id" WHERE "orders"."id" IN ([n], [n], [n])
SELECT users.id AS users_id, users.email AS users_email, anon_1.total AS anon_1_total FROM users LEFT OUTER JOIN (SELECT orders.user_id AS user_id, sum(orders.total) AS total FROM orders GROUP BY orders.user_id) AS anon_1 ON users.id = anon_1.user_id WHERE users.id > [n] ORDER BY anon_1.total [s] NULLS LAST LIMIT [n] OFFSET [n]
SELECT "app_order"."id", (SELECT COUNT(*) FROM "order_lines" U0 WHERE U0."order_id" = ("app_order"."id")) AS "lines" FROM "orders" AS "app_order" WHERE ("app_order"."placed_at" >= '[d]'::timestamptz AND UPPER("app_order"."status"::text) = UPPER('[w]')) ORDER BY "app_order"."placed_at" [s] LIMIT 21
SELECT EXISTS(SELECT 1 AS "a" FROM "products" WHERE ("products"."stock" > [n] AND "products"."title"::text LIKE '%[w]%') LIMIT 1) AS "a"
SELECT date_trunc('day', o.placed_at) AS day, count(*) AS n, sum(o.total)::numeric(12,2) AS revenue, avg(o.total) FROM orders o WHERE o.placed_at BETWEEN '[d]' AND now() GROUP BY 1 HAVING count(*) > [n] ORDER BY 1 [s]
WITH ranked AS (SELECT o.*, row_number() OVER (PARTITION BY o.user_id ORDER BY o.placed_at DESC) AS rn FROM orders o) SELECT id, user_id, total FROM ranked WHERE rn <= [n]
WITH RECURSIVE tree AS (SELECT id, parent_id, title, 1 AS depth FROM categories WHERE parent_id IS NULL UNION ALL SELECT c.id, c.parent_id, c.title, tree.depth + 1 FROM categories c JOIN tree ON tree.id = c.parent_id) SELECT * FROM tree WHERE depth < [n] ORDER BY depth, title
SELECT payload ->> 'ip' AS ip, payload #>> '{tags,0}', payload -> 'n', jsonb_array_length(payload -> 'tags') FROM events WHERE payload @> '{"kind": "[w]"}' AND payload ? 'ip' AND id > [n]
SELECT kind, jsonb_object_agg(id::text, payload) FILTER (WHERE payload IS NOT NULL), json_build_object('n', count(*)), array_agg(DISTINCT day ORDER BY day) FROM events GROUP BY kind HAVING count(*) >= [n]
SELECT u.id, t.tag FROM users u CROSS JOIN LATERAL unnest(u.tags) AS t(tag) WHERE '[w]' = ANY(u.tags) OR u.tags && ARRAY['[w]', 'b'] LIMIT [n]
SELECT id, total, lag(total) OVER w AS previous, total - lag(total, 1, 0::numeric) OVER w, sum(total) OVER (ORDER BY placed_at ROWS BETWEEN [n] PRECEDING AND CURRENT ROW) FROM orders WINDOW w AS (PARTITION BY user_id ORDER BY placed_at)
SELECT percentile_cont(0.[n]) WITHIN GROUP (ORDER BY total), percentile_disc(ARRAY[0.25, 0.5]) WITHIN GROUP (ORDER BY total), mode() WITHIN GROUP (ORDER BY status), stddev(total) FROM orders
SELECT p.id, ts_rank_cd(p.search, q) AS rank, ts_headline('english', p.title, q) FROM products p, websearch_to_tsquery('english', '[w] or drop') q WHERE p.search @@ q ORDER BY rank DESC LIMIT [n]
SELECT g::date AS day, coalesce(sum(o.total), 0) FROM generate_series('[d]'::date, current_date, interval '1 day') g LEFT JOIN orders o ON o.placed_at::date = g GROUP BY g ORDER BY g [s] LIMIT [n]
SELECT status, count(*) FROM orders GROUP BY ROLLUP (status) UNION ALL SELECT '[w]', [n] ORDER BY 1
SELECT (CASE WHEN o.total > [n] THEN 'large' WHEN o.total IS NULL THEN NULL ELSE 'small' END) AS size, string_agg(o.id::text, ', ' ORDER BY o.id [s]) FROM orders o GROUP BY 1
SELECT extract(year FROM placed_at)::int AS y, extract(epoch FROM age(now(), placed_at)), to_char(placed_at, 'YYYY-MM-DD HH24:MI') FROM orders WHERE placed_at > now() - interval '[n] days'
SELECT substring(email from '@(.*)$'), split_part(email, '@', 2), lower(trim(both ' ' from name)), concat_ws(' ', name, '[w]'), left(name, [n]), md5(email) FROM users WHERE email ~* '^[w]' OR name SIMILAR TO '%(a|b)%' OR name ILIKE '[w]%'
SELECT * FROM "users" WHERE ("name", "id") > ('[w]', [n]) ORDER BY "name", "id" FETCH FIRST 10 ROWS ONLY
SELECT o.id FROM orders o WHERE NOT EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = o.id AND l.quantity > [n]) AND o.note IS DISTINCT FROM 'DROP TABLE [w]; --'
SELECT 'DELETE FROM [w]' AS text, "products"."title" AS "update", 'it''s; TRUNCATE' AS note FROM products WHERE sku = $q$SKU-[n]$q$
SELECT coalesce(nullif(u.name, ''), u.email, '[w]') AS label, greatest([n], u.id), least(u.id, [n]), u.settings #> '{theme}' FROM users AS u ORDER BY u.created_at [s] NULLS FIRST
(SELECT id, 'order' AS kind FROM orders WHERE total > [n]) UNION (SELECT id, 'event' FROM events WHERE kind = '[w]') EXCEPT SELECT 1, 'order' ORDER BY 1 LIMIT 5
SELECT o.id FROM orders AS o JOIN users u ON u.id = o.user_id NATURAL JOIN (SELECT [n] AS k) AS z RIGHT JOIN products p ON p.id = o.id FULL JOIN categories c USING (title)
EXPLAIN (FORMAT JSON) SELECT * FROM orders WHERE user_id = [n] AND status = '[w]'
EXPLAIN ANALYZE SELECT count(*) FROM events WHERE day = '[d]' AND id < [n]
VALUES ([n], '[w]'), (2, 'two') ORDER BY 1 [s]
TABLE categories ORDER BY id [s] LIMIT [n]
SELECT * FROM (VALUES ([n], '[w]'), (2, 'b')) AS v (id, label) WHERE v.id = ANY (ARRAY[1, [n]]::int[])
SELECT count(*) FILTER (WHERE status = '[w]') AS a, count(*) FILTER (WHERE total > [n]) AS b, bool_or(total IS NULL) FROM orders
SELECT id, round(price * 1.19, 2) AS gross, (price * [n])::int % 7, power(price, 2), abs(-[n]), price::text || ' EUR' FROM products ORDER BY random() LIMIT 3
SELECT encode(data, 'hex'), octet_length(data), get_byte(data, 0) FROM sessions WHERE token = '[w][n]' AND expires_at > CURRENT_TIMESTAMP
COPY (SELECT id, total FROM orders WHERE id > [n] ORDER BY id [s]) TO STDOUT WITH (FORMAT csv, HEADER true)
COPY users (id, email) TO STDOUT
"""
WRITE = r"""
INSERT INTO "users" ("email", "name", "created_at") VALUES ('[w][n][n]@example.org', '[w]', '[d] 10:00:00') ON CONFLICT DO NOTHING RETURNING "id"
INSERT INTO events (kind, payload) VALUES ('[w]', '{"n": [n]}'), ('[w]', NULL) RETURNING events.id, events.happened_at
INSERT INTO products (sku, title, price) VALUES ('SKU-[n]', '[w]', [n].50) ON CONFLICT (sku) DO UPDATE SET title = excluded.title, price = EXCLUDED.price WHERE products.price IS DISTINCT FROM EXCLUDED.price RETURNING (xmax = 0) AS inserted
INSERT INTO order_lines (order_id, product_id, quantity, price) SELECT o.id, p.id, 1, p.price FROM orders o JOIN products p ON p.id = [n] WHERE o.id = [n] ON CONFLICT (order_id, product_id) DO UPDATE SET quantity = order_lines.quantity + 1
UPDATE "users" SET "name" = '[w]', "updated_at" = '[d] 11:00:00' WHERE "users"."id" = [n]
UPDATE users SET settings = jsonb_set(settings, '{theme}', '"[w]"'), tags = array_append(tags, '[w]') WHERE id = [n] AND deleted_at IS NULL RETURNING *
UPDATE orders o SET total = s.sum, updated_at = now() FROM (SELECT order_id, sum(quantity * price) AS sum FROM order_lines GROUP BY order_id) s WHERE s.order_id = o.id AND o.id = [n]
UPDATE products SET stock = stock - [n] WHERE id = [n] AND stock >= [n] RETURNING stock
UPDATE jobs SET locked_by = '[w]', attempts = attempts + 1 WHERE id = (SELECT id FROM jobs WHERE queue = '[w]' AND locked_by IS NULL AND run_at <= now() ORDER BY run_at FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING id, args
DELETE FROM "sessions" WHERE "sessions"."token" = '[w][n]'
DELETE FROM sessions WHERE expires_at < now() - interval '[n] days' AND user_id = [n]
DELETE FROM order_lines USING orders WHERE orders.id = order_lines.order_id AND orders.status = '[w]' AND orders.id = [n]
DELETE FROM users WHERE id IN (SELECT id FROM users WHERE email = '[w]@nowhere.example' AND id > [n]000)
WITH moved AS (DELETE FROM jobs WHERE id = [n] RETURNING *) INSERT INTO events (kind, payload) SELECT 'done', args FROM moved
WITH ins AS (INSERT INTO orders (user_id, total) VALUES ([n], [n]) RETURNING id) INSERT INTO order_lines (order_id, product_id, quantity) SELECT id, [n], 1 FROM ins
MERGE INTO products p USING (VALUES ('SKU-[n]', '[w]')) AS s (sku, title) ON p.sku = s.sku WHEN MATCHED THEN UPDATE SET title = s.title WHEN NOT MATCHED THEN INSERT (sku, title) VALUES (s.sku, s.title)
SELECT * FROM orders WHERE id = [n] FOR UPDATE
SELECT id FROM jobs WHERE queue = '[w]' ORDER BY id LIMIT [n] FOR NO KEY UPDATE SKIP LOCKED
SELECT nextval('orders_id_seq'::regclass), [n]
SELECT setval(pg_get_serial_sequence('"users"', 'id'), coalesce(max("id"), 1), max("id") IS NOT null) FROM "users" WHERE id <> -[n]
CREATE TABLE IF NOT EXISTS [w]_[n] (id bigserial PRIMARY KEY, [w]_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE, body text DEFAULT '', created_at timestamptz DEFAULT now() NOT NULL, CHECK (length(body) < [n]00))
CREATE INDEX IF NOT EXISTS "index_orders_on_[w]_[n]" ON "orders" ("status", placed_at DESC) WHERE total > [n]
CREATE UNIQUE INDEX IF NOT EXISTS users_[w]_[n] ON users (lower(email), id)
ALTER TABLE orders ADD COLUMN IF NOT EXISTS [w]_[n] integer DEFAULT [n] NOT NULL
ALTER TABLE "products" ALTER COLUMN "title" SET DEFAULT '[w]', ALTER COLUMN "stock" SET NOT NULL
COMMENT ON COLUMN users.name IS '[w] [n]'
CREATE TEMP TABLE IF NOT EXISTS [w]_t[n] (id int, label text) ON COMMIT PRESERVE ROWS
CREATE OR REPLACE VIEW [w]_view AS SELECT id, email FROM users WHERE is_active
GRANT SELECT ON products TO CURRENT_USER
ANALYZE orders
SELECT pg_notify('[w]', '{"id": [n]}')
NOTIFY [w], 'payload [n]'
SELECT pg_advisory_unlock([n])
SELECT pg_try_advisory_lock([n], 1)
SELECT pg_advisory_xact_lock(hashtext('[w]'))
INSERT INTO schema_migrations (version) VALUES ('2024[n]0[n]') ON CONFLICT DO NOTHING
"""
SESSION = r"""
BEGIN
START TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY
BEGIN ISOLATION LEVEL SERIALIZABLE DEFERRABLE
BEGIN READ WRITE
COMMIT
END
ROLLBACK
ABORT
BEGIN; SAVEPOINT active_record_[n]
SET LOCAL statement_timeout = '[n]s'
SET statement_timeout TO [n]000
SET client_encoding TO 'UTF8'
SET client_min_messages TO warning
SET standard_conforming_strings = on
SET SESSION timezone TO 'UTC'
SET TIME ZONE 'Europe/Berlin'
SET datestyle TO 'ISO, MDY'
SET extra_float_digits = 3
SET application_name = '[w]-[n]'
SET intervalstyle = iso_8601
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ
SET idle_in_transaction_session_timeout = [n]00
SET lock_timeout = '[n]s'
SHOW TRANSACTION ISOLATION LEVEL
SHOW server_version_num
SHOW search_path
SHOW max_identifier_length
SHOW standard_conforming_strings
RESET statement_timeout
DISCARD PLANS
DEALLOCATE ALL
PREPARE [w]_[n] AS SELECT id FROM users WHERE id = $1
DECLARE [w]_cursor_[n] CURSOR WITH HOLD FOR SELECT id FROM orders ORDER BY id
CLOSE ALL
SELECT 1
SELECT version()
SELECT current_schema(), current_database(), current_user, session_user
SELECT pg_backend_pid()
SELECT current_setting('server_version_num')::int / 100
SELECT CURRENT_TIMESTAMP, now(), LOCALTIME
SELECT pg_is_in_recovery()
LISTEN [w]
UNLISTEN *
"""
# Drivers' and mappers' look into the catalogue, as they write it.
CATALOGUE = r"""
SELECT t.oid, t.typname, t.typelem, t.typdelim, t.typinput, r.rngsubtype, t.typtype, t.typbasetype FROM pg_type as t LEFT JOIN pg_range as r ON oid = rngtypid WHERE t.typname IN ('int2', 'int4', '[w]')
SELECT a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.atttypid, a.atttypmod, c.collname, col_description(a.attrelid, a.attnum) AS comment FROM pg_attribute a LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum LEFT JOIN pg_type t ON a.atttypid = t.oid LEFT JOIN pg_collation c ON a.attcollation = c.oid AND a.attcollation <> t.typcollation WHERE a.attrelid = '"[t]"'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
SELECT a.attname FROM (SELECT indrelid, indkey, generate_subscripts(indkey, 1) idx FROM pg_index WHERE indrelid = '"[t]"'::regclass AND indisprimary) i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[i.idx] ORDER BY i.idx
SELECT c.relname FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY (current_schemas(false)) AND c.relname = '[t]' AND c.relkind IN ('r','p')
select pg_catalog.pg_class.relname from pg_catalog.pg_class join pg_catalog.pg_namespace on pg_catalog.pg_namespace.oid = pg_catalog.pg_class.relnamespace where pg_catalog.pg_class.relname = '[t]' and pg_catalog.pg_class.relkind = any (array['r', 'p', 'f', 'v', 'm']) and pg_catalog.pg_table_is_visible(pg_catalog.pg_class.oid)
SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '[t]' ORDER BY ordinal_position
SELECT tc.constraint_name, kcu.column_name, ccu.table_name AS foreign_table FROM information_schema.table_constraints tc JOIN information_schema.key_column_usage kcu ON tc.constraint_name = kcu.constraint_name JOIN information_schema.constraint_column_usage ccu ON ccu.constraint_name = tc.constraint_name WHERE tc.constraint_type = 'FOREIGN KEY' AND tc.table_name = '[t]'
SELECT conname, pg_get_constraintdef(oid, true), confrelid::regclass, conkey FROM pg_constraint WHERE conrelid = '[t]'::regclass AND contype = 'f' ORDER BY conname
SELECT i.relname AS name, d.indisunique, pg_get_indexdef(d.indexrelid), obj_description(i.oid, 'pg_class') FROM pg_class t INNER JOIN pg_index d ON t.oid = d.indrelid INNER JOIN pg_class i ON d.indexrelid = i.oid WHERE t.relname = '[t]' ORDER BY i.relname
SELECT pg_size_pretty(pg_total_relation_size('[t]')), pg_relation_size('[t]'), (SELECT reltuples::bigint FROM pg_class WHERE oid = '[t]'::regclass)
SELECT relname, n_live_tup, last_autovacuum FROM pg_stat_user_tables WHERE relname = '[t]'
SELECT has_table_privilege(current_user, '[t]', 'select'), to_regclass('public.[t]') IS NOT NULL
SELECT schemaname, viewname, pg_catalog.pg_get_userbyid(c.relowner) FROM pg_views v JOIN pg_class c ON c.relname = v.viewname WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND c.relname <> '[t]'
SELECT typname, typcategory FROM pg_catalog.pg_type WHERE oid = (SELECT atttypid FROM pg_attribute WHERE attrelid = '[t]'::regclass AND attname = 'id')
"""
TABLES = ["users", "products", "orders", "order_lines", "events", "categories", "jobs", "sessions", "schema_migrations"]
WORDS = ["alpha", "beta", "Gamma", "delete", "drop_off", "updates", "x", "grant", "r\u00e9sum\u00e9", "o''brien", "truncated", "kappa", "exec", "do", "call"]
META = [r"\d", r"\d+", r"\dt+ *", r"\di+ *", r"\dv+", r"\ds", r"\df *", r"\df+ now", r"\dn+", r"\du+", r"\l+", r"\dT+", r"\dC", r"\do", r"\dx", r"\dp", r"\dD",
        r"\db+", r"\dconfig", r"\dd", r"\dL+", r"\dm+", r"\dO", r"\dP", r"\dRp", r"\dRs", r"\dF", r"\dFd", r"\dFp", r"\dFt", r"\dE", r"\det", r"\des", r"\dew", r"\deu",
        r"\dX", r"\dy", r"\da", r"\dAc", r"\dAf", r"\dAo", r"\drds", r"\dg", r"\z", r"\sf now", r"\sv information_schema.tables", r"\dS pg_class"] + [
    f"\\d{plus} {table}" for table in TABLES + ["users_email_key", "users_id_seq", "pg_stat_activity"] for plus in ("", "+")]


def statements(rng, count):
    """At least `count` distinct ones, as (class, text)."""
    found = dict.fromkeys(("read", text) for text in _fixed(SESSION, rng))
    for text in itertools.chain.from_iterable(_lines(CATALOGUE, table) for table in TABLES):
        found["read", _filled(rng, text)] = None
    while len(found) < count:
        for group, lines in (("read", READ), ("read", READ), ("write", WRITE), ("read", SESSION)):
            for text in lines.strip().splitlines():
                found[group, _filled(rng, text)] = None
    return list(found)


def _fixed(lines, rng):
    return [_filled(rng, text) for text in lines.strip().splitlines()]


def _lines(lines, table):
    return [text.replace("[t]", table) for text in lines.strip().splitlines()]


def _filled(rng, text):
    choose = {"n": lambda: str(rng.randrange(1, 20)), "w": lambda: rng.choice(WORDS), "s": lambda: rng.choice(["ASC", "DESC"]),
              "d": lambda: f"2024-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"}
    # A word that stands alone is a name: without quotes and accents.
    named = re.sub(r"(?<!['%\w])\[w\](?=[ _,]|$)|(?<=_)\[w\](?=_)|(?<=_on_)\[w\]", lambda _: rng.choice([w for w in WORDS if w.isalpha() and w.isascii()]) + "s", text)
    return re.sub(r"\[([nwsd])\]", lambda one: choose[one[1]](), named)
